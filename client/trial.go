package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// A session may be replaced while it lives: by one to another instance, or over a better transport. The new one is on trial until its hello is
// answered. Only then is the old one left, so that a trial that comes to nothing costs nothing.

// errOutdone ends a session that another one of this client has taken the place of, and a trial that is of no use any more.
var errOutdone = errors.New("client: another connection took over")

// A client on a lesser transport tries the better ones again.
const (
	climbAfter = time.Minute
	climbEach  = 10 * time.Minute
)

// try runs a session over a transport on trial. It returns when that has taken the place of s, or is over.
func (s *session) try(name string) error {
	select {
	case s.trying <- struct{}{}:
		defer func() { <-s.trying }()
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	t := s.c.newSession(name, s.c.options.HelloTime, s)
	select {
	case <-t.over:
	case <-s.ctx.Done():
		if !s.leftTo(t) {
			t.cancel(errOutdone)
		}
		select {
		case <-t.over:
		case <-t.taken:
		}
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.heir == t {
		return nil
	}
	s.c.options.Log.Info("client: trial over", "transport", name, "error", t.err)
	return t.err
}

// leftTo tells whether a trial is to be waited for though s has ended: often because an instance has heard the trial's hello, which is told on both connections.
func (s *session) leftTo(t *session) bool {
	cause := context.Cause(s.ctx)
	var closed *protocol.Close
	stop := errors.As(cause, &closed) && closed.Code.Action() != protocol.Resume && !s.overtaken(cause)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.heir == t || s.trial == t && !stop && !errors.Is(cause, errSwitch)
}

// takeOverLocked makes a session that was on trial, and whose hello was just answered, the one in use.
func (s *session) takeOverLocked() {
	c, old := s.c, s.from
	c.conv.resend()
	c.session, old.heir, s.from = s, s, nil
	close(s.taken)
	c.current = slices.Index(c.names, s.name)
	old.cancel(errOutdone)
}

// replace tries for a time to go on over another connection by the same transport, first after a while.
func (s *session) replace(first, within time.Duration) {
	r := s.c.options.Reconnect
	end := time.Now().Add(within)
	first = max(first, r.Min-time.Since(s.begun)) // not round and round
	for wait, limit := first, r.Min; s.sleep(wait) && s.try(s.name) != nil && time.Now().Before(end); limit *= 2 {
		wait = limit/2 + rand.N(limit)
	}
}

// moved has the session replaced somewhere within the time that the instance gives: not all its clients at once.
func (s *session) moved(line []byte) error {
	within, err := milliseconds(line)
	if err != nil || s.moving.Swap(true) {
		return err
	}
	s.wg.Go(func() {
		defer s.moving.Store(false)
		s.replace(rand.N(within/2+1), within)
	})
	return nil
}

// climb tries the transports before the session's own, now and then.
func (s *session) climb() {
	c := s.c
	for {
		c.mu.Lock()
		better := c.names[:max(0, slices.Index(c.names, s.name))]
		switch {
		case len(better) == 0:
			c.climbAt = time.Time{}
		case c.climbAt.IsZero():
			c.climbAt = time.Now().Add(climbAfter)
		}
		at := c.climbAt
		c.mu.Unlock()
		if at.IsZero() || !s.sleep(time.Until(at)) {
			return
		}
		c.mu.Lock()
		c.climbAt = time.Now().Add(climbEach)
		c.mu.Unlock()
		for _, name := range better {
			if s.try(name) == nil {
				return
			}
		}
	}
}

// sleep waits, and tells whether the session still lives.
func (s *session) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// overtaken tells whether the instance ended a session only because another one of this client had said a newer hello.
func (s *session) overtaken(err error) bool {
	var closed *protocol.Close
	if !errors.As(err, &closed) || closed.Code != protocol.CodeReplaced && closed.Code != protocol.CodeStale {
		return false
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.attach < s.c.conv.attach
}
