package engineio

import (
	"context"
	"sync"
	"time"
)

// names are taken by one at a time.
type names struct {
	mu    sync.Mutex
	taken map[string]bool
}

// take takes a name; false: another one has it.
func (n *names) take(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.taken[name] {
		return false
	}
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	n.taken[name] = true
	return true
}

func (n *names) leave(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.taken, name)
}

// grace is how long a client's goodbye waits for the poll that was sent with it, and is to be answered in good order.
const grace = 50 * time.Millisecond

// arrivals are the polls that are here.
type arrivals struct {
	mu    sync.Mutex
	polls map[string]int           // how many, by sid
	come  map[string]chan struct{} // closed when one comes
}

// arrive notes a poll, until what it returns is called.
func (a *arrivals) arrive(sid string) (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.polls == nil {
		a.polls = map[string]int{}
	}
	a.polls[sid]++
	if come := a.come[sid]; come != nil {
		close(come)
		delete(a.come, sid)
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.polls[sid]--; a.polls[sid] == 0 {
			delete(a.polls, sid)
		}
	}
}

// await waits for a poll, but not for long.
func (a *arrivals) await(ctx context.Context, sid string) {
	a.mu.Lock()
	if a.polls[sid] > 0 {
		a.mu.Unlock()
		return
	}
	if a.come == nil {
		a.come = map[string]chan struct{}{}
	}
	come := a.come[sid]
	if come == nil {
		come = make(chan struct{})
		a.come[sid] = come
	}
	a.mu.Unlock()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-come:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.come[sid] == come {
		delete(a.come, sid)
	}
}
