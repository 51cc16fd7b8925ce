package framework_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// tries counts a client's calls, those that fail too.
var tries = &framework.State[int]{Name: "tries", Subscribe: framework.Anyone}

// counting is a middleware that counts a call, publishes and sends its number.
func counting(next framework.Handler) framework.Handler {
	return func(t *framework.Turn) (any, error) {
		err := t.Always(func() error {
			return tries.Update(t, "all", func(n *int) error {
				*n++
				return errors.Join(lines.Publish(t, "tries", *n), t.Send(t.Socket(), "ledger.added", *n))
			})
		})
		if err != nil {
			return nil, err
		}
		return next(t)
	}
}

func tried(w *world) (n int) {
	w.Helper()
	err := w.any().rt.Do(w.wait(), func(t *framework.Turn) (err error) { n, err = tries.Get(t, "all"); return err })
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// What a turn always does becomes real together with the error that answers, once, and nothing else of the turn does; or with all of the turn.
func TestI3Always(t *testing.T) {
	everywhere(t, func(w *world) {
		guarded := ledger()
		guarded.Middleware = []framework.Middleware{counting}
		guarded.Topics = append(guarded.Topics, tries)
		w.run(3, guarded)
		var kills atomic.Int32
		kills.Store(8)
		var mu sync.Mutex
		r := rand.New(rand.NewPCG(3, 4))
		for _, i := range slices.Clone(w.instances) {
			w.mayhem(i, &kills, r, &mu)
		}
		a, b := w.account(nil), w.account(nil)
		b.follow(w, "lines/tries")
		a.follow(w, "lines/"+a.ID())
		const total = 40
		added := []int{} // what a is told: the number of each try, and then what was added
		sum := []int{}
		for n := 1; n <= total; n++ {
			added = append(added, n)
			if n%4 == 0 {
				added, sum = append(added, 1000+n), append(sum, 1000+n)
				call[int](w, a.Client, "ledger.add", 1000+n)
			} else if err := a.Call(w.wait(), "ledger.fail", []string{"", "error", "panic", "unencodable"}[n%4], nil); err == nil {
				t.Fatal("no error")
			}
		}
		b.expect(w, "what was always published", &b.lines, upTo(total))
		a.expect(w, "what was always sent, and what was sent", &a.added, added)
		a.expect(w, "what was published", &a.lines, sum)
		if n := tried(w); n != total {
			t.Errorf("%d tries were counted, of %d", n, total)
		}
	})
}

// A failed turn that commits while another has run, and has not committed yet, is not lost: that one runs again.
func TestI3AlwaysCountsAll(t *testing.T) {
	onEachStore(t, func(w *world) {
		guarded := ledger()
		guarded.Middleware = []framework.Middleware{counting}
		guarded.Topics = append(guarded.Topics, tries)
		w.run(2, guarded)
		one, two := w.instances[0], w.instances[1]
		w.postTo(one, "/lp", hello(1, ""))
		w.postTo(two, "/lp", hello(2, ""))
		var meanwhile sync.Once
		one.store.mu.Lock()
		one.store.before = func(store.Turn) error {
			meanwhile.Do(func() { w.postTo(two, "/up", "K"+keyOf(2)+",,0\nC1,ledger.fail|\"error\"") })
			return nil
		}
		one.store.mu.Unlock()
		w.postTo(one, "/up", "K"+keyOf(1)+",,0\nC1,ledger.fail|\"error\"")
		if n := tried(w); n != 2 {
			t.Errorf("%d tries were counted, of 2", n)
		}
	})
}

// A turn with one thing too many, and one that takes too long, have failed, and what they always do commits.
func TestAlwaysOfTurnsThatMayNotBe(t *testing.T) {
	onEachStore(t, func(w *world) {
		guarded := ledger()
		guarded.Middleware = []framework.Middleware{counting}
		guarded.Topics = append(guarded.Topics, tries)
		guarded.Methods["wait"] = framework.Event(func(t *framework.Turn, _ any) error { <-t.Done(); return t.Err() })
		w.cfg.Limits = framework.Limits{Pending: 1}
		w.cfg.TurnTime = 500 * time.Millisecond
		w.run(2, guarded)
		w.post("/lp", hello(1, ""))
		w.post("/up", "K"+keyOf(1)+",,0\nC1,ledger.ask|1\nC2,ledger.ask|2\nC3,ledger.ask|3\nC4,ledger.wait")
		if n := tried(w); n != 4 {
			t.Errorf("%d tries were counted, of 4", n)
		}
	})
}

// The turn's own changes go on from what it always does.
func TestAlwaysAndThen(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, framework.Service{Name: "s", Topics: []framework.Stream{tries, lines}})
		rt := w.first().rt
		set := func(t *framework.Turn, n int) error {
			return tries.Update(t, "all", func(v *int) error { *v += n; return nil })
		}
		is := func(t *framework.Turn, want int) {
			w.Helper()
			if got, err := tries.Get(t, "all"); err != nil || got != want {
				w.Errorf("the turn sees %d, %v; want %d", got, err, want)
			}
		}
		no := errors.New("no")
		for name, row := range map[string]struct {
			f      func(*framework.Turn) error
			change int
		}{
			"changed again": {func(t *framework.Turn) error {
				return errors.Join(t.Always(func() error { return set(t, 1) }), t.Always(func() error { return set(t, 10) }), set(t, 100))
			}, 111},
			"within another": {func(t *framework.Turn) error {
				return t.Always(func() error { return errors.Join(set(t, 1), t.Always(func() error { return set(t, 10) })) })
			}, 11},
			"refused": {func(t *framework.Turn) error {
				err := t.Always(func() error { return errors.Join(set(t, 1), lines.Publish(t, "refused", 1), no) })
				if !errors.Is(err, no) {
					w.Errorf("Always returns %v, want its function's error", err)
				}
				return set(t, 10)
			}, 10},
			"refused the second time": {func(t *framework.Turn) error {
				if err := t.Always(func() error { return set(t, 1) }); err != nil {
					return err
				}
				if err := t.Always(func() error { return errors.Join(set(t, 10), no) }); !errors.Is(err, no) {
					w.Errorf("Always returns %v, want its function's error", err)
				}
				return nil
			}, 1},
			"a panic that is caught": {func(t *framework.Turn) error {
				func() {
					defer func() { _ = recover() }()
					_ = t.Always(func() error { _ = set(t, 1); panic("on purpose") })
				}()
				return set(t, 10)
			}, 10},
			"read before": {func(t *framework.Turn) error {
				before, err := tries.Get(t, "all")
				if err != nil {
					return err
				}
				if t.Always(func() error { return set(t, 1) }) == nil {
					w.Error("what the turn has read can be changed behind its back")
				}
				is(t, before)
				return t.Always(func() error { is(t, before); return lines.Publish(t, "before", 1) })
			}, 0},
			"nothing is recorded": {func(t *framework.Turn) error {
				if err := t.Always(func() error { return set(t, 1) }); err != nil {
					return err
				}
				return no
			}, 0},
		} {
			w.Run(name, func(t *testing.T) {
				before := tried(w)
				if err := rt.Do(w.wait(), row.f); err != nil && !errors.Is(err, no) {
					t.Fatal(err)
				}
				if got := tried(w) - before; got != row.change {
					t.Errorf("the state has changed by %d, want %d", got, row.change)
				}
			})
		}
	})
}

func TestAlwaysRefuses(t *testing.T) {
	onEachStore(t, func(w *world) {
		var late *framework.Turn
		errs := make(chan error, 1)
		w.run(1, ledger(), framework.Service{Name: "s", Methods: framework.Methods{
			"quick": framework.Event(func(t *framework.Turn, _ any) error {
				errs <- t.Always(func() error { return nil })
				return nil
			}).Volatile(),
		}})
		if err := w.dial(nil).Volatile(w.wait(), "s.quick", nil, nil); err != nil || !errors.Is(<-errs, framework.ErrVolatileTurn) {
			t.Errorf("Always in a volatile turn is no error: %v", err)
		}
		if err := w.first().rt.Do(w.wait(), func(t *framework.Turn) error { late = t; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := late.Always(func() error { return nil }); !errors.Is(err, framework.ErrTurnOver) {
			t.Errorf("Always after the turn: %v", err)
		}
		err := w.first().rt.Do(w.wait(), func(t *framework.Turn) error {
			for range 300 {
				if err := t.Always(func() error { return t.Send("x", "a.b", 1) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			t.Error("what a turn always does has no limit")
		}
	})
}

// What a turn always does to fields of a map, the rest of it sees; and what that has seen is not changed any more.
func TestAlwaysFieldsOfAMap(t *testing.T) {
	onEachStore(t, func(w *world) {
		always := func(t *framework.Turn, name, value string) error {
			return t.Always(func() error { return put(t, name, value) })
		}
		gone := func(t *framework.Turn, name string) error {
			return t.Always(func() error { return people.Delete(t, "lobby", name) })
		}
		w.run(2, directory(), framework.Service{Name: "test", Methods: framework.Methods{
			"fail": framework.Event(func(t *framework.Turn, _ any) error {
				err := errors.Join(always(t, "ann", "1"), always(t, "bob", "1"), gone(t, "old"), put(t, "ann", "2"), put(t, "cyd", "2"))
				return errors.Join(err, framework.Errorf("mine", "no"))
			}),
			"see": framework.Call(func(t *framework.Turn, _ any) (map[string]map[string]string, error) {
				err := errors.Join(always(t, "ann", "3"), always(t, "ann", "4"), gone(t, "bob"), always(t, "dan", "4"), put(t, "dan", "5"))
				all, err2 := people.All(t, "lobby")
				return all, errors.Join(err, err2)
			}),
			"late": framework.Call(func(t *framework.Turn, _ any) (all map[string]map[string]string, err error) {
				if _, _, err := people.Get(t, "lobby", "ann"); err != nil || always(t, "ann", "6") == nil || always(t, "eve", "6") != nil {
					return nil, errors.New("a field that was read can be changed by Always, or another cannot")
				}
				if all, err = people.All(t, "lobby"); always(t, "bob", "6") == nil || always(t, "new", "6") == nil {
					return nil, errors.New("a field can be changed by Always when all were read")
				}
				return all, err
			}),
		}})
		w.do(w.any(), func(t *framework.Turn) error { return put(t, "old", "0") })
		c := w.dial(nil)
		if err := c.Call(w.wait(), "test.fail", nil, nil); codeOf(err) != "mine" {
			t.Error(err)
		}
		type all = map[string]map[string]string
		expect := func(what string, want all) {
			t.Helper()
			var got all
			w.do(w.any(), func(t *framework.Turn) (err error) { got, err = people.All(t, "lobby"); return err })
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		is := func(v string) map[string]string { return map[string]string{"is": v} }
		expect("after a turn that failed", all{"ann": is("1"), "bob": is("1")})
		after := all{"ann": is("4"), "dan": is("5")}
		if got := call[all](w, c, "test.see", nil); !reflect.DeepEqual(got, after) {
			t.Errorf("the rest of the turn sees %v, want %v", got, after)
		}
		expect("after a turn that did not fail", after)
		after["eve"] = is("6")
		if got := call[all](w, c, "test.late", nil); !reflect.DeepEqual(got, after) {
			t.Errorf("the rest of the turn sees %v, want %v", got, after)
		}
		expect("after a turn that read first", after)
	})
}
