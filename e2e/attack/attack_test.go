package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// heard returns the tally of two who have heard each other, and the news.
func heard() *tally {
	t := newTally()
	t.join("ann")
	t.join("bob")
	for range 3 {
		for _, speaker := range []string{"ann", "bob"} {
			n := t.say(speaker)
			t.hear("ann", speaker, n)
			t.hear("bob", speaker, n)
		}
	}
	for n := 7; n < 10; n++ {
		t.hear("ann", newsroom, n)
		t.hear("bob", newsroom, n+1)
	}
	return t
}

func TestTally(t *testing.T) {
	for _, test := range []struct {
		name    string
		happens func(*tally)
		want    string // part of the error; empty: all is well
	}{
		{"all is well", func(*tally) {}, ""},
		{"a line does not come", func(t *tally) { t.hear("ann", "ann", t.say("ann")) }, "bob has not heard 4 to 4 of ann"},
		{"a line is left out", func(t *tally) {
			t.say("ann")
			n := t.say("ann")
			t.hear("ann", "ann", n)
			t.hear("bob", "ann", n)
		}, "2 problems"},
		{"a line comes again", func(t *tally) { t.hear("bob", "ann", 3) }, "bob heard 3 of ann after 3"},
		{"the news comes again", func(t *tally) { t.hear("ann", newsroom, 9) }, "heard 9 of the news after 9"},
		{"news is left out", func(t *tally) { t.hear("ann", newsroom, 11) }, "heard 11 of the news after 9"},
		{"somebody hears no news", func(t *tally) {
			t.join("cyd")
			for _, speaker := range []string{"ann", "bob"} {
				for n := range 3 {
					t.hear("cyd", speaker, n+1)
				}
			}
		}, "cyd has heard no news"},
		{"something else goes wrong", func(t *tally) { t.problem("oh") }, "1 problems, the first: oh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tally := heard()
				test.happens(tally)
				err := tally.settle(context.Background())
				if (err == nil) != (test.want == "") || !strings.Contains(fmt.Sprint(err), test.want) {
					t.Errorf("%v, want %q", err, test.want)
				}
			})
		})
	}
}

// A call counts in the round in which it began, however late its answer is.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all times
		var late time.Time
		for n := range rounds {
			time.Sleep(lull)
			between := time.Now()
			time.Sleep(lull)
			all.begin()
			if n == 2 {
				all.call(late)
			}
			for range n + 1 {
				began := time.Now()
				time.Sleep(time.Millisecond)
				all.call(began)
			}
			late = time.Now()
			time.Sleep(time.Second)
			all.end()
			all.call(between)
		}
		var got []string
		for _, r := range all.rounds {
			got = append(got, fmt.Sprint(r.calls))
		}
		if got, want := strings.Join(got, " "), "[1ms] [1ms 1ms 3s] [1ms 1ms 1ms] [1ms 1ms 1ms 1ms]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		without, with := all.summary(func(r *round) []time.Duration { return r.calls })
		if without != (latency{time.Millisecond, time.Millisecond}) || with.p99 != time.Millisecond {
			t.Errorf("without: %v, with: %v", without, with)
		}
	})
}

func TestLatency(t *testing.T) {
	var all []time.Duration
	for n := range 1000 {
		all = append(all, time.Duration(n*7%1000+1)*time.Millisecond)
	}
	if got := latencyOf(all); got.String() != "500, 990" {
		t.Errorf("of 1 to 1,000 ms: %v", got)
	}
}

// What an attacker writes by hand is what it should be, and so is what it makes of answers.
func TestWire(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65_535, 65_536, 1 << 20} {
		message := textMessage(bytes.Repeat([]byte("x"), size))
		unmasked := append([]byte{message[0], message[1] &^ 0x80}, message[2:]...)
		if at := len(message) - size - 4; message[1]&0x80 == 0 || string(message[at:at+4]) != "\x00\x00\x00\x00" {
			t.Fatalf("%d bytes: not masked with zeros: %x", size, message[:16])
		}
		got, err := reading(append(unmasked[:len(message)-size-4], message[len(message)-size:]...)).message()
		if err != nil || len(got) != size {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
	}
	_, err := reading([]byte{0x88, 6, 4008 >> 8, 4008 & 0xff, 'f', 'u', 'l', 'l'}).message()
	if got := reason(err); got != "closed 4008 full" {
		t.Errorf("a close frame is %q", got)
	}
	if got := reason(endIn([]byte("g1\nz4015,,why"))); got != "closed 4015 crowded" {
		t.Errorf("a z among frames is %q", got)
	}
	if got := reason(fmt.Errorf("read: %w", io.EOF)); got != "cut off" {
		t.Errorf("the end is %q", got)
	}
	for frame, want := range map[string]string{
		`s1.abcde,room/1,a,0.xxxxx`: "subscribed", `u1.abcde,a`: "unsubscribed",
		`x1.abcde,1|{"code":"full","message":""}`: "error full", `t1,2.abcde|1`: "", "": "",
	} {
		if got := answer([]byte(frame)); got != want {
			t.Errorf("%q is %q, want %q", frame, got, want)
		}
	}
}

func reading(b []byte) *wire { return &wire{in: bufio.NewReader(bytes.NewReader(b))} }

// Attackers say hellos and calls that are valid: what is refused is refused for what it is.
func TestAttackersAreUnderstood(t *testing.T) {
	for n := range 3 {
		if h, err := protocol.ParseHello(hello(randomKey(), n+1)); err != nil || h.Attach != uint64(n+1) {
			t.Errorf("hello %d: %+v, %v", n+1, h, err)
		}
	}
	calls := protocol.Lines(volatileCalls())
	for _, l := range calls {
		if f, err := protocol.ParseFrame(l); err != nil || f.Kind != protocol.Volatile {
			t.Errorf("%q: %v", l, err)
		}
	}
	if len(calls) != floodFrames {
		t.Errorf("%d calls, want %d", len(calls), floodFrames)
	}
	if _, err := choose("made-up"); err == nil {
		t.Error("there is an attack of any name")
	}
}
