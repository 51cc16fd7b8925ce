package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// talked returns the tally of a demonstration in which all went well, and what its two people would say and hear next.
func talked() *tally {
	t := newTally()
	t.join("ann")
	t.join("bob")
	for range 3 {
		for _, speaker := range []string{"ann", "bob"} {
			line := t.say(speaker)
			t.hear("ann", "ws", speaker, line)
			t.hear("bob", "sse", speaker, line)
		}
	}
	t.hear("ann", "ws", "somebody else", "number 1000")
	t.hear("ann", "ws", "bob", "hello")
	q := t.ask("socket")
	t.record(record{question: q, Answer: q.N})
	t.call("say")(nil)
	t.kill()
	return t
}

func TestVerdict(t *testing.T) {
	numbered := func(n int) string { return fmt.Sprintf(lineForm, n) }
	for _, test := range []struct {
		name    string
		happens func(*tally)
		want    string // part of the summary or of a problem; empty: all is well
	}{
		{"all is well", func(*tally) {}, ""},
		{"the next line comes", func(t *tally) {
			line := t.say("ann")
			t.hear("ann", "ws", "ann", line)
			t.hear("bob", "sse", "ann", line)
		}, ""},
		{"the last line does not come", func(t *tally) { t.hear("ann", "ws", "ann", t.say("ann")) }, "1 missing"},
		{"a line does not come", func(t *tally) {
			t.say("ann")
			line := t.say("ann")
			t.hear("ann", "ws", "ann", line)
			t.hear("bob", "sse", "ann", line)
		}, "2 missing"},
		{"the last line comes again", func(t *tally) { t.hear("bob", "sse", "ann", numbered(3)) }, "1 repeated"},
		{"the first line comes again", func(t *tally) { t.hear("bob", "sse", "ann", numbered(1)) }, "1 repeated"},
		{"a question has no answer", func(t *tally) { t.ask("socket") }, "1 of 2 questions"},
		{"an answer comes again", func(t *tally) { t.record(record{question: question{"socket", 1}, Answer: 1}) }, "answered again"},
		{"an answer is wrong", func(t *tally) { t.record(record{question: t.ask("socket"), Answer: 1}) }, "answered with 1"},
		{"an answer is an error", func(t *tally) { q := t.ask("socket"); t.record(record{q, q.N, "gone"}) }, `"gone"`},
		{"an answer comes unasked", func(t *tally) { t.record(record{question: question{"other", 1}, Answer: 1}) }, "nobody asked"},
		{"a call has no answer", func(t *tally) { t.call("say") }, "1 of 2 calls"},
		{"a call fails", func(t *tally) { t.call("say")(errors.New("oh")) }, "say: oh"},
		{"something else goes wrong", func(t *tally) { t.problem("oh") }, "oh"},
	} {
		tally := talked()
		test.happens(tally)
		summary, ok := tally.verdict([]string{"ws", "sse"}, 1)
		var text strings.Builder
		tally.explain(&text)
		if ok != (test.want == "") || !strings.Contains(text.String()+summary, test.want) || strings.HasPrefix(summary, "ok") != ok {
			t.Errorf("%s: %t, %s\n%swant %q", test.name, ok, summary, text.String(), test.want)
		}
	}
}

func TestVerdictWantsKillsAndTransports(t *testing.T) {
	if summary, ok := talked().verdict([]string{"ws", "sse"}, 2); ok {
		t.Errorf("one kill is enough for two: %s", summary)
	}
	if summary, ok := talked().verdict([]string{"ws", "sse", "longpoll"}, 1); ok {
		t.Errorf("nobody needs longpoll: %s", summary)
	}
	if summary, ok := newTally().verdict(nil, 0); ok {
		t.Errorf("nothing was said, and all is well: %s", summary)
	}
}

func TestPending(t *testing.T) {
	tally := talked()
	if pending := tally.pending(); pending != nil {
		t.Errorf("pending: %q, want nothing", pending)
	}
	tally.hear("ann", "ws", "bob", tally.say("bob"))
	tally.ask("socket")
	tally.call("say")
	want := "bob has not heard 4 to 4 of bob; question 2 to socket has no answer; 1 calls have no answer"
	if got := strings.Join(tally.pending(), "; "); got != want {
		t.Errorf("pending: %q, want %q", got, want)
	}
}
