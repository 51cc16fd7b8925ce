package client

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// pollPause is the least time between the beginnings of two polls of which the first brought nothing: against an instance that answers at once.
const pollPause = 250 * time.Millisecond

// carryLongPoll carries a session by polls, one after the other.
func carryLongPoll(s *session) error {
	s.wg.Go(func() { s.cancel(s.carryUp()) })
	for {
		begun := time.Now()
		lines, err := s.poll()
		if err != nil {
			return err
		}
		if len(lines) > 1 {
			continue
		}
		select {
		case <-time.After(pollPause - time.Since(begun)):
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

// poll makes one poll: a hello, and all that comes in answer to it, or nothing if it did not come whole.
func (s *session) poll() ([][]byte, error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, pollSilence, errSilent)
	defer cancel()
	hello, attach := s.hello()
	body, err := s.c.post(ctx, "/lp", hello)
	if err != nil {
		return nil, err
	}
	lines := protocol.Lines(body)
	if len(lines) == 0 {
		return nil, fmt.Errorf("client: /lp: %w: empty response", protocol.ErrMalformed)
	}
	return lines, s.receive(attach, lines)
}
