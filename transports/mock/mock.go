// Package mock carries frames between goroutines of one process, with no network between them: for tests and
// benchmarks of a switchboard, and of what is behind it.
package mock

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the in-memory transport. It has no endpoints: its connections are made by [Dial].
type Transport struct{}

var _ transports.Transport = Transport{}

// Name returns "mock".
func (Transport) Name() string { return "mock" }

// Script returns nil: there is nothing to connect to.
func (Transport) Script() []byte { return nil }

// Endpoints returns none.
func (Transport) Endpoints(transports.Switchboard) map[string]http.Handler { return nil }

// limits are those of a WebSocket by default.
var limits = transports.Limits{Frames: 2048}

// Conn is the client's end of a connection. Send and Receive may be called at once, each from one goroutine at a time; Close from any.
type Conn struct {
	link   transports.Link
	ready  chan struct{} // holds one when there may be something to take
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	end    error // how it ended, as Receive found
}

// Dial opens a connection with the hello. The connection ends with ctx, or by Close, which must be called.
// An error is what
// the switchboard's Open returned, as a *protocol.Close.
func Dial(ctx context.Context, sb transports.Switchboard, hello []byte) (*Conn, error) {
	frames, err := limits.Split(hello)
	if err != nil {
		return nil, err
	}
	if len(frames) != 1 {
		return nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "the hello is not one frame"}
	}
	ctx, cancel := context.WithCancel(ctx)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://mock/", nil)
	if err == nil {
		c := &Conn{ready: make(chan struct{}, 1), ctx: ctx, cancel: cancel}
		if c.link, err = sb.Open(r, frames[0], transports.Carrier{Transport: "mock", Ready: c.wake}); err == nil {
			return c, nil
		}
	}
	cancel()
	return nil, protocol.CloseOf(err)
}

func (c *Conn) wake(bool) {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// Send pushes a message of one frame or several lines and returns when it was dealt with. An error of the switchboard is a *protocol.Close.
func (c *Conn) Send(message []byte) error {
	frames, err := limits.Split(message)
	if err != nil {
		return err
	}
	for _, f := range frames {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		err := c.link.Push(c.ctx, f)
		c.wake(true)
		if err != nil {
			return protocol.CloseOf(err)
		}
	}
	return nil
}

// Receive returns the frames that go down, at least one, or waits for them. After the last it returns [io.EOF], or a *protocol.Close if the
// switchboard ended the connection with a reason, again and again; frames may come with the first.
func (c *Conn) Receive(ctx context.Context) ([][]byte, error) {
	if c.end != nil {
		return nil, c.end
	}
	frames, err := c.take(ctx)
	switch {
	case err == nil, ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return frames, err
	case errors.Is(err, io.EOF):
		c.end = io.EOF
	default:
		c.end = protocol.CloseOf(err)
	}
	c.Close() // as the server does
	return frames, c.end
}

// take waits until there is something to take.
func (c *Conn) take(ctx context.Context) ([][]byte, error) {
	for {
		if c.ctx.Err() != nil {
			return nil, context.Cause(c.ctx)
		}
		if frames, err := c.link.Take(nil); len(frames) > 0 || err != nil {
			return frames, err
		}
		select {
		case <-c.ready:
		case <-c.ctx.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the connection, as a client does that is suddenly gone.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.cancel()
		c.link.Close()
	})
	return nil
}
