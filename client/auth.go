package client

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// authTime is how long Options.Auth may take.
const authTime = 30 * time.Second

// Token returns an Options.Auth that always says the same.
func Token(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// authError is an error of Options.Auth: it says nothing about the transport.
type authError struct{ error }

func (e authError) Unwrap() error { return e.error }

// identify asks the program for credentials, if it has any. What it says is in every hello and request from then on.
func (c *Client) identify(ctx context.Context) error {
	if c.options.Auth == nil {
		return nil
	}
	select {
	case c.asking <- struct{}{}: // one at a time: a refresh token may be good for one use
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, authTime)
	defer cancel()
	auth, err := c.options.Auth(ctx)
	if err != nil {
		return authError{fmt.Errorf("client: auth: %w", err)}
	}
	c.mu.Lock()
	c.conv.auth = auth
	c.mu.Unlock()
	return nil
}

// expiring has fresh credentials said before those of the connection run out.
func (s *session) expiring(line []byte) error {
	within, err := milliseconds(line)
	if err != nil || s.renewing.Swap(true) {
		return err
	}
	duplex := s.duplex
	s.wg.Go(func() {
		defer s.renewing.Store(false)
		s.renew(duplex, within)
	})
	return nil
}

// renew says fresh credentials. Those that are not the client's to say (cookies) come with any request; a WebSocket's are those of its handshake, and it takes
// another one to say others.
func (s *session) renew(duplex bool, within time.Duration) {
	c := s.c
	if err := c.identify(s.ctx); err != nil {
		c.options.Log.Warn("client: no fresh credentials", "error", err) // the connection will end, and the next attempt asks again
		return
	}
	c.mu.Lock()
	anew := duplex && c.conv.auth == ""
	if !anew {
		c.conv.unsaidAuth = true
	}
	c.mu.Unlock()
	if anew {
		s.replace(0, within)
	} else {
		c.wakeUp()
	}
}

// milliseconds reads a frame that gives so much time; at most a minute of it counts.
func milliseconds(line []byte) (time.Duration, error) {
	f, err := protocol.ParseFrame(line)
	if err != nil {
		return 0, err
	}
	ms, err := f.Number(0)
	return time.Duration(min(ms, 60_000)) * time.Millisecond, err
}
