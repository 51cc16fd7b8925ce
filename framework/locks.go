package framework

import (
	"context"
	"slices"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// keyLocks serialises turns of one instance that change the same states, so that they do not conflict with each other in the
// store. It is an optimisation: conflicts are decided by the store.
//
// No deadlock: a turn's first run waits for at most one lock, while holding none; a later run first lets go of all and then
// takes those it needs in sorted order.
type keyLocks struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

type keyLock struct {
	users int
	held  chan struct{} // capacity 1; full: locked
}

// lock locks the key, and tells whether it had to wait.
func (k *keyLocks) lock(ctx context.Context, key string) (waited bool, err error) {
	k.mu.Lock()
	l := k.locks[key]
	if l == nil {
		l = &keyLock{held: make(chan struct{}, 1)}
		if k.locks == nil {
			k.locks = map[string]*keyLock{}
		}
		k.locks[key] = l
	}
	l.users++
	k.mu.Unlock()
	select {
	case l.held <- struct{}{}:
		return false, nil
	default:
	}
	select {
	case l.held <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		k.leave(key, l)
		return true, ctx.Err()
	}
}

func (k *keyLocks) unlock(key string) {
	k.mu.Lock()
	l := k.locks[key]
	k.mu.Unlock()
	<-l.held
	k.leave(key, l)
}

func (k *keyLocks) leave(key string, l *keyLock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(k.locks, key)
	}
}

// heldLocks are the locks of one turn over all its runs, and what the store said of its guards in the last conflict. The locks go with the turn's
// context, whatever its handler does: those who wait for them have nothing to do with one that never returns. What such a handler still does to its turn locks nothing.
type heldLocks struct {
	all   *keyLocks
	fresh map[string]store.Fresh

	mu   sync.Mutex
	keys []string
	stop func() bool // of what ends them with the context, once there are some
	over bool
}

// first locks the first key that a turn's first run reads.
func (h *heldLocks) first(ctx context.Context, key string) error {
	h.mu.Lock()
	another := len(h.keys) > 0
	h.mu.Unlock()
	if another {
		return nil
	}
	_, err := h.lock(ctx, key)
	return err
}

// again prepares another run after a conflict. If ctx ends meanwhile, the run finds out.
func (h *heldLocks) again(ctx context.Context, guards []store.Guard, fresh []store.Fresh) {
	h.release()
	keys := make([]string, 0, len(guards))
	for _, g := range guards {
		if g.Topic != "" {
			keys = append(keys, lockName(g.Topic, g.Field))
		}
	}
	slices.Sort(keys)
	old := false // what the store said has been changed by those who were waited for
	for _, key := range slices.Compact(keys) {
		waited, err := h.lock(ctx, key)
		if err != nil {
			break
		}
		old = old || waited
	}
	h.fresh = map[string]store.Fresh{}
	for _, f := range fresh {
		if !old {
			h.fresh[lockName(f.Topic, f.Field)] = f
		}
	}
}

// lock locks a key for the turn, unless that is over.
func (h *heldLocks) lock(ctx context.Context, key string) (waited bool, err error) {
	if waited, err = h.all.lock(ctx, key); err != nil {
		return waited, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		h.all.unlock(key)
		return waited, ctx.Err()
	}
	h.keys = append(h.keys, key)
	if h.stop == nil {
		h.stop = context.AfterFunc(ctx, h.end)
	}
	return waited, nil
}

// end lets go of all, for good. It may be called at any time, by any goroutine.
func (h *heldLocks) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if h.stop != nil {
		h.stop()
	}
	h.releaseLocked()
}

func (h *heldLocks) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.releaseLocked()
}

func (h *heldLocks) releaseLocked() {
	for _, key := range h.keys {
		h.all.unlock(key)
	}
	h.keys = nil
}
