package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

var people = &framework.Map[map[string]string]{Name: "people", Subscribe: framework.Anyone}

func directory() framework.Service {
	return framework.Service{Name: "directory", Topics: []framework.Stream{people}}
}

// put sets a field of people/lobby.
func put(t *framework.Turn, name, value string) error {
	return people.Update(t, "lobby", name, func(p *map[string]string) error { *p = map[string]string{"is": value}; return nil })
}

// do runs a turn on an instance, which must be committed.
func (w *world) do(i *instance, f func(*framework.Turn) error) {
	w.Helper()
	if err := i.rt.Do(w.wait(), f); err != nil {
		w.Fatal(err)
	}
}

func TestMapSnapshotAndChanges(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, directory())
		values := make(chan string, 1000)
		a := w.dial(nil)
		if _, err := a.State(w.wait(), "people/lobby", func(v json.RawMessage) { values <- sorted(w, v) }); err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			for {
				select {
				case v := <-values:
					if v == want {
						return
					}
				case <-w.wait().Done():
					t.Fatalf("never saw %s", want)
				}
			}
		}
		expect(`{}`)
		w.do(w.any(), func(t *framework.Turn) error { return errors.Join(put(t, "ann", "here"), put(t, "bob", "here")) })
		expect(`{"ann":{"is":"here"},"bob":{"is":"here"}}`)
		w.cut()
		w.do(w.any(), func(t *framework.Turn) error {
			return people.Update(t, "lobby", "ann", func(p *map[string]string) error { *p = map[string]string{"was": "here"}; return nil })
		})
		expect(`{"ann":{"was":"here"},"bob":{"is":"here"}}`)
		w.do(w.any(), func(t *framework.Turn) error { return people.Delete(t, "lobby", "ann") })
		expect(`{"bob":{"is":"here"}}`)
		w.do(w.any(), func(t *framework.Turn) error {
			return people.Update(t, "lobby", "bob", func(p *map[string]string) error { *p = nil; return nil })
		})
		expect(`{}`)
		if _, err := w.dial(nil).State(w.wait(), "people/lobby", func(v json.RawMessage) { values <- "new " + string(v) }); err != nil {
			t.Fatal(err)
		}
		expect(`new {}`)
	})
}

// Of two turns that overlap, the first one runs again only if the second one changed what it has seen.
func TestMapTurnsConflictByField(t *testing.T) {
	update := func(field string) func(*framework.Turn) error {
		return func(t *framework.Turn) error { return put(t, field, t.ID()) }
	}
	all := func(t *framework.Turn) error {
		here, err := people.All(t, "lobby")
		return errors.Join(err, people.Update(t, "seen", "who", func(p *map[string]string) error { *p = map[string]string{"n": fmt.Sprint(len(here))}; return nil }))
	}
	get := func(t *framework.Turn) error {
		_, _, err := people.Get(t, "lobby", "ann")
		return errors.Join(err, put(t, "reader", t.ID()))
	}
	remove := func(t *framework.Turn) error { return people.Delete(t, "lobby", "bob") }
	for _, row := range []struct {
		name          string
		first, second func(*framework.Turn) error
		runs          int32
	}{
		{"different fields", update("ann"), update("bob"), 1},
		{"different fields, of which one goes", update("ann"), remove, 1},
		{"different fields that there were not", update("new"), update("newer"), 1},
		{"the same field", update("ann"), update("ann"), 2},
		{"a field that goes", update("bob"), remove, 2},
		{"a field that there was not", update("new"), update("new"), 2},
		{"a field that was only read", get, update("ann"), 2},
		{"a field that was not read", get, update("bob"), 1},
		{"all fields", all, update("ann"), 2},
		{"all fields, of which one goes", all, remove, 2},
		{"all fields, beside which there is one more", all, update("new"), 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEachStore(t, func(w *world) {
				w.run(2, directory())
				one, other := w.instances[0], w.instances[1]
				w.do(one, func(t *framework.Turn) error { return errors.Join(put(t, "ann", "1"), put(t, "bob", "1")) })
				var runs atomic.Int32
				w.do(one, func(t *framework.Turn) error {
					err := row.first(t)
					if runs.Add(1) == 1 {
						w.do(other, row.second)
					}
					return err
				})
				if runs.Load() != row.runs {
					w.Errorf("%d runs, want %d", runs.Load(), row.runs)
				}
			})
		})
	}
}

func TestMapTurnsOfOneInstanceWaitForTheField(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, directory())
		const turns = 8
		var runs atomic.Int32
		var all sync.WaitGroup
		for n := range turns {
			all.Go(func() {
				w.do(w.first(), func(t *framework.Turn) error {
					runs.Add(1)
					return people.Update(t, "lobby", "ann", func(p *map[string]string) error { return count2(p, fmt.Sprint(n)) })
				})
			})
		}
		all.Wait()
		if runs.Load() != turns {
			w.Errorf("%d turns that update the same field took %d runs", turns, runs.Load())
		}
		w.do(w.first(), func(t *framework.Turn) error {
			if ann, ok, err := people.Get(t, "lobby", "ann"); len(ann) != turns || !ok {
				w.Errorf("what they made: %v, %v, %v", ann, ok, err)
			}
			return nil
		})
	})
}

func count2(p *map[string]string, key string) error {
	if *p == nil {
		*p = map[string]string{}
	}
	(*p)[key] = "x"
	return nil
}

func TestMapTurnSeesItsOwnChanges(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, directory())
		w.do(w.first(), func(t *framework.Turn) error {
			return errors.Join(put(t, "ann", "1"), put(t, "bob", "1"), put(t, "cyd", "1"))
		})
		names := func(t *framework.Turn) []string {
			all, err := people.All(t, "lobby")
			if err != nil {
				w.Error(err)
			}
			return slices.Sorted(maps.Keys(all))
		}
		w.do(w.first(), func(t *framework.Turn) error {
			err := errors.Join(people.Delete(t, "lobby", "ann"), put(t, "bob", "2"), put(t, "dan", "1"), people.Delete(t, "lobby", "nobody"))
			if _, ok, err := people.Get(t, "lobby", "ann"); ok || err != nil {
				w.Errorf("a field that was removed: %v, %v", ok, err)
			}
			if got, want := names(t), []string{"bob", "cyd", "dan"}; !slices.Equal(got, want) {
				w.Errorf("all fields: %q, want %q", got, want)
			}
			if bob, _, _ := people.Get(t, "lobby", "bob"); bob["is"] != "2" {
				w.Errorf("a field that was changed: %v", bob)
			}
			return errors.Join(err, people.Delete(t, "lobby", "cyd"), put(t, "ann", "again"), people.Delete(t, "lobby", "ann"))
		})
		w.do(w.first(), func(t *framework.Turn) error {
			if got, want := names(t), []string{"bob", "dan"}; !slices.Equal(got, want) {
				w.Errorf("all fields later: %q, want %q", got, want)
			}
			return nil
		})
		failed := errors.New("no")
		if err := w.first().rt.Do(w.wait(), func(t *framework.Turn) error { return errors.Join(put(t, "eve", "1"), failed) }); !errors.Is(err, failed) {
			w.Error(err)
		}
		w.do(w.first(), func(t *framework.Turn) error {
			if _, ok, err := people.Get(t, "lobby", "eve"); ok || err != nil {
				w.Errorf("what a turn did that failed: %v, %v", ok, err)
			}
			return nil
		})
	})
}

// A turn that leaves all fields as they were is no change.
func TestMapUnchangedIsNoEntry(t *testing.T) {
	b := newBubble(t)
	m := b.mortal()
	b.cfg.Services = append(b.cfg.Services, directory())
	rt := b.start()
	b.do(rt, func(t *framework.Turn) error { return put(t, "ann", "1") })
	commits := m.commits.Load()
	b.do(rt, func(t *framework.Turn) error {
		return errors.Join(put(t, "ann", "1"), put(t, "bob", "1"), people.Delete(t, "lobby", "bob"), people.Delete(t, "lobby", "nobody"))
	})
	if n := m.commits.Load() - commits; n != 0 {
		t.Errorf("%d commits", n)
	}
}

func TestMapRefuses(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.run(1, directory(), framework.Service{Name: "test", Methods: framework.Methods{
		"put":    framework.Call(func(t *framework.Turn, _ any) (any, error) { return nil, put(t, "ann", "1") }).Volatile(),
		"delete": framework.Call(func(t *framework.Turn, _ any) (any, error) { return nil, people.Delete(t, "lobby", "ann") }).Volatile(),
		"get": framework.Call(func(t *framework.Turn, _ any) (int, error) {
			_, ok, err := people.Get(t, "lobby", "ann")
			all, err2 := people.All(t, "lobby")
			if ok {
				return -1, nil
			}
			return len(all), errors.Join(err, err2)
		}).Volatile(),
	}})
	c := w.dial(nil)
	for _, method := range []string{"test.put", "test.delete"} {
		if err := c.Volatile(w.wait(), method, nil, nil); err == nil {
			t.Errorf("%s in a volatile turn is no error", method)
		}
	}
	if err := c.Volatile(w.wait(), "test.get", nil, nil); err != nil {
		t.Errorf("a volatile turn cannot read: %v", err)
	}
	var late *framework.Turn
	w.do(w.first(), func(t *framework.Turn) error {
		late = t
		for _, name := range []string{"", "a\nb", strings.Repeat("x", 201), "\xff"} {
			if _, _, err := people.Get(t, "lobby", name); framework.CodeOf(err) != framework.CodeInvalid {
				w.Errorf("a field named %q: %v", name, err)
			}
			if err := put(t, name, "1"); framework.CodeOf(err) != framework.CodeInvalid {
				w.Errorf("a field named %q: %v", name, err)
			}
		}
		stranger := &framework.Map[int]{Name: "strangers", Subscribe: framework.Nobody}
		if _, err := stranger.All(t, "lobby"); err == nil {
			w.Error("a map that is in no service is no error")
		}
		return put(t, strings.Repeat("x", 200), "1")
	})
	_, err := people.All(late, "lobby")
	_, _, err2 := people.Get(late, "lobby", "ann")
	for _, err := range []error{err, err2, put(late, "ann", "1"), put(late, strings.Repeat("x", 200), "2"), people.Delete(late, "lobby", "ann")} {
		if !errors.Is(err, framework.ErrTurnOver) {
			t.Errorf("after the turn: %v", err)
		}
	}
	for _, bad := range []*framework.Map[int]{
		{Name: "m"}, {Name: "m/", Subscribe: framework.Nobody}, {Name: "m", Subscribe: framework.Nobody, Keep: -1},
		{Name: "m", Subscribe: framework.Nobody, TTL: -1}, {Name: "m", Subscribe: framework.Nobody, Max: -1},
	} {
		if _, err := framework.New(framework.Config{Services: []framework.Service{{Name: "s", Topics: []framework.Stream{bad}}}}); err == nil {
			t.Errorf("%+v is no error", bad)
		}
	}
}

func TestMapExpiredStartsAnew(t *testing.T) {
	onEachStore(t, func(w *world) {
		brief := &framework.Map[int]{Name: "brief", Subscribe: framework.Nobody, TTL: time.Minute, Max: 1}
		w.run(1, framework.Service{Name: "s", Topics: []framework.Stream{brief}})
		set := func(name string) {
			w.do(w.first(), func(t *framework.Turn) error {
				return brief.Update(t, "a", name, func(n *int) error { *n++; return nil })
			})
		}
		set("x")
		w.advance(59 * time.Second)
		set("x")
		w.advance(61 * time.Second)
		set("y")
		w.do(w.first(), func(t *framework.Turn) error {
			if all, err := brief.All(t, "a"); err != nil || !reflect.DeepEqual(all, map[string]int{"y": 1}) {
				w.Errorf("the fields are %v, %v", all, err)
			}
			return nil
		})
	})
}

func TestI7MapFields(t *testing.T) {
	onEachStore(t, func(w *world) {
		two := &framework.Map[int]{Name: "two", Subscribe: framework.Anyone, Max: 2}
		w.run(2, framework.Service{Name: "s", Topics: []framework.Stream{two}, Methods: framework.Methods{
			"set": framework.Event(func(t *framework.Turn, name string) error {
				return two.Update(t, "a", name, func(n *int) error { *n++; return nil })
			}),
			"remove": framework.Event(func(t *framework.Turn, name string) error { return two.Delete(t, "a", name) }),
		}})
		c := w.dial(nil)
		set := func(name string) error { return c.Call(w.wait(), "s.set", name, nil) }
		if err := errors.Join(set("x"), set("y"), set("x")); err != nil {
			t.Errorf("two fields of two: %v", err)
		}
		if err := set("z"); !isFull(err, "two/a can have 2 fields") {
			t.Errorf("three fields of two: %v", err)
		}
		call[any](w, c, "s.remove", "x")
		if err := set("z"); err != nil {
			t.Errorf("a field in the place of one that went: %v", err)
		}
	})
}

// What a map holds ends at 4 MiB of names and values, what one field holds at Limits.StateBytes, what one turn changes at Limits.EffectBytes.
func TestI7MapBytes(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Limits.StateBytes, w.cfg.Limits.EffectBytes = 1<<20, 2<<20
		text := &framework.Map[string]{Name: "text", Subscribe: framework.Anyone}
		w.run(1, framework.Service{Name: "s", Topics: []framework.Stream{text}})
		set := func(size int, names ...string) error { // with the name and two quotation marks
			return w.first().rt.Do(w.wait(), func(t *framework.Turn) (err error) {
				for _, name := range names {
					err = errors.Join(err, text.Update(t, "a", name, func(s *string) error { *s = strings.Repeat("x", size-len(name)-2); return nil }))
				}
				return err
			})
		}
		const mib = 1 << 20
		if err := set(mib+1, "a"); err != nil { // and its name
			t.Errorf("a field of 1 MiB: %v", err)
		}
		if err := set(mib+2, "a"); framework.CodeOf(err) != framework.CodeFull {
			t.Errorf("a field of 1 MiB and a byte: %v", err)
		}
		if err := errors.Join(set(mib, "a"), set(mib, "b", "c"), set(mib-10, "d")); err != nil {
			t.Fatalf("4 MiB but 10 bytes: %v", err)
		}
		if err := set(11, "e"); framework.CodeOf(err) != framework.CodeFull {
			t.Errorf("4 MiB and a byte: %v", err)
		}
		if err := set(10, "e"); err != nil {
			t.Errorf("4 MiB: %v", err)
		}
		if err := set(mib-1, "a", "b", "c"); err == nil {
			t.Errorf("3 MiB of changes in one turn are no error")
		}
		values := make(chan int, 1)
		if _, err := w.dial(nil).State(w.wait(), "text/a", func(v json.RawMessage) { values <- len(v) }); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-values:
			if n < 4*mib {
				t.Errorf("a subscriber gets %d bytes", n)
			}
		case <-w.wait().Done():
			t.Error("a subscriber does not get 4 MiB")
		}
	})
}

func TestI7MapEffects(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.cfg.Limits = framework.Limits{Effects: 10, SocketsPerUser: 10}
	w.run(1, directory())
	set := func(n, times int) error {
		return w.first().rt.Do(context.Background(), func(t *framework.Turn) error {
			for range times {
				for i := range n {
					if err := put(t, fmt.Sprint(i), "1"); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := set(10, 1); err != nil {
		t.Errorf("ten fields of ten: %v", err)
	}
	if err := set(9, 3); err != nil {
		t.Errorf("nine fields, each three times: %v", err)
	}
	if err := set(11, 1); err == nil {
		t.Error("eleven fields of ten are no error")
	}
}
