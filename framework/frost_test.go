package framework_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// frost stops an instance whenever it holds no request, as platforms do that bill by request: nothing that it has begun reaches the store, and no notice
// reaches it, until it holds one again.
type frost struct {
	mu       sync.Mutex
	requests int
	thawed   chan struct{} // closed while there are requests
	froze    int
}

func newFrost() *frost { return &frost{thawed: make(chan struct{})} }

func (f *frost) enter() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests++; f.requests == 1 {
		close(f.thawed)
	}
}

func (f *frost) leave() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests--; f.requests == 0 {
		f.thawed = make(chan struct{})
		f.froze++
	}
}

// wait waits until the instance is not frozen, or has been killed.
func (f *frost) wait(ctx, dead context.Context) error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	thawed := f.thawed
	f.mu.Unlock()
	select {
	case <-thawed:
		return nil
	case <-dead.Done():
		return nil // killed: what it does has no effect anyway
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An instance that is frozen whenever it holds no request keeps every promise: nothing rests on work between requests.
func TestI8Frozen(t *testing.T) {
	everywhere(t, func(w *world) {
		w.frozen = true
		w.run(3, ledger())
		instances := slices.Clone(w.instances)
		a, b := w.account(nil), w.account(nil)
		a.follow(w, "lines/"+a.ID())
		b.follow(w, "lines/"+a.ID())
		for n := 1; n <= 20; n++ {
			if got := call[int](w, a.Client, "ledger.add", n); got != n {
				w.Fatalf("answer %d, want %d", got, n)
			}
			switch {
			case n%4 == 0:
				w.cut()
			case n%5 == 0:
				if err := b.Use([]string{"ws", "sse", "longpoll"}[n/5%3]); err != nil {
					w.Fatal(err)
				}
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(20))
		b.expect(w, "the topic, at another client", &b.lines, upTo(20))
		a.expect(w, "the events", &a.added, upTo(20))
		if err := a.Call(w.wait(), "ledger.ask", 7, nil); err != nil {
			w.Fatal(err)
		}
		a.expect(w, "the question's answer", &a.lines, append(upTo(20), 70))
		if lost := append(a.lost, b.lost...); len(lost) > 0 {
			w.Fatalf("told of losses that were none: %v", lost)
		}

		// Both go away without a word, and everything is frozen. A visitor, much later, is what their goodbyes run in.
		a.Abandon()
		b.Abandon()
		var froze int
		for _, i := range instances {
			i.store.frost.mu.Lock()
			froze += i.store.frost.froze
			i.store.frost.mu.Unlock()
		}
		if froze == 0 {
			w.Fatal("no instance was ever frozen: the test shows nothing")
		}
		w.advance(3 * time.Minute)
		goodbyes := func() (n int) {
			i := w.any()
			i.store.frost.enter()
			defer i.store.frost.leave()
			err := i.rt.Do(w.wait(), func(t *framework.Turn) error {
				each, err := visits.Get(t, "all")
				for _, who := range []*account{a, b} {
					n += each["goodbye "+who.ID()]
				}
				return err
			})
			if err != nil {
				w.Fatal(err)
			}
			return n
		}
		for range 40 {
			visitor := w.account(nil) // a request, and one more for its goodbye
			if err := visitor.Close(w.wait()); err != nil {
				w.Fatal(err)
			}
			if goodbyes() == 2 {
				return
			}
			w.advance(11 * time.Second)
		}
		w.Fatalf("%d goodbyes of 2", goodbyes())
	})
}
