package client

import (
	"context"
	"errors"

	"github.com/sojourn-go/sojourn/protocol"
)

// Handler handles an event or a question of the server; [Event] and [Question] make one that knows the types of its payload and answer.
//
// Events are handled one after the other. Each question has a goroutine of its own, at most Options.Questions at once, so that a handler may wait for a
// person. What it returns answers the question, encoded as the payload of a call; an [*Error] is passed on as it is, another error as one with code "internal".
// An event's answer is ignored, and its error logged. ctx ends with the client.
type Handler func(ctx context.Context, payload protocol.Payload) (answer any, err error)

// Event makes a Handler of events. The payload is decoded as Client.Call decodes answers; one that does not fit is logged.
func Event[In any](f func(ctx context.Context, in In)) Handler {
	return func(ctx context.Context, p protocol.Payload) (any, error) {
		var in In
		if err := decode(p, &in); err != nil {
			return nil, err
		}
		f(ctx, in)
		return nil, nil
	}
}

// Question makes a Handler of questions. The payload is decoded as Client.Call decodes answers; one that does not fit is answered with the code "invalid".
func Question[In, Out any](f func(ctx context.Context, in In) (Out, error)) Handler {
	return func(ctx context.Context, p protocol.Payload) (any, error) {
		var in In
		if err := decode(p, &in); err != nil {
			return nil, &Error{Code: "invalid", Message: "the payload does not fit"}
		}
		return f(ctx, in)
	}
}

// Handle has a handler called for a method of this side, "chat.notice": events and questions of the server. It replaces the one before; nil removes it. A
// question without a handler, and without one of Options.Fallback, is answered with the code "not_found".
func (c *Client) Handle(method string, h Handler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handlers[method] = h
}

func (c *Client) handler(method string, asked bool) Handler {
	c.mu.Lock()
	h := c.handlers[method]
	c.mu.Unlock()
	if h == nil && c.options.Fallback != nil {
		h = c.options.Fallback(method, asked)
	}
	return h
}

// event has an event handled.
func (c *Client) event(d delivery) {
	h := c.handler(d.method, false)
	if h == nil {
		c.options.Log.Debug("client: event without a handler", "method", d.method)
		return
	}
	if _, err := h(c.ctx, d.payload); err != nil {
		c.options.Log.Warn("client: event", "method", d.method, "error", err)
	}
}

// question has a question handled and queues its answer. It returns what is closed when that took effect, or came to nothing.
func (c *Client) question(d delivery) <-chan struct{} {
	var payload protocol.Payload
	err := error(&Error{Code: "not_found", Message: "no such method"})
	if h := c.handler(d.method, true); h != nil {
		var out any
		if out, err = h(c.ctx, d.payload); err == nil {
			payload, err = encode(out)
		}
	}
	var m *message
	if err == nil {
		m, err = newMessage(protocol.Reply, d.ask, payload)
	}
	if err != nil {
		m, err = newMessage(protocol.ReplyError, d.ask, errorPayload(err))
	}
	if err != nil { // a question without a name
		c.options.Log.Error("client: question", "method", d.method, "error", err)
		return nil
	}
	c.queueMessage(m)
	return m.done
}

// errorPayload is what the server is told of a handler's error.
func errorPayload(err error) protocol.Payload {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: "internal", Message: err.Error()}
	}
	payload, _ := encode(e) // strings always can be
	return payload
}
