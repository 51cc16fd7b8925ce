package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// strikes is how often in a row a transport that worked before may end without a hello before the next one is tried. One that never worked may not.
const strikes = 3

// supervisor runs one session after the other until the client ends.
type supervisor struct {
	*Client
	worked   map[string]bool // transports by which a hello came
	attempts int             // in a row without a hello
	failures int             // in a row: attempts, and sessions that should not be repeated soon
	strikes  int             // of them, by the present transport and for reasons that may be its own
}

func (c *Client) supervise() {
	v := &supervisor{Client: c, worked: map[string]bool{}}
	for c.ctx.Err() == nil {
		s := v.carry()
		if c.ctx.Err() != nil {
			break
		}
		if s.overtaken(s.err) {
			s.err = errOutdone
		}
		c.failure = s.err
		v.tally(s)
		if err := v.settle(s.err); err != nil {
			c.end(err)
			break
		}
		if s.isOpen() {
			c.status(StatusReconnecting)
		}
		v.pause(v.delay(s))
	}
	c.status(StatusClosed)
}

// carry carries the conversation by a session, and by those that take its place while it lives. It returns the last of them.
func (v *supervisor) carry() *session {
	for s := v.newSession("", v.helloTime(), nil); ; {
		<-s.over
		v.options.Log.Info("client: session over", "transport", s.name, "socket", v.ID(), "opened", s.isOpen(), "error", s.err)
		heir := v.endSession(s)
		if heir == nil {
			return s
		}
		v.worked[heir.name] = true
		s = heir
	}
}

// helloTime is more the more often no hello came: an instance may have to be started first.
func (v *supervisor) helloTime() time.Duration {
	return v.options.HelloTime * time.Duration(min(1+v.attempts/len(v.options.Transports), 5))
}

// tally counts how a session went.
func (v *supervisor) tally(s *session) {
	var closed *protocol.Close
	opened := s.isOpen()
	switch {
	case opened:
		v.worked[s.name] = true
		v.attempts, v.strikes = 0, 0
	case errors.Is(s.err, errSwitch):
		return
	case errors.As(s.err, &closed), unreachable(s.err):
		v.attempts++
	default:
		v.attempts++
		v.strikes++
	}
	if opened && (!burdened(s.err) || time.Since(s.begun) >= v.options.Reconnect.Max) {
		v.failures = 0
	} else {
		v.failures++
	}
}

// burdened tells whether an error is that of an instance that should be left in peace for a while: it cannot serve, or it talks nonsense.
func burdened(err error) bool {
	if closed, ok := errors.AsType[*protocol.Close](err); ok {
		known := closed.Code >= protocol.CodeMove && closed.Code <= protocol.CodeCrowded
		return !known || closed.Code == protocol.CodeUnavailable || closed.Code == protocol.CodeCrowded
	}
	return errors.Is(err, protocol.ErrMalformed) || errors.Is(err, errTooLong)
}

// settle does to the conversation what the session's end asks for. An error ends the client.
func (v *supervisor) settle(err error) error {
	if v.calls.reserve(v.ctx, 0) != nil {
		return ErrClosed
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	defer func() { v.calls.put(v.callsLocked(v.conv.news()), 0) }()
	var closed *protocol.Close
	word := errors.As(err, &closed)
	v.conv.begin(!word && !errors.Is(err, errSwitch) && !errors.Is(err, errOutdone))
	switch {
	case word && closed.Code.Action() == protocol.Stop:
		v.conv.stop(closed.In)
		return fmt.Errorf("client: %w", closed)
	case word && closed.Code.Action() == protocol.Anew:
		v.conv.anew(closed.In, closed.Code.String())
		if v.closing != nil { // it is what we asked for
			v.conv.news()
			return ErrClosed
		}
	case v.options.Reconnect.Attempts > 0 && v.attempts > v.options.Reconnect.Attempts:
		return fmt.Errorf("client: no connection after %d attempts: %w", v.attempts, err)
	}
	return nil
}

// delay returns how long to wait before the next session, and chooses its transport.
func (v *supervisor) delay(s *session) (wait time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if errors.Is(s.err, errSwitch) {
		return 0
	}
	next := false
	if v.strikes >= strikes || v.strikes > 0 && !v.worked[s.name] {
		v.strikes = 0
		v.current = (v.current + 1) % len(v.names)
		next = v.current > 0
	}
	r := v.options.Reconnect
	if !next && !(asked(s.err) && s.isOpen() && time.Since(s.begun) >= r.Min) { // not round and round
		limit := r.Min
		for range v.failures {
			limit = min(2*limit, r.Max)
		}
		wait = rand.N(min(limit, r.Max) + 1)
	}
	if retry, ok := errors.AsType[*retryError](s.err); ok {
		wait = max(wait, retry.after)
	}
	return wait
}

// asked tells whether the instance ended a session that should go on at once.
func asked(err error) bool {
	closed, ok := errors.AsType[*protocol.Close](err)
	return ok && (closed.Code == protocol.CodeMove || closed.Code == protocol.CodeExpired)
}

func (v *supervisor) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.kick:
	case <-v.ctx.Done():
	}
}

// unreachable tells whether an error says nothing about the transport.
func unreachable(err error) bool {
	if _, ok := errors.AsType[authError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
