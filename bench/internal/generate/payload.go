package generate

import (
	"bytes"
	"strings"
)

// A payload is JSON that says which message it is, and when it should have been sent (nanoseconds since the generator began). Both have a fixed
// width, since numbers in JSON have no zeros in front: they count from firstNumber and firstTime.
//
//	{"n":1000000000,"t":1000000000000000,"x":"..."}
const (
	firstNumber = 1_000_000_000
	firstTime   = 1_000_000_000_000_000
	beforeN     = len(`{"n":`)
	afterN      = beforeN + len("1000000000")
	beforeT     = afterN + len(`,"t":`)
	afterT      = beforeT + len("1000000000000000")
	minPayload  = afterT + len(`,"x":""}`)
)

// newPayload returns a payload of so many bytes, for stamp. One that has no room for all that is a number, which ends in the last digits of the message's: 7, or 1000007.
func newPayload(size int) []byte {
	if size < minPayload {
		return []byte("1" + strings.Repeat("0", size-1))
	}
	b := []byte(`{"n":1000000000,"t":1000000000000000,"x":"`)
	return append(b, strings.Repeat("x", size-minPayload)+`"}`...)
}

// stamp writes number and time into a payload.
func stamp(payload []byte, n int, t int64) {
	if len(payload) < minPayload {
		digits(lastDigits(payload), int64(n))
		return
	}
	digits(payload[beforeN:afterN], firstNumber+int64(n))
	digits(payload[beforeT:afterT], firstTime+t)
}

func digits(b []byte, v int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}

var payloadStart = []byte(`{"n":`)

// stamped reads what stamp has written. It is false for what is no payload. A small one says only how its number ends, and is taken for the first such number after another one; it
// does not say when it should have been sent: noTime.
func stamped(payload []byte, after int) (n int, t int64, ok bool) {
	if len(payload) < minPayload {
		n, ok = ending(payload, after)
		return n, noTime, ok
	}
	if !bytes.HasPrefix(payload, payloadStart) {
		return 0, 0, false
	}
	return int(number(payload[beforeN:afterN]) - firstNumber), number(payload[beforeT:afterT]) - firstTime, true
}

const noTime = -1

// lastDigits are those of a small payload that are the message's.
func lastDigits(payload []byte) []byte {
	const most = 9
	return payload[max(min(1, len(payload)-1), len(payload)-most):]
}

// ending returns the first number after another one that ends as a small payload does.
func ending(payload []byte, after int) (n int, ok bool) {
	if len(payload) == 0 || bytes.ContainsFunc(payload, func(c rune) bool { return c < '0' || c > '9' }) {
		return 0, false
	}
	every := 1
	for range lastDigits(payload) {
		every *= 10
	}
	n = after + 1
	return n + ((int(number(lastDigits(payload)))-n)%every+every)%every, true
}

func number(b []byte) (v int64) {
	for _, c := range b {
		v = 10*v + int64(c-'0')
	}
	return v
}
