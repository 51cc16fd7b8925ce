package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sojourn-go/sojourn/store"
)

// RunAgainst drives a model and a subject with the same random operations and compares every answer. Tokens, inboxes and the
// short ids of topics are each store's own; all else must be equal.
//
// The flags of package rapid say how many and how long sequences are.
func RunAgainst(t *testing.T, model, subject func(t testing.TB) Harness) {
	rapid.Check(t, sequence(t, model, subject))
}

// sequence returns one random sequence on new stores.
func sequence(t testing.TB, model, subject func(t testing.TB) Harness) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := &scope{TB: t}
		defer s.end()
		newPair(rt, s, model, subject).run()
	}
}

// scope is one random sequence's part of a test: what is opened for it is closed after it.
type scope struct {
	testing.TB
	cleanups []func()
}

func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
}

// side is one of the two stores.
type side struct {
	Harness
	inboxes []string       // of a watch at each instance
	ids     map[string]int // topics' ids, by when they were first met
	tokens  map[string]string
}

func newSide(t testing.TB, open func(t testing.TB) Harness) *side {
	s := &side{Harness: open(t), ids: map[string]int{}, tokens: map[string]string{}}
	if s.Another == nil {
		s.Another = s.Store
	}
	for i := range 2 {
		w, err := s.instance(i).Watch(t.Context(), func(store.Notice) {})
		if err != nil {
			t.Fatalf("Watch: %v", err)
		}
		t.Cleanup(func() { w.Close() })
		s.inboxes = append(s.inboxes, w.Inbox())
	}
	return s
}

// instance returns one of the two stores that share what they remember.
func (s *side) instance(i int) store.Store {
	if i == 0 {
		return s.Store
	}
	return s.Another
}

// id replaces a topic's id by a name that both sides have for it.
func (s *side) id(id string) string {
	if _, ok := s.ids[id]; !ok {
		s.ids[id] = len(s.ids)
	}
	return fmt.Sprintf("#%d", s.ids[id])
}

// Data of entries that name a topic's id begins so.
const (
	subscribed   = "subscribed:"
	unsubscribed = "unsubscribed:"
)

// entries returns entries with the ids in them replaced.
func (s *side) entries(entries []store.Entry) []store.Entry {
	all := []store.Entry{}
	for _, e := range entries {
		if rest, ok := bytes.CutPrefix(e.Data, []byte(subscribed)); ok {
			id, cursor, _ := strings.Cut(string(rest), ",")
			e.Data = []byte(subscribed + s.id(id) + "," + cursor)
		} else if rest, ok := bytes.CutPrefix(e.Data, []byte(unsubscribed)); ok {
			e.Data = []byte(unsubscribed + s.id(string(rest)))
		}
		e.Data = bytes.Clone(e.Data)
		if e.Data == nil {
			e.Data = []byte{}
		}
		all = append(all, e)
	}
	return all
}

func (s *side) subs(subs []store.Sub) []store.Sub {
	all := slices.Clone(subs)
	slices.SortFunc(all, func(a, b store.Sub) int { return cmp.Compare(a.Topic, b.Topic) })
	for i := range all {
		all[i].ID = s.id(all[i].ID)
	}
	return append([]store.Sub{}, all...)
}

// due sorts, replaces tokens and remembers them.
func (s *side) due(due []store.Due) []store.Due {
	all := []store.Due{}
	for _, d := range due {
		name := d.Socket.ID
		if name == "" {
			name = "item " + d.Item.ID
		}
		s.tokens[name], d.Token = d.Token, name
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b store.Due) int { return cmp.Compare(a.Token, b.Token) })
	// Only now: ids are named in the order in which they are met.
	for i, d := range all {
		all[i].Socket, all[i].Subs, all[i].Item.Data = plain(d.Socket), s.subs(d.Subs), nonNil(d.Item.Data)
	}
	return all
}

func nonNil(b []byte) []byte { return append([]byte{}, b...) }

func plain(s store.Socket) store.Socket {
	s.User = nonNil(s.User)
	return s
}

// tomb is what must be known of a socket that has ended.
func tomb(s store.Socket) store.Socket {
	return store.Socket{Number: s.Number, Code: s.Code, Why: s.Why}
}

// sign is what two stores' NextDue must have in common, since it is a hint.
func sign(d time.Duration) time.Duration {
	if d < 0 {
		return -1
	}
	return 1
}

// pair is the model and the subject, and what the sequence has met so far.
type pair struct {
	*rapid.T
	t       testing.TB
	sides   [2]*side
	sockets [3]string // in use
	gone    map[string]bool
	made    int
	cursors map[string][]store.Cursor // of streams, by "socket a" and "topic t"
	numbers map[string]uint64         // of sockets: the last message applied
	attach  map[string]uint64         // of sockets: the newest attach
}

func newPair(rt *rapid.T, t testing.TB, model, subject func(t testing.TB) Harness) *pair {
	return &pair{
		T: rt, t: t,
		sides:   [2]*side{newSide(t, model), newSide(t, subject)},
		sockets: [3]string{"a", "b", "c"},
		gone:    map[string]bool{},
		cursors: map[string][]store.Cursor{},
		numbers: map[string]uint64{},
		attach:  map[string]uint64{},
	}
}

// both calls both sides and compares their answers, which it returns.
func both[A any](p *pair, what string, call func(*side) (A, error)) A {
	p.Helper()
	var answers [2]A
	for i, s := range p.sides {
		a, err := call(s)
		if err != nil {
			p.Fatalf("%s: %s: %v", what, [2]string{"model", "subject"}[i], err)
		}
		answers[i] = a
	}
	if !reflect.DeepEqual(answers[0], answers[1]) {
		p.Fatalf("the stores differ on %s\n  model %+v\nsubject %+v", what, answers[0], answers[1])
	}
	return answers[0]
}

func (p *pair) commit(instance int, t store.Turn, turn func(*side) store.Turn) store.Outcome {
	p.made++
	attempt := fmt.Sprintf("attempt-%d", p.made)
	last := false // after this turn nothing is promised of the socket's top
	for _, e := range t.Effects {
		_, bye := e.(store.Bye)
		last = last || bye
	}
	what := fmt.Sprintf("Commit(%+v)", t)
	out := both(p, what, func(s *side) (store.Outcome, error) {
		t := turn(s)
		t.Attempt = attempt
		out, err := s.instance(instance).Commit(p.t.Context(), t)
		if last || t.Cause.Token != "" || out.Status == store.Gone || out.Status == store.Repeated {
			out.Top = store.Cursor{}
		}
		out.At = append([]store.Cursor{}, out.At...)
		out.Fresh = append([]store.Fresh{}, out.Fresh...)
		out.NextDue = sign(out.NextDue)
		return out, err
	})
	if out.Status != store.Applied {
		return out
	}
	for i, e := range t.Effects {
		p.met(e, out.At[i])
	}
	if c := t.Cause; c.Socket != "" && c.Token == "" {
		p.numbers[c.Socket] = c.Number
	}
	return out
}

// met remembers where an effect put its entry.
func (p *pair) met(e store.Effect, at store.Cursor) {
	var stream string
	switch e := e.(type) {
	case store.Append:
		stream = "socket " + e.Socket
	case store.Subscribe:
		stream = "socket " + e.Socket
	case store.Unsubscribe:
		stream = "socket " + e.Socket
	case store.Publish:
		stream = "topic " + e.Topic
	}
	if !at.IsZero() {
		p.cursors[stream] = append(p.cursors[stream], at)
	}
}
