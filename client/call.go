package client

import (
	"context"

	"github.com/sojourn-go/sojourn/protocol"
)

// Call calls a method, "chat.say", and waits for its answer, which is decoded into out unless that is nil.
//
// in is sent as JSON; a []byte as raw bytes, if the method takes them; nil as nothing; a [protocol.Payload] as it is. out takes an answer
// in the same ways, by pointer.
//
// An error of the service is an [*Error], and so are "full", if Options.MaxQueue messages are under way, and "gone", when the call took effect
// and its answer cannot be had any more; and "unknown", when nobody can tell whether it did. When the client ends the error is that of Client.Err. When ctx ends first its error is returned, and the call may still take effect.
func (c *Client) Call(ctx context.Context, method string, in, out any) error {
	return c.Send(method, in).Wait(ctx, out)
}

// Send makes a call without waiting for it: calls take effect in the order in which they were sent, also if there is no connection just now. Whoever sends need
// not Wait. Errors are those of Call, from Wait.
func (c *Client) Send(method string, in any) *Pending {
	payload, err := encode(in)
	if err != nil {
		return failed(err)
	}
	m, err := newMessage(protocol.Call, method, payload)
	if err != nil {
		return failed(err)
	}
	c.queueMessage(m)
	return &Pending{&m.pending}
}

// Volatile calls a method that is volatile: at once, in no order, and not again if the connection breaks or is replaced; then, and if there is none, the
// error's code is "unavailable". It is "full" if Options.MaxQueue such calls have no answer yet. When ctx ends first its error is returned.
func (c *Client) Volatile(ctx context.Context, method string, in, out any) error {
	payload, err := encode(in)
	if err != nil {
		return err
	}
	m, err := newMessage(protocol.Volatile, method, payload)
	if err != nil {
		return err
	}
	c.mu.Lock()
	switch {
	case c.err != nil:
		m.settle(nil, c.err)
	case !c.open:
		m.settle(nil, &Error{Code: "unavailable", Message: "no connection"})
	case len(c.conv.volatile)+len(c.conv.asked) >= c.options.MaxQueue:
		m.settle(nil, errFull)
	default:
		c.conv.volatile = append(c.conv.volatile, m)
	}
	c.mu.Unlock()
	c.wakeUp()
	err = (&Pending{&m.pending}).Wait(ctx, out)
	c.mu.Lock()
	c.conv.forget(m) // nobody waits for it any more
	c.mu.Unlock()
	return err
}

var errFull = &Error{Code: "full", Message: "too much waits to be sent"}

func failed(err error) *Pending {
	p := &pending{done: make(chan struct{})}
	p.settle(nil, err)
	return &Pending{p}
}

// queueMessage queues a message, or settles it if it cannot be sent any more.
func (c *Client) queueMessage(m *message) {
	c.mu.Lock()
	c.queueLocked(m)
	c.mu.Unlock()
	c.wakeUp()
}

func (c *Client) queueLocked(m *message) {
	optional := m.kind == protocol.Call || m.kind == protocol.Subscribe // of the others there are no more than questions and topics
	switch {
	case c.err != nil:
		m.settle(nil, c.err)
	case c.closing != nil:
		m.settle(nil, ErrClosed)
	case optional && len(c.conv.queue)+len(c.conv.waiting) >= c.options.MaxQueue:
		m.settle(nil, errFull)
	default:
		c.conv.add(m)
	}
}
