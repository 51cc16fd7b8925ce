package client

import (
	"context"
	"errors"

	"github.com/sojourn-go/sojourn/protocol"
)

// maxQueue bounds the messages that wait to take effect.
const maxQueue = 10_000

// Call calls a method, "chat.say", and waits for its answer, which is decoded into out unless that is nil.
//
// in is sent as JSON; a []byte as raw bytes, if the method takes them; nil as nothing; a [protocol.Payload] as it is. out takes an answer
// in the same ways, by pointer.
//
// An error of the service is an [*Error]. When ctx ends first its error is returned, and the call may still take effect.
func (c *Client) Call(ctx context.Context, method string, in, out any) error {
	return c.Send(method, in).Wait(ctx, out)
}

// Send makes a call without waiting for it: calls take effect in the order in which they were sent. Whoever sends need not Wait.
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

// Volatile calls a method that is volatile: at once, in no order, and not again if the connection breaks; then, and if there is none, the error's code is "unavailable".
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
	case len(c.conv.volatile) >= maxQueue:
		m.settle(nil, errFull)
	default:
		c.conv.volatile = append(c.conv.volatile, m)
	}
	c.mu.Unlock()
	c.wakeUp()
	return (&Pending{&m.pending}).Wait(ctx, out)
}

// Handle has a handler called for a method of this side: events and questions of the server. It replaces the one before.
func (c *Client) Handle(method string, h Handler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers[method] = h
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
	switch {
	case c.err != nil:
		m.settle(nil, c.err)
	case c.closing != nil:
		m.settle(nil, ErrClosed)
	case len(c.conv.queue) >= maxQueue:
		m.settle(nil, errFull)
	default:
		c.conv.add(m)
	}
}

// answer runs a handler for a question and queues its answer.
func (c *Client) answer(ask string, h Handler, in protocol.Payload) {
	kind, payload, err := protocol.Reply, protocol.Payload(nil), error(&Error{Code: "not_found", Message: "no such method"})
	if h != nil {
		var out any
		if out, err = h(c.ctx, in); err == nil {
			payload, err = encode(out)
		}
	}
	if err != nil {
		kind = protocol.ReplyError
		e, ok := errors.AsType[*Error](err)
		if !ok {
			e = &Error{Code: "internal", Message: err.Error()}
		}
		payload, _ = encode(e) // strings always can be
	}
	m, err := newMessage(kind, ask, payload)
	if err != nil {
		c.options.Log.Error("client: answer", "error", err)
		return
	}
	c.queueMessage(m)
}
