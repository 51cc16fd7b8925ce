package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

const (
	claimMax   = 16
	claimLease = 30 * time.Second
	claimAgain = time.Second // after an error
	buried     = time.Millisecond
)

// claims tells whether what is due is done here: what is in a switchboard's store it does itself.
func (s *Sessions) claims() bool { return !s.hosted }

// hint takes a store's answer of when something is due. That there is a process then makes it quick; what is due waits for the next request, anywhere.
func (s *Sessions) hint(in time.Duration) {
	if in < 0 || !s.claims() {
		return
	}
	at := time.Now().Add(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.due.IsZero() && !at.Before(s.due) {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.due = at
	s.timer = time.AfterFunc(in, func() {
		if s.begin() {
			defer s.done.Done()
			s.claimAll(s.ctx)
		}
	})
}

// begin notes that something begins that Close waits for; false: nothing may.
func (s *Sessions) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.done.Add(1)
	return true
}

// passing is called by requests: what is due is done in their time, if no timer could run when it was.
func (s *Sessions) passing(ctx context.Context) {
	s.mu.Lock()
	late := !s.due.IsZero() && time.Since(s.due) > 0
	s.mu.Unlock()
	if late {
		s.claimAll(ctx)
	}
}

// claimAll does what is due. Others may be at it: each gets something else.
func (s *Sessions) claimAll(ctx context.Context) {
	for s.claims() {
		n, next, err := s.claim(context.WithoutCancel(ctx))
		if err != nil || n == 0 || next != 0 {
			return
		}
	}
}

// claim claims once, and does what it got: n things. next is until something is due.
func (s *Sessions) claim(ctx context.Context) (n int, next time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	s.mu.Lock()
	s.due = time.Time{}
	s.mu.Unlock()
	got, err := s.store.Claim(ctx, claimMax, claimLease)
	if err != nil {
		s.hint(claimAgain)
		return 0, 0, fmt.Errorf("session: %w", err)
	}
	var burying sync.WaitGroup
	for _, due := range got.Due { // all at the same time, so that it is done before the lease is over
		if string(due.Socket.User) == s.cfg.Name { // else somebody has given one store to two: its own instances find it when the lease is over
			burying.Go(func() { _ = s.bury(ctx, due) }) // it is due again when the lease is over
		}
	}
	burying.Wait()
	s.hint(got.NextDue)
	return len(got.Due), got.NextDue, nil
}

// bury tells the program that a session has ended, and makes that final.
func (s *Sessions) bury(ctx context.Context, due store.Due) error {
	sock := due.Socket
	end := Gone{Code: sock.Code, Why: sock.Why}
	if expired(sock) {
		end = Gone{Why: s.cfg.Expired}
	}
	s.cfg.Program.closed(sock.ID, end)
	keep := buried
	if end.Code != 0 {
		keep = s.cfg.Tombstone
	}
	_, _, err := s.commit(ctx, store.Turn{
		Cause:   store.Cause{Socket: sock.ID, Token: due.Token},
		Effects: []store.Effect{store.Bye{Code: sock.Code, Why: sock.Why, Keep: max(keep, buried)}},
	})
	return err
}

// Sweep ends what is overdue, and returns how many sessions that were: for instances that do not run between requests. It may wait for 10 seconds, if nobody has looked for
// long. What is in a switchboard's store that sweeps.
func (s *Sessions) Sweep(ctx context.Context) (int, error) {
	if !s.claims() {
		return 0, nil
	}
	for total := 0; ; {
		n, next, err := s.claim(ctx)
		total += n
		switch {
		case err != nil:
			return total, err
		case n > 0 || next == 0:
		case next < 0 || next > callTime+time.Second:
			return total, nil
		case !pause(ctx, next):
			return total, ctx.Err()
		}
	}
}
