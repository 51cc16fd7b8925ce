package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/store"
)

// wrapped returns what opens a memory with a wrapper around it, one for each instance.
func wrapped(wrap func(t testing.TB, s store.Store) store.Store) func(testing.TB) Harness {
	return func(t testing.TB) Harness {
		h := Memory(t)
		h.Store, h.Another = wrap(t, h.Store), wrap(t, h.Store)
		return h
	}
}

func TestTwice(t *testing.T) {
	open := wrapped(Twice)
	Run(t, open)
	t.Run("Against", func(t *testing.T) { RunAgainst(t, Memory, open) })
}

// Notices that come twice are those of the store, in its order.
func TestDeafTwice(t *testing.T) {
	open := wrapped(func(_ testing.TB, s store.Store) store.Store {
		heard := &wrapper{Store: Deaf(s, func(store.Notice) int { return 2 })}
		heard.deliver = func(deliver func(store.Notice)) func(store.Notice) {
			var last *store.Notice
			return func(n store.Notice) {
				if last == nil {
					last = &n
					deliver(n)
					return
				}
				if !reflect.DeepEqual(*last, n) {
					t.Errorf("%+v came once", *last)
				}
				last = nil
			}
		}
		return heard.outside()
	})
	Run(t, open)
	t.Run("Against", func(t *testing.T) { RunAgainst(t, Memory, open) })
}

// A gate that is open, and replies that are heard, are no difference.
func TestLateAndForgetAtRest(t *testing.T) {
	var gate Gate
	Run(t, wrapped(func(_ testing.TB, s store.Store) store.Store {
		return Forget(Late(s, &gate), func(Call) bool { return false })
	}))
}

// TestTwiceFinds shows which stores do not pass.
func TestTwiceFinds(t *testing.T) {
	applied := store.Outcome{Status: store.Applied, Number: 2, Top: store.Cursor{Offset: 2, Tag: "00000"}}
	message, token := store.Cause{Socket: "a", Number: 2}, store.Cause{Item: "i", Token: "t"}
	for name, c := range map[string]struct {
		cause         store.Cause
		first, second store.Outcome
		allowed       bool
	}{
		"a message applied twice":       {message, applied, applied, false},
		"an item applied twice":         {token, applied, applied, false},
		"a message, then gone":          {message, applied, store.Outcome{Status: store.Gone, Number: 2}, false},
		"a message, then repeated":      {message, applied, store.Outcome{Status: store.Repeated, Number: 3, Top: applied.Top}, true},
		"a last message, then repeated": {message, applied, store.Outcome{Status: store.Repeated, Number: 2}, true},
		"an item, then gone":            {token, applied, store.Outcome{Status: store.Gone, Number: 2}, true},
		"repeated, then applied":        {message, store.Outcome{Status: store.Repeated, Number: 2}, applied, false},
		"a token that becomes valid":    {token, store.Outcome{Status: store.Gone}, applied, false},
		"a number that goes back":       {message, applied, store.Outcome{Status: store.Repeated, Number: 1}, false},
		"a top that goes back":          {message, applied, store.Outcome{Status: store.Repeated, Number: 2, Top: store.Cursor{Offset: 1, Tag: "00000"}}, false},
		"a gap that is filled":          {message, store.Outcome{Status: store.Gap}, applied, true},
	} {
		if got := sentAgain(c.cause, c.first, c.second); (got == "") != c.allowed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestTwiceSends shows that it is the store that is asked twice.
func TestTwiceSends(t *testing.T) {
	h := Memory(t)
	calls := 0
	s := Twice(t, broken{Store: h.Store, commit: func(*store.Turn) { calls++ }})
	if _, err := s.Commit(t.Context(), named(opening("a"))); err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestForget(t *testing.T) {
	h := Memory(t)
	s := Forget(h.Store, func(c Call) bool { return c.Method != "Attach" && c.Method != "Topics" })
	w, err := s.Watch(t.Context(), func(store.Notice) {})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	out, err := s.Commit(t.Context(), named(opening("a")))
	if !errors.Is(err, ErrForgotten) || !reflect.DeepEqual(out, store.Outcome{}) {
		t.Errorf("a commit whose reply is lost: %+v, %v", out, err)
	}
	if found, err := s.Attach(t.Context(), store.Attach{Socket: "a", Secret: secret, Number: 1}); err != nil || found.Status != store.Applied {
		t.Errorf("what was committed has no effect: %+v, %v", found, err)
	}
	if err := s.(store.Volatiler).Volatile(t.Context(), "t", "", nil); !errors.Is(err, ErrForgotten) {
		t.Errorf("Volatile: %v", err)
	}
	h.Store.Close()
	if _, err := s.Read(t.Context(), nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("an error is not lost: %v", err)
	}
}

func TestSometimes(t *testing.T) {
	lost := [2]int{}
	for i := range lost {
		for at, lose := 0, Sometimes(7, 10); at < 1000; at++ {
			if lose(Call{}) {
				lost[i] = lost[i]*31 + at
			}
		}
	}
	if lost[0] != lost[1] || lost[0] == 0 {
		t.Errorf("one seed, two sequences: %v", lost)
	}
}

func TestLate(t *testing.T) {
	h := Memory(t)
	var gate Gate
	s := Late(h.Store, &gate)
	if got := gate.Waiting(t.Context(), 1); got != nil {
		t.Fatalf("an open gate holds up %+v", got)
	}
	gate.Shut()
	gate.Shut()
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := s.Commit(ctx, named(opening("a"))); err != nil {
			t.Error(err)
		}
	})
	if got := gate.Waiting(t.Context(), 1); len(got) != 1 || got[0].Method != "Commit" || got[0].Turn.Cause.Socket != "a" {
		t.Errorf("waiting: %+v", got)
	}
	calls.Go(func() {
		if _, err := s.Read(ctx, []store.Query{{Socket: "a"}}); err != nil {
			t.Error(err)
		}
	})
	gate.Waiting(t.Context(), 2)
	cancel() // a frozen instance does not see that
	if got := gate.Waiting(ctx, 3); len(got) != 2 {
		t.Errorf("waiting: %+v", got)
	}
	if r, _ := h.Store.Read(t.Context(), []store.Query{{Socket: "a"}}); r[0].Status != store.Gone {
		t.Error("what waits has reached the store")
	}
	gate.Open()
	gate.Open()
	calls.Wait()
	if r, _ := s.Read(t.Context(), []store.Query{{Socket: "a"}}); r[0].Status != store.Applied {
		t.Error("what waited has not reached the store")
	}
}

func TestDeaf(t *testing.T) {
	h := Memory(t)
	s := Deaf(h.Store, func(n store.Notice) int { return int(n.Entry.Offset) - 1 })
	heard := make(chan uint64, 10)
	w, err := s.Watch(t.Context(), func(n store.Notice) { heard <- n.Entry.Offset })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Topics(t.Context(), []string{"t"}, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		turn := store.Turn{Cause: store.Cause{Key: fmt.Sprint(i)}, Attempt: "x", Effects: []store.Effect{store.Publish{Topic: "t"}}}
		if _, err := s.Commit(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []uint64{2, 3, 3} {
		if got := <-heard; got != want {
			t.Errorf("heard of entry %d, not %d", got, want)
		}
	}
}

// A wrapper is a Volatiler and a Checker if the store is, and not otherwise.
func TestWrappersKeepAbilities(t *testing.T) {
	m := Memory(t).Store
	plain := struct{ store.Store }{m}
	checks := struct {
		store.Store
		store.Checker
	}{m, checker{}}
	both := struct {
		store.Store
		store.Volatiler
		store.Checker
	}{m, m.(store.Volatiler), checker{}}
	for _, inner := range []store.Store{plain, m, checks, both} {
		s := Late(inner, new(Gate))
		_, volatiles := s.(store.Volatiler)
		_, should := inner.(store.Volatiler)
		if volatiles != should {
			t.Errorf("around %T: a Volatiler is %t", inner, volatiles)
		}
		c, checks := s.(store.Checker)
		_, should = inner.(store.Checker)
		if checks != should || checks && !errors.Is(c.Check(t.Context()), errChecked) {
			t.Errorf("around %T: a Checker is %t", inner, checks)
		}
	}
}

var errChecked = errors.New("checked")

type checker struct{}

func (checker) Check(context.Context) error { return errChecked }

func named(t store.Turn) store.Turn {
	t.Attempt = "attempt"
	return t
}
