package client

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// pollPause is the least time between two polls that bring nothing, after another one: against an instance that answers at once.
const pollPause = 250 * time.Millisecond

// carryLongPoll carries a session by polls, one after the other.
func carryLongPoll(s *session) error {
	s.goOn()
	s.wg.Go(func() { s.cancel(s.carryUp()) })
	nothing := 0
	for now := true; ; now = false {
		begun := time.Now()
		n, err := s.poll(now)
		if err != nil {
			return err
		}
		if nothing++; n > 1 {
			nothing = 0
		}
		if nothing < 2 {
			continue
		}
		select {
		case <-time.After(pollPause - time.Since(begun)):
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

// goOn brings messages up before the first poll is answered, if the socket exists: the instance may hold that poll for as
// long as there is nothing to say. For the same reason its time is that of any poll. A suspect message waits.
func (s *session) goOn() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.c.conv.known && !s.c.conv.isSuspect() && s.from == nil {
		s.watch.Reset(pollSilence)
		s.setReady()
	}
}

// poll makes one poll: a hello, and all that comes in answer to it, or nothing if it did not come whole. It returns the number of lines.
func (s *session) poll(now bool) (int, error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, pollSilence, errSilent)
	defer cancel()
	hello, attach := s.hello(now)
	if hello == nil {
		return 0, context.Cause(s.ctx)
	}
	body, err := s.c.post(ctx, "/lp", hello)
	if err != nil {
		return 0, err
	}
	lines := protocol.Lines(body)
	if len(lines) == 0 {
		return 0, fmt.Errorf("client: /lp: %w: empty response", protocol.ErrMalformed)
	}
	return len(lines), s.receive(attach, lines)
}
