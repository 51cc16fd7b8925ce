// Package transporttest is the executable specification of a transport: what every implementation of
// transports.Transport must do, seen from its client and from its switchboard at once.
//
//	func TestTransport(t *testing.T) {
//		transporttest.Run(t, transporttest.Subject{Transport: carrier.Transport{}, Dial: dial})
//	}
//
// Every check runs in a bubble of its own (testing/synctest): a real net/http server over net.Pipe, in fake time, so that
// minutes cost nothing. The server has a ReadTimeout and a WriteTimeout of five seconds, as careful programs have. Whatever a check is about,
// afterwards no request may still be served, each link must have been closed once, and no goroutine may be left: the bubble
// ends the test with the stacks of those that are.
package transporttest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports"
)

// Subject is a transport under test.
type Subject struct {
	Transport transports.Transport // with default limits

	// Dial makes one connection that begins with the hello. It need not wait for anything but the connection itself. If
	// the request is refused, Dial or the first Receive returns the z frame of the response as a *protocol.Close.
	Dial func(ctx context.Context, s *Server, hello []byte) (Conn, error)

	// What the transport is said to do. A zero field leaves out the checks of it.
	Once         bool          // a connection carries what one Pull returns
	Heartbeat    time.Duration // a ping comes so often; 0: it has none
	MaxAge       time.Duration // a connection ends when it is so old; 0: it does not
	WriteTimeout time.Duration // a client that does not take in 64 KiB is cut off after so long; 0: it is not (there is nothing to cut)
}

// Conn is the client's end of one connection.
type Conn interface {
	// Send sends frames in one message, or in one POST to /up after a K frame. A z frame in the response is returned as a *protocol.Close.
	Send(frames ...[]byte) error

	// Receive returns the next frames, in order, at least one. When the connection has ended the error is the z frame as a *protocol.Close, if one
	// came, else io.EOF for an orderly end, else the connection's; it may come with the last frames, and is returned again from then on. The
	// z frame itself is not among the frames.
	Receive() ([][]byte, error)

	// Close breaks the connection off.
	Close() error
}

// Run runs all checks that apply to the subject. A check that fails says which rule is broken; docs/transports.md has them all.
func Run(t *testing.T, s Subject) {
	for _, c := range checks {
		if c.of != nil && !c.of(s) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, s)
				defer func() {
					if t.Failed() {
						t.Logf("the broken rule, %s: %s", c.name, c.rule)
					}
				}()
				c.check(t, b)
			})
		})
	}
}
