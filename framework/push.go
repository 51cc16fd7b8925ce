package framework

import (
	"bytes"
	"context"
	"io"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Push implements transports.Link: a frame that came up over a connection that also carries down.
func (l *link) Push(ctx context.Context, line []byte) error {
	f, err := protocol.ParseFrame(line)
	if err == nil {
		err = l.over()
	}
	switch {
	case err != nil:
		return err
	case f.Kind == protocol.Ack:
		return l.acknowledge(f)
	case f.Kind == protocol.Auth:
		return l.identify(ctx, f)
	case f.Kind == protocol.Volatile:
		f.Payload = bytes.Clone(f.Payload)
		f.Header = bytes.Clone(f.Header)
		return l.runVolatile(ctx, f)
	case !numbered(f.Kind):
		return nil // of a later version, perhaps
	}
	f.Payload = bytes.Clone(f.Payload) // a handler may keep it, and the line is used again
	l.mu.Lock()
	m := message{Frame: f, ack: l.unsaidAckLocked(), user: l.userLocked(), link: l}
	l.mu.Unlock()
	if n, _ := f.Number(0); n == l.first {
		m.tries = l.tries
		l.tries = 0
	}
	r, err := l.srv.handleMessage(ctx, l.sock, m)
	if err != nil {
		return err
	}
	l.saidAck(m.ack)
	switch {
	case r.missing:
		l.control(r.frame())
	case !r.answered:
		l.mu.Lock()
		l.acked = r.frame()
		l.mu.Unlock()
		if l.carrier.Ready == nil {
			l.wake()
		}
	}
	if f.Kind == protocol.Goodbye {
		l.end(&protocol.Close{Code: protocol.CodeGone, Why: "goodbye"})
	}
	return nil
}

// over returns why nothing is taken from the connection any more, though it may be that this could not be written yet.
func (l *link) over() error {
	l.expiring()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ending == nil {
		return nil
	}
	return l.ending
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

// unsaidAckLocked returns the client's acknowledgement if the store does not know of it yet.
func (l *link) unsaidAckLocked() store.Cursor {
	if l.ack == l.ackSaid {
		return store.Cursor{}
	}
	return l.ack
}

// saidAck notes that the store knows of an acknowledgement.
func (l *link) saidAck(c store.Cursor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Offset > l.ackSaid.Offset {
		l.ackSaid = c
	}
}

// identify takes credentials that the client says anew.
func (l *link) identify(ctx context.Context, f protocol.Frame) error {
	auth, err := protocol.ParseAuth(f)
	if err != nil || l.said == nil { // whom nobody asks who he is cannot say it anew
		return err
	}
	c, err := l.srv.caller(l.said.request, auth)
	if err == nil {
		err = l.srv.admit(ctx, l.sock, c)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.user = c.user
	l.expireLocked(c.user.Expires)
	return nil
}

// room waits until answers can be queued: a client that asks quicker than it is answered is not read meanwhile.
func (l *link) room(ctx context.Context) error {
	for {
		l.mu.Lock()
		full, closed := len(l.controls) >= maxControls, l.closed
		if full && l.taken == nil {
			l.taken = make(chan struct{})
		}
		taken := l.taken
		l.mu.Unlock()
		switch {
		case closed:
			return io.EOF
		case !full:
			return nil
		}
		select {
		case <-taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runVolatile runs a volatile call beside all others. One too many is refused.
func (l *link) runVolatile(ctx context.Context, f protocol.Frame) error {
	if err := l.room(ctx); err != nil {
		return err
	}
	if refused := l.sock.beginVolatile(f, l.srv.cfg.Limits.Volatile); refused != nil {
		l.control(refused)
		return nil
	}
	l.mu.Lock()
	user := l.userLocked()
	l.mu.Unlock()
	work := func() { // a turn like all others: Drain waits for it
		defer l.sock.endVolatile()
		answer := l.srv.volatileCall(ctx, l.sock, user, f)
		if l.carrier.Ready == nil {
			l.control(answer)
			return
		}
		l.quietly(func() { l.control(answer) })
		l.carrier.Ready(true)
	}
	if l.carrier.Beside == nil {
		go work()
	} else {
		l.carrier.Beside(work)
	}
	return nil
}
