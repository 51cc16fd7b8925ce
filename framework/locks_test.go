package framework_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// A handler that does not even return when its turn is over holds up nobody else who changes what it has changed: in its first run, and in a later one, which has locked all that the
// first has seen. What it still does to its turn, then or when it goes on after all, comes to nothing.
func TestBlockedHandlerHoldsUpNoState(t *testing.T) {
	for run := 1; run <= 2; run++ {
		t.Run(fmt.Sprintf("in run %d", run), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				rt := frameworktest.New(t, framework.Config{Services: []framework.Service{tallies(release)}, TurnTime: 5 * time.Second})
				let := sync.OnceFunc(func() { close(release) })
				t.Cleanup(let)
				if run > 1 {
					rt.Twice()
				}
				ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
				blocked := ann.Send("tally.block", run)
				time.Sleep(time.Second)
				bob.Call("tally.add", "a", nil) // waits for the end of her turn
				time.Sleep(time.Second)
				for _, key := range []string{"a", "b", "c"} {
					bob.Call("tally.add", key, nil)
				}
				let()
				if err := blocked.Wait(t.Context(), nil); client.CodeOf(err) != framework.CodeTimeout {
					t.Errorf("ann is told %v", err)
				}
				synctest.Wait()
				if n := framework.Locked(rt.Server()); n > 0 {
					t.Errorf("%d locks are left", n)
				}
				for key, want := range map[string]int{"a": 2, "b": 1, "c": 1} {
					var n int
					if bob.Call("tally.value", key, &n); n != want {
						t.Errorf("%s is %d, want what bob has added, %d", key, n, want)
					}
				}
			})
		})
	}
}

// Nor do other timers, and goodbyes, wait for one that does not return.
func TestBlockedTimerHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		rang := make(chan struct{})
		blocks := framework.Timer("blocks", func(*framework.Turn, int) error { <-release; return nil })
		rings := framework.Timer("rings", func(*framework.Turn, int) error { close(rang); return nil })
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{
			{Name: "clock", Continuations: []framework.Continuation{blocks, rings}},
		}})
		t.Cleanup(func() { close(release) })
		rt.Connect(framework.User{ID: "ann"}) // somebody must be there
		after := func(d time.Duration, timer *framework.Timed[int]) {
			rt.Do(func(t *framework.Turn) error { _, err := t.After(d, timer.With(1)); return err })
		}
		after(time.Second, blocks)
		after(10*time.Second, rings)
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-rang:
		default:
			t.Error("the other timer has not rung")
		}
	})
}

// tallies is a service that counts by keys; one of its methods changes two of them, and does not return before release, though its turn is over.
func tallies(release <-chan struct{}) framework.Service {
	tally := &framework.State[int]{Name: "tally", Subscribe: framework.Nobody}
	add := func(t *framework.Turn, key string) error {
		return tally.Update(t, key, func(n *int) error { *n++; return nil })
	}
	return framework.Service{Name: "tally", Topics: []framework.Stream{tally}, Methods: framework.Methods{
		"add":   framework.Event(add),
		"value": framework.Call(tally.Get),
		"block": framework.Event(func(t *framework.Turn, run int) error {
			err := errors.Join(add(t, "a"), add(t, "b"))
			if t.Attempt() < run {
				return err
			}
			<-t.Done()
			time.Sleep(time.Millisecond)
			_ = add(t, "c") // as one who looks at nothing does
			<-release
			return err
		}),
	}}
}
