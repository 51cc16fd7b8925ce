package session

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Deliver deals with messages that a request has brought, in order, and makes what they come to real, in one commit unless it is much. The error is [ErrUnknown], a *[Gone],
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
	_, err = s.deal(ctx, r, sid, ms, sock.Number, s.cfg.Serial)
	return err
}

// What one commit has of answers at most, but for those to its last message: together with what makes a stream [store.Full] they do not fill it.
const (
	commitEntries = store.MaxEntries / 4
	commitBytes   = store.MaxBytes / 4
)

// deal deals with messages after the one of a number, and returns the number of the last.
func (s *Sessions) deal(ctx context.Context, r *http.Request, sid string, ms []Message, number uint64, serial bool) (_ uint64, err error) {
	id := s.ID(sid)
	for err == nil && len(ms) > 0 {
		var effects []store.Effect
		effects, ms = s.post(r, sid, ms)
		number, err = s.turn(ctx, id, number, effects, serial)
	}
	return number, err
}

// post deals with messages until what they come to is enough for one commit, and returns that and the other messages.
func (s *Sessions) post(r *http.Request, sid string, ms []Message) ([]store.Effect, []Message) {
	if s.cfg.Board != nil {
		return appends(s.ID(sid), s.postToBoard(r, sid, ms)), nil
	}
	x := &Exchange{ID: s.ID(sid), Request: r}
	for len(ms) > 0 && len(x.down) < commitEntries && x.size < commitBytes {
		s.cfg.Program.received(x, ms[0])
		ms = ms[1:]
		if x.end != nil {
			ms = nil
		}
	}
	return x.effects(), ms
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
	number, err := r.s.deal(ctx, r.request, r.sid, ms, r.number, false)
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
			if !Pause(ctx, retryTime) {
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
		if errors.Is(err, store.ErrClosed) || !Pause(ctx, retryTime) {
			return out, again, failure{err}
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
