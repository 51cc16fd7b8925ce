package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Deliver deals with messages that a request has brought, in order, and makes what they come to real in one commit. The error is [ErrUnknown], a *[Gone],
// [ErrUpgraded], or [ErrTwice]: another request was quicker, and this one has had no effect. While the session's client takes nothing in, it waits; when that
// goes on for 10 s the session ends.
func (s *Sessions) Deliver(r *http.Request, sid string, ms []Message) error {
	ctx, id := r.Context(), s.ID(sid)
	s.passing(ctx)
	if !s.turns.lock(ctx, id, !s.cfg.Serial) {
		return ErrTwice
	}
	defer s.turns.unlock(id)
	sock, err := s.look(ctx, sid)
	if err == nil && sock.Attach >= websocket {
		err = ErrUpgraded
	}
	if err != nil {
		return err
	}
	effects := s.post(r, sid, ms)
	_, err = s.turn(ctx, id, sock.Number, effects, s.cfg.Serial)
	return err
}

// post deals with messages that do not come over a websocket that holds the session, and returns what they come to.
func (s *Sessions) post(r *http.Request, sid string, ms []Message) []store.Effect {
	if s.cfg.Board != nil {
		return appends(s.ID(sid), s.postToBoard(r, sid, ms))
	}
	x := &Exchange{ID: s.ID(sid), Request: r}
	for _, m := range ms {
		s.cfg.Program.received(x, m)
	}
	return x.effects()
}

// Deliver deals with messages that a websocket has brought, as [Sessions.Deliver] does with a request's.
func (r *Receiver) Deliver(ctx context.Context, ms []Message) error {
	if r.s.cfg.Board != nil {
		return r.up(ctx, ms)
	}
	if !r.s.turns.lock(ctx, r.id, true) {
		return ctx.Err()
	}
	defer r.s.turns.unlock(r.id)
	effects := r.s.post(r.request, r.sid, ms)
	number, err := r.s.turn(ctx, r.id, r.number, effects, false)
	if r.number = number; err != nil {
		r.fail(err)
	}
	return err
}

// turn commits what a session's messages come to as its next message, and returns that one's number.
func (s *Sessions) turn(ctx context.Context, id string, number uint64, effects []store.Effect, serial bool) (uint64, error) {
	began := time.Now()
	for {
		number++
		out, again, err := s.commit(ctx, store.Turn{Cause: store.Cause{Socket: id, Number: number}, Effects: effects})
		switch {
		case err != nil:
			return number, err
		case out.Status == store.Applied, again && out.Status == store.Repeated:
			return number, nil
		case out.Status == store.Gone:
			reply, err := s.query(ctx, store.Query{Socket: id})
			if err == nil {
				err = s.ended(store.Gone, reply.Sock)
			}
			return number, err
		case out.Status == store.Full && time.Since(began) >= callTime:
			return number, s.lost(ctx, id)
		case out.Status == store.Full:
			if !pause(ctx, retryTime) {
				return number, ctx.Err()
			}
			number--
		case serial:
			return number, ErrTwice
		default: // Repeated or Gap: another one took the number
			number = out.Number
		}
	}
}

// outside commits effects that no session's message brings about.
func (s *Sessions) outside(ctx context.Context, effects []store.Effect) (store.Outcome, bool, error) {
	return s.commit(ctx, store.Turn{Cause: store.Cause{Key: GuestMark + rand.Text(), KeepKey: time.Minute}, Effects: effects})
}

// commit sends a turn until its outcome is known. again: it was sent before, so Repeated means that it was applied. Its inbox is noticed of it as all others are.
func (s *Sessions) commit(ctx context.Context, t store.Turn) (out store.Outcome, again bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	t.Attempt = rand.Text()
	for {
		out, err = s.store.Commit(ctx, t)
		if err == nil {
			s.hint(out.NextDue)
			return out, again, nil
		}
		again = true
		if err == store.ErrClosed || !pause(ctx, retryTime) {
			return out, again, fmt.Errorf("session: %w", err)
		}
	}
}

// locks are held by name.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is free
}

// lock takes a lock, and waits for it if it may; false: it has not got it.
func (l *locks) lock(ctx context.Context, name string, wait bool) bool {
	for {
		l.mu.Lock()
		held := l.held[name]
		if held == nil {
			if l.held == nil {
				l.held = map[string]chan struct{}{}
			}
			l.held[name] = make(chan struct{})
		}
		l.mu.Unlock()
		if held == nil {
			return true
		}
		if !wait {
			return false
		}
		select {
		case <-held:
		case <-ctx.Done():
			return false
		}
	}
}

func (l *locks) unlock(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[name])
	delete(l.held, name)
}
