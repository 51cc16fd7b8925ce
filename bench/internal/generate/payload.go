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

// newPayload returns a payload of so many bytes, for stamp.
func newPayload(size int) []byte {
	b := []byte(`{"n":1000000000,"t":1000000000000000,"x":"`)
	return append(b, strings.Repeat("x", size-minPayload)+`"}`...)
}

// stamp writes number and time into a payload.
func stamp(payload []byte, n int, t int64) {
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

// stamped reads what stamp has written. It is false for what is no payload.
func stamped(payload []byte) (n int, t int64, ok bool) {
	if len(payload) < minPayload || !bytes.HasPrefix(payload, payloadStart) {
		return 0, 0, false
	}
	return int(number(payload[beforeN:afterN]) - firstNumber), number(payload[beforeT:afterT]) - firstTime, true
}

func number(b []byte) (v int64) {
	for _, c := range b {
		v = 10*v + int64(c-'0')
	}
	return v
}
