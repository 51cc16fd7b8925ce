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
	strikes  int             // of them, by the present transport and for reasons that may be its own
}

func (c *Client) supervise() {
	v := &supervisor{Client: c, worked: map[string]bool{}}
	for c.ctx.Err() == nil {
		begun := time.Now()
		name, opened, err := c.runSession(v.helloTime())
		if c.ctx.Err() != nil {
			break
		}
		c.options.Log.Info("client: session over", "transport", name, "socket", c.ID(), "opened", opened, "error", err)
		v.tally(name, opened, err)
		if err := v.settle(err); err != nil {
			c.end(err)
			break
		}
		v.pause(v.delay(name, err, opened, time.Since(begun)))
	}
	c.status(StatusClosed)
}

// helloTime is more the more often no hello came: an instance may have to be started first.
func (v *supervisor) helloTime() time.Duration {
	return v.options.HelloTime * time.Duration(min(1+v.attempts/len(v.names), 5))
}

// tally counts how the session of a transport went.
func (v *supervisor) tally(name string, opened bool, err error) {
	var closed *protocol.Close
	switch {
	case opened:
		v.worked[name] = true
		v.attempts, v.strikes = 0, 0
	case errors.Is(err, errSwitch):
	case errors.As(err, &closed), unreachable(err):
		v.attempts++
	default:
		v.attempts++
		v.strikes++
	}
}

// settle does to the conversation what the session's end asks for. An error ends the client.
func (v *supervisor) settle(err error) error {
	if v.calls.reserve(v.ctx) != nil {
		return ErrClosed
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	defer func() { v.calls.put(v.callsLocked(v.conv.news())) }()
	var closed *protocol.Close
	word := errors.As(err, &closed)
	v.conv.begin(!word && !errors.Is(err, errSwitch) && !errors.Is(err, errMove))
	switch {
	case word && closed.Code.Action() == protocol.Stop:
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
func (v *supervisor) delay(name string, err error, opened bool, lasted time.Duration) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if errors.Is(err, errSwitch) {
		return 0
	}
	if v.strikes >= strikes || v.strikes > 0 && !v.worked[name] {
		v.strikes = 0
		v.current = (v.current + 1) % len(v.names)
		if v.current > 0 {
			return 0
		}
	}
	var closed *protocol.Close
	moved := errors.Is(err, errMove) || errors.As(err, &closed) && closed.Code == protocol.CodeMove
	r := v.options.Reconnect
	if moved && opened && lasted >= r.Min { // not round and round
		return 0
	}
	limit := r.Min
	for range v.attempts {
		limit = min(2*limit, r.Max)
	}
	wait := rand.N(min(limit, r.Max) + 1)
	if retry, ok := errors.AsType[*retryError](err); ok {
		wait = max(wait, retry.after)
	}
	return wait
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
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
