package storetest

import (
	"context"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// Late returns a store whose calls go through a gate before they reach s. Its Volatile, and its watches' Topics, do as well; notices
// and Close do not.
//
// With its gate shut the store is that of an instance that is frozen, as a platform does with instances that have no request: a call that waits
// sees no time go by. When the gate is opened it goes on to s, though its context may have ended meanwhile.
func Late(s store.Store, g *Gate) store.Store {
	w := &wrapper{Store: s}
	w.around = func(ctx context.Context, c Call, do func(context.Context) error) error {
		if g.wait(c) {
			ctx = context.WithoutCancel(ctx)
		}
		return do(ctx)
	}
	return w.outside()
}

// Gate holds up the calls of stores that were made by [Late]. The zero Gate is open. Its methods may be called at once from any number of goroutines.
type Gate struct {
	mu      sync.Mutex
	shut    chan struct{} // closed when the gate opens; nil: it is open
	waiting []Call
	came    chan struct{} // closed when another call waits
}

// Shut holds up every call from now on, until Open.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut, g.came = make(chan struct{}), make(chan struct{})
	}
}

// Open lets go on what waits, in no order, and what comes from now on. A gate that is open stays so.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		close(g.came)
		g.shut, g.waiting = nil, nil
	}
}

// Waiting returns the calls that wait, as soon as there are n of them, in the order in which they came. If ctx ends before, it returns
// those that there are. Of a gate that is open it returns none, at once.
func (g *Gate) Waiting(ctx context.Context, n int) []Call {
	for {
		g.mu.Lock()
		waiting, came, open := append([]Call(nil), g.waiting...), g.came, g.shut == nil
		g.mu.Unlock()
		if open || len(waiting) >= n {
			return waiting
		}
		select {
		case <-came:
		case <-ctx.Done():
			return waiting
		}
	}
}

// wait returns when the gate is open, and tells whether it was not.
func (g *Gate) wait(c Call) (waited bool) {
	g.mu.Lock()
	shut := g.shut
	if shut != nil {
		g.waiting = append(g.waiting, c)
		close(g.came)
		g.came = make(chan struct{})
	}
	g.mu.Unlock()
	if shut == nil {
		return false
	}
	<-shut
	return true
}
