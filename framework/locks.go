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

func (k *keyLocks) lock(ctx context.Context, key string) error {
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
		return nil
	case <-ctx.Done():
		k.leave(key, l)
		return ctx.Err()
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

// heldLocks are the locks of one turn over all its runs, and what the store said of its guards in the last conflict.
type heldLocks struct {
	all   *keyLocks
	held  []string
	fresh map[string]store.Fresh
}

// first locks the first key that a turn's first run reads.
func (h *heldLocks) first(ctx context.Context, key string) error {
	if len(h.held) > 0 {
		return nil
	}
	if err := h.all.lock(ctx, key); err != nil {
		return err
	}
	h.held = append(h.held, key)
	return nil
}

// again prepares another run after a conflict.
func (h *heldLocks) again(ctx context.Context, guards []store.Guard, fresh []store.Fresh) error {
	waited := h.release()
	keys := make([]string, 0, len(guards))
	for _, g := range guards {
		if g.Topic != "" {
			keys = append(keys, g.Topic)
		}
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if err := h.all.lock(ctx, key); err != nil {
			return err
		}
		h.held = append(h.held, key)
	}
	h.fresh = map[string]store.Fresh{}
	if waited == len(h.held) { // nothing was waited for that could have made the store's answer old
		for _, f := range fresh {
			h.fresh[f.Topic] = f
		}
	}
	return nil
}

func (h *heldLocks) release() int {
	n := len(h.held)
	for _, key := range h.held {
		h.all.unlock(key)
	}
	h.held = nil
	return n
}
