package memory

import (
	"bytes"
	"context"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// watch queues notices and delivers them from a goroutine that lives while there are some.
type watch struct {
	store   *Store
	inbox   string
	deliver func(store.Notice)
	topics  map[string]struct{} // guarded by store.mu

	mu      sync.Mutex
	queue   []store.Notice
	running bool
	stopped sync.Cond // running has become false
}

// Watch implements [store.Store]. The watch's Close returns when deliver is not running and will not be called again, so
// deliver must not call it.
func (s *Store) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	if _, err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	w := &watch{store: s, inbox: s.name(), deliver: deliver, topics: map[string]struct{}{}}
	w.stopped.L = &w.mu
	s.watches[w.inbox] = w
	return w, nil
}

// Volatile implements [store.Volatiler].
func (s *Store) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	entry := store.Entry{Data: bytes.Clone(data)}
	if topic != "" {
		s.broadcast("", store.Notice{Kind: store.Volatile, Topic: topic, Entry: entry})
	} else if sock := s.state.sockets[socket]; sock != nil && !sock.Ended {
		s.notify(sock.inbox, "", store.Notice{Kind: store.Volatile, Socket: socket, Entry: entry})
	}
	return nil
}

// notify queues a notice for an inbox, unless that is the one it comes from.
func (s *Store) notify(inbox, from string, n store.Notice) {
	if inbox == "" || inbox == from {
		return
	}
	if w := s.watches[inbox]; w != nil {
		w.enqueue(n)
	}
}

// broadcast queues a notice for all watches of its topic, but that which it comes from.
func (s *Store) broadcast(from string, n store.Notice) {
	for _, w := range s.watches {
		if _, ok := w.topics[n.Topic]; ok && w.inbox != from {
			w.enqueue(n)
		}
	}
}

func (w *watch) Inbox() string { return w.inbox }

func (w *watch) Topics(ctx context.Context, add, drop []string) error {
	if _, err := w.store.begin(ctx); err != nil {
		return err
	}
	defer w.store.mu.Unlock()
	if w.store.watches[w.inbox] != w {
		return store.ErrClosed
	}
	for _, name := range drop {
		delete(w.topics, name)
	}
	for _, name := range add {
		w.topics[name] = struct{}{}
	}
	return nil
}

func (w *watch) Close() error {
	w.store.mu.Lock()
	delete(w.store.watches, w.inbox)
	w.store.mu.Unlock()
	w.stop()
	return nil
}

// enqueue is called with the store's lock held, so that notices are queued in the order of the turns.
func (w *watch) enqueue(n store.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= w.store.opts.Backlog {
		clear(w.queue)
		w.queue, n = w.queue[:0], store.Notice{Kind: store.Resync}
	}
	w.queue = append(w.queue, n)
	if !w.running {
		w.running = true
		go w.run()
	}
}

func (w *watch) run() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) > 0 {
		n := w.queue[0]
		w.queue[0] = store.Notice{}
		w.queue = w.queue[1:]
		w.mu.Unlock()
		w.deliver(n)
		w.mu.Lock()
	}
	w.queue = nil
	w.running = false
	w.stopped.Broadcast()
}

// stop drops what is queued and returns when deliver does not run any more. The watch is not among the store's by then, so
// nothing is queued again.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = nil
	for w.running {
		w.stopped.Wait()
	}
}
