package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally counts what everybody said, and what everybody heard of it. Each speaker numbers its lines from 1; each listener must
// hear every number of every speaker once, in order.
type tally struct {
	begun time.Time

	mu       sync.Mutex
	said     map[string]int            // by speaker: its last number
	heard    map[string]map[string]int // by listener and speaker: the last number heard
	over     map[string]int            // by transport: lines heard
	missing  int                       // numbers that were passed over
	repeated int                       // numbers that came again, or late
	kills    int

	calls, answers  int
	questions       map[question]int // how often each was answered
	asked, answered int
	problems        []string
}

// question is a number that a socket is asked to confirm.
type question struct {
	Socket string `json:"socket"`
	N      int    `json:"n"`
}

// record is what the chat made of an answer.
type record struct {
	question
	Answer int    `json:"answer"`
	Error  string `json:"error"`
}

// stats are the counts as the chat's pages show them.
type stats struct {
	Seconds  int `json:"seconds"`
	Sent     int `json:"sent"`
	Seen     int `json:"seen"`
	Missing  int `json:"missing"`
	Repeated int `json:"repeated"`
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
	Kills    int `json:"kills"`
}

func newTally() *tally {
	return &tally{
		begun: time.Now(), said: map[string]int{}, heard: map[string]map[string]int{}, over: map[string]int{}, questions: map[question]int{},
	}
}

// join adds somebody who speaks and listens.
func (t *tally) join(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said[name], t.heard[name] = 0, map[string]int{}
}

// say returns the speaker's next line.
func (t *tally) say(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said[name]++
	return fmt.Sprintf(lineForm, t.said[name])
}

const lineForm = "number %d"

// hear notes that a line reached a listener. Lines of others, people perhaps, do not count.
func (t *tally) hear(listener, transport, from, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n int
	if _, err := fmt.Sscanf(text, lineForm, &n); err != nil {
		return
	}
	if _, ok := t.said[from]; !ok {
		return
	}
	last := t.heard[listener][from]
	if n <= last {
		t.repeated++
		t.problemLocked("%s heard %d of %s after %d", listener, n, from, last)
		return
	}
	if n > last+1 {
		t.missing += n - last - 1
		t.problemLocked("%s heard %d of %s after %d", listener, n, from, last)
	}
	t.heard[listener][from] = n
	t.over[transport]++
}

// ask returns a question for a socket.
func (t *tally) ask(socket string) question {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	q := question{socket, t.asked}
	t.questions[q] = 0
	return q
}

// record notes what became of a question.
func (t *tally) record(r record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.questions[r.question]
	switch {
	case !ok:
		t.problemLocked("nobody asked what was answered: %+v", r)
	case n > 0:
		t.problemLocked("question %d was answered again", r.N)
	case r.Error != "" || r.Answer != r.N:
		t.problemLocked("question %d was answered with %d %q", r.N, r.Answer, r.Error)
	default:
		t.answered++
	}
	t.questions[r.question]++
}

// call notes that a call was made; the result is to be called when it was answered.
func (t *tally) call(what string) (answered func(error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	return func(err error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.answers++
		if err != nil {
			t.problemLocked("%s: %v", what, err)
		}
	}
}

func (t *tally) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kills++
}

// problem notes something that must not be.
func (t *tally) problem(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problemLocked(format, args...)
}

func (t *tally) problemLocked(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

// explain writes what went wrong, shortened.
func (t *tally) explain(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, problem := range t.problems {
		if n == 20 {
			fmt.Fprintf(w, "... and %d more\n", len(t.problems)-n)
			return
		}
		fmt.Fprintln(w, problem)
	}
}

// pending tells what has not arrived yet; nothing if all has.
func (t *tally) pending() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var pending []string
	for _, listener := range slices.Sorted(maps.Keys(t.heard)) {
		for _, speaker := range slices.Sorted(maps.Keys(t.said)) {
			if last := t.heard[listener][speaker]; last < t.said[speaker] {
				pending = append(pending, fmt.Sprintf("%s has not heard %d to %d of %s", listener, last+1, t.said[speaker], speaker))
			}
		}
	}
	for q, n := range t.questions {
		if n == 0 {
			pending = append(pending, fmt.Sprintf("question %d to %s has no answer", q.N, q.Socket))
		}
	}
	if t.answers < t.calls {
		pending = append(pending, fmt.Sprintf("%d calls have no answer", t.calls-t.answers))
	}
	return pending
}

func (t *tally) stats() stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.statsLocked()
}

func (t *tally) statsLocked() stats {
	s := stats{
		Seconds: int(time.Since(t.begun).Seconds()),
		Missing: t.missing, Repeated: t.repeated, Asked: t.asked, Answered: t.answered, Kills: t.kills,
	}
	for _, n := range t.said {
		s.Sent += n
	}
	for _, n := range t.over {
		s.Seen += n
	}
	return s
}

// verdict is called when nothing more will come. It returns the summary, and whether all is as it must be.
func (t *tally) verdict(transports []string, kills int) (summary string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, heard := range t.heard {
		for speaker, n := range t.said {
			t.missing += n - heard[speaker]
		}
	}
	if t.kills < kills {
		t.problemLocked("only %d kills, not %d", t.kills, kills)
	}
	var over []string
	for _, name := range transports {
		over = append(over, fmt.Sprintf("%s %d", name, t.over[name]))
		if t.over[name] == 0 {
			t.problemLocked("nothing was heard over %s", name)
		}
	}
	s := t.statsLocked()
	ok = len(t.problems) == 0 && s.Missing == 0 && s.Repeated == 0 && s.Answered == s.Asked && t.answers == t.calls && s.Sent > 0
	word := "FAILED"
	if ok {
		word = "ok"
	}
	return fmt.Sprintf("%s: %d s, %d kills; %d lines sent by %d, seen %d times (%s), %d missing, %d repeated; %d of %d calls answered; %d of %d questions answered once",
		word, s.Seconds, s.Kills, s.Sent, len(t.said), s.Seen, strings.Join(over, ", "), s.Missing, s.Repeated,
		t.answers, t.calls, s.Answered, s.Asked), ok
}
