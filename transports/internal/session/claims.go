package session

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

const (
	claimMax    = 16
	claimLease  = 30 * time.Second
	claimAgain  = time.Second // after an error
	passingTime = time.Second // of a request's
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
	if !s.due.IsZero() && !at.Before(s.due) {
		return
	}
	s.due = at
	if s.closed {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(in, func() {
		if s.begin() {
			defer s.done.Done()
			s.claimAll(s.ctx)
		}
	})
}

// late tells whether something is due, as far as is known.
func (s *Sessions) late() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.due.IsZero() && !time.Now().Before(s.due)
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

// passing is called by requests: some of their time is given to what is due, if no timer could run when it was. When nothing may begin any more it takes what it takes.
func (s *Sessions) passing(ctx context.Context) {
	if !s.late() {
		return
	}
	if !s.begin() {
		s.claimAll(ctx)
		return
	}
	worked := make(chan struct{})
	go func() {
		defer s.done.Done()
		defer close(worked)
		s.claimAll(s.ctx)
	}()
	ctx, cancel := context.WithTimeout(ctx, passingTime)
	defer cancel()
	select {
	case <-worked:
	case <-ctx.Done():
	}
}

// claimAll does what is due, unless somebody here is at it: that one goes on until nothing is.
func (s *Sessions) claimAll(ctx context.Context) {
	for s.claims() && s.late() && s.claiming.TryLock() {
		_, _, _ = s.claim(context.WithoutCancel(ctx)) // if it fails it is due again in a while
		s.claiming.Unlock()
	}
}

// claim claims once, and does what it got: n things. next is until something is due.
func (s *Sessions) claim(ctx context.Context) (n int, next time.Duration, err error) {
	s.mu.Lock()
	s.due = time.Time{}
	s.mu.Unlock()
	calling, cancel := context.WithTimeout(ctx, callTime)
	got, err := s.store.Claim(calling, claimMax, claimLease)
	cancel()
	if err != nil {
		s.hint(claimAgain)
		return 0, 0, fmt.Errorf("session: %w", err)
	}
	s.buryAll(ctx, got.Due)
	s.hint(got.NextDue)
	return len(got.Due), got.NextDue, nil
}

// buryAll buries what was claimed, all at the same time, so that it is done before the lease is over. What takes long is not waited for: if nobody claims for as long as a lease
// the store waits with deadlines.
func (s *Sessions) buryAll(ctx context.Context, claimed []store.Due) {
	done := make(chan struct{}, len(claimed))
	n := 0
	for _, due := range claimed {
		if string(due.Socket.User) != s.cfg.Name {
			continue // somebody has given one store to two: its own instances find it when the lease is over
		}
		n++
		counted := s.begin()
		go func() {
			if counted {
				defer s.done.Done()
			}
			_ = s.bury(ctx, due) // it is due again when the lease is over
			done <- struct{}{}
		}()
	}
	enough := time.NewTimer(callTime)
	defer enough.Stop()
	for range n {
		select {
		case <-done:
		case <-enough.C:
			return
		}
	}
}

// bury tells the program that a session has ended, and makes that final.
func (s *Sessions) bury(ctx context.Context, due store.Due) error {
	sock := due.Socket
	end := Gone{Code: sock.Code, Why: sock.Why}
	if expired(sock) {
		end = Gone{Why: s.cfg.Expired}
	}
	s.cfg.Program.closed(sock.ID, end)
	keep := s.cfg.Trace
	if end.Code != 0 {
		keep = s.cfg.Tombstone
	}
	_, _, err := s.commit(ctx, store.Turn{
		Cause:   store.Cause{Socket: sock.ID, Token: due.Token},
		Effects: []store.Effect{store.Bye{Code: sock.Code, Why: sock.Why, Keep: max(keep, time.Millisecond)}},
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
		case !Pause(ctx, next):
			return total, ctx.Err()
		}
	}
}
