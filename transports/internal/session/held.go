package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

const (
	keepBatch = 200 // receivers in one round trip
	callTime  = 10 * time.Second
	retryTime = 50 * time.Millisecond
)

// held is the deadline of a session that somebody receives.
func (s *Sessions) held() time.Duration { return 3 * s.cfg.Away }

func (s *Sessions) inbox() string {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.watch == nil {
		return ""
	}
	return s.watch.Inbox()
}

// hold makes somebody the one who receives a session here. A websocket takes the place of who was that.
func (s *Sessions) hold(r *Receiver) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if before := s.receivers[r.id]; before != nil {
		switch {
		case r.carrier.WebSocket:
			r.replaces = before
		case before.carrier.WebSocket: // it is about to be attached, if it is not
			return ErrUpgraded
		default:
			return ErrBusy
		}
	}
	s.receivers[r.id] = r
	if s.keeper == nil {
		s.keepLocked()
	}
	return nil
}

// release forgets who received a session here.
func (s *Sessions) release(r *Receiver) {
	r.mu.Lock()
	dropped := r.dropped
	r.dropped = true
	r.mu.Unlock()
	if dropped {
		return
	}
	s.mu.Lock()
	if s.receivers[r.id] == r {
		delete(s.receivers, r.id)
	}
	s.mu.Unlock()
	close(r.left)
}

// keepLocked arranges for those who receive here to be kept. Between two times nothing runs.
func (s *Sessions) keepLocked() {
	s.keeper = time.AfterFunc(s.cfg.Away, func() {
		if s.begin() {
			defer s.done.Done()
			s.keepAll()
		}
	})
}

// keepAll keeps those who receive here, as long as there are some.
func (s *Sessions) keepAll() {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.receivers))
	if s.keeper = nil; len(all) > 0 {
		s.keepLocked()
	}
	s.mu.Unlock()
	for batch := range slices.Chunk(all, keepBatch) {
		s.keepSome(batch)
	}
}

func (s *Sessions) keepSome(batch []*Receiver) {
	var held []store.Held
	var kept []*Receiver
	inbox := s.inbox()
	for _, r := range batch {
		select {
		case r.telling <- struct{}{}:
			defer func() { <-r.telling }()
		default: // it does so itself
			continue
		}
		r.mu.Lock()
		if r.attached && !r.dropped {
			held = append(held, store.Held{Socket: r.id, Attach: r.attach, Inbox: inbox, TTL: s.held()})
			kept = append(kept, r)
		}
		r.mu.Unlock()
	}
	if len(held) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, callTime)
	defer cancel()
	answers, err := s.store.Keep(ctx, held)
	if err != nil {
		return // the next time is before their deadlines
	}
	for i, k := range answers {
		kept[i].kept(k)
	}
}

// kept takes what the store said of a held receiver's session.
func (r *Receiver) kept(k store.Kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case k.Status == store.Replaced:
		r.failLocked(ErrMoved)
	case k.Status != store.Applied || k.Socket.Top.Offset > r.tip.Offset: // a notice was lost, or is on its way
		r.reread = true
		r.wakeLocked()
	}
}

// keep tells the store. Nobody's going away takes it back: what was taken is taken.
func (s *Sessions) keep(ctx context.Context, h store.Held) (store.Kept, error) {
	kept, err := ask(context.WithoutCancel(ctx), func(ctx context.Context) ([]store.Kept, error) { return s.store.Keep(ctx, []store.Held{h}) })
	if err != nil {
		return store.Kept{}, err
	}
	s.hint(h.TTL)
	return kept[0], nil
}

// query asks one thing of the store.
func (s *Sessions) query(ctx context.Context, q store.Query) (store.Reply, error) {
	replies, err := ask(ctx, func(ctx context.Context) ([]store.Reply, error) { return s.store.Read(ctx, []store.Query{q}) })
	if err != nil {
		return store.Reply{}, err
	}
	return replies[0], nil
}

// failure is the error of a store. That a call of it took too long does not mean that its caller's time is over, so that it is not told from what it wraps.
type failure struct{ of error }

func (f failure) Error() string { return "session: " + f.of.Error() }

// ask asks the store what comes to the same if it is asked again, until it answers.
func ask[A any](ctx context.Context, call func(context.Context) (A, error)) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	for {
		answer, err := call(ctx)
		if err == nil {
			return answer, nil
		}
		if errors.Is(err, store.ErrClosed) || !Pause(ctx, retryTime) {
			return answer, failure{err}
		}
	}
}

// notice takes a notice of the store's.
func (s *Sessions) notice(n store.Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.Kind == store.Resync {
		for _, r := range s.receivers {
			r.again()
		}
		return
	}
	if r := s.receivers[n.Socket]; r != nil {
		r.notice(n)
	}
}

func (r *Receiver) notice(n store.Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case n.Kind == store.Moved && n.Number > 0:
		if r.moved = max(r.moved, n.Number); r.attached && n.Number > r.attach {
			r.failLocked(ErrMoved)
		}
	case n.Kind == store.Moved: // it has ended: the store says how
		r.reread = true
	case n.Kind != store.Added:
	case !r.attached:
		r.latest = max(r.latest, n.Entry.Offset)
	case n.Entry.Offset <= r.tip.Offset: // a repeat
	case n.Entry.Offset == r.tip.Offset+1 && n.Prev == r.tip.Tag && n.Entry.Data != nil:
		r.pending, r.tip = append(r.pending, n.Entry), n.Entry.Cursor
	default:
		r.reread = true
	}
	r.wakeLocked()
}

// again has the stream read.
func (r *Receiver) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread = true
	r.wakeLocked()
}

func (r *Receiver) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failLocked(err)
}

func (r *Receiver) failLocked(err error) {
	if r.failed == nil {
		r.failed = err
	}
	r.wakeLocked()
}

func (r *Receiver) wakeLocked() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
	if r.interrupt != nil {
		r.interrupt()
	}
}
