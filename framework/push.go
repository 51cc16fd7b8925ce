package framework

import (
	"bytes"
	"context"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Push implements transports.Link: a frame that came up over a connection that also carries down.
func (l *link) Push(ctx context.Context, line []byte) error {
	f, err := protocol.ParseFrame(line)
	switch {
	case err != nil:
		return err
	case f.Kind == protocol.Ack:
		return l.acknowledge(f)
	case f.Kind == protocol.Volatile:
		return l.runVolatile(ctx, bytes.Clone(line))
	case !numbered(f.Kind):
		return nil // of a later version, perhaps
	}
	m := message{Frame: f, ack: l.unsaidAck()}
	if n, _ := f.Number(0); n == l.first {
		m.tries = l.tries
		l.tries = 0
	}
	reply, answered, err := l.srv.handleMessage(ctx, l.sock, m)
	if err != nil {
		return err
	}
	switch {
	case protocol.Kind(reply[0]) == protocol.Gap:
		l.control(reply)
	case !answered:
		l.mu.Lock()
		l.acked = reply
		l.mu.Unlock()
		l.wake()
	}
	if f.Kind == protocol.Goodbye {
		l.end(&protocol.Close{Code: protocol.CodeGone, Why: "goodbye"})
	}
	return nil
}

func (l *link) acknowledge(f protocol.Frame) error {
	c, err := f.Cursor(0)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.ack = c
	much := c.Offset >= l.ackSaid.Offset+store.MaxEntries/8
	l.mu.Unlock()
	if much { // else it waits for the next message, or the next look at the store
		l.srv.due.keepSoon()
	}
	return nil
}

// unsaidAck returns the client's acknowledgement if the store does not know of it yet, as one that it will be told.
func (l *link) unsaidAck() store.Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ack == l.ackSaid {
		return store.Cursor{}
	}
	l.ackSaid = l.ack
	return l.ack
}

// runVolatile runs a volatile call beside all others. One too many is refused.
func (l *link) runVolatile(ctx context.Context, line []byte) error {
	f, err := protocol.ParseFrame(line)
	if err != nil {
		return err
	}
	select {
	case l.runs <- struct{}{}:
	default:
		e := Errorf(CodeRateLimited, "more than %d volatile calls at the same time", maxVolatileRuns)
		l.control(join(string(rune(protocol.VolatileError)), f.Field(0), e.payload()))
		return nil
	}
	go func() { // a turn like all others: Drain waits for it
		defer func() { <-l.runs }()
		l.control(l.srv.volatileCall(ctx, l.sock, f))
	}()
	return nil
}
