package client

import (
	"context"
	"sync"
)

// maxCallbacks bounds what waits to be called; beyond it, nothing more is read from the connection.
const maxCallbacks = 1024

// callbacks calls the program's functions, one after the other, in a goroutine of its own: so that a callback can wait for a call.
//
// Room is reserved before a frame is applied, so that handing over what came of it can neither block nor fail.
type callbacks struct {
	room  chan struct{}
	queue chan []func()
	quit  context.Context // when it ends what is queued is dropped
	wg    sync.WaitGroup
}

func newCallbacks(quit context.Context) *callbacks {
	c := &callbacks{room: make(chan struct{}, maxCallbacks), queue: make(chan []func(), maxCallbacks), quit: quit}
	c.wg.Go(func() {
		for calls := range c.queue {
			for _, call := range calls {
				if quit.Err() == nil {
					call()
				}
			}
			<-c.room
		}
	})
	return c
}

// reserve waits for room for one put. Every reserve that returns nil is followed by one put.
func (c *callbacks) reserve(ctx context.Context) error {
	select {
	case c.room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.quit.Done():
		return ErrClosed
	}
}

func (c *callbacks) put(calls []func()) {
	if len(calls) == 0 {
		<-c.room
		return
	}
	c.queue <- calls
}

// close waits until everything that was put was called, or dropped.
func (c *callbacks) close() {
	close(c.queue)
	c.wg.Wait()
}

// callsLocked makes the calls of the program's functions that tell it the news.
func (c *Client) callsLocked(news []delivery) []func() {
	var calls []func()
	for _, d := range news {
		switch {
		case d.topic != nil && d.topic.leaving:
		case d.topic != nil:
			calls = append(calls, func() { d.topic.fn(d.entry) })
			if d.entry.Lost != "" {
				calls = append(calls, func() { c.lost(d.topic.name, d.entry.Lost) })
			}
		case d.lost != "":
			calls = append(calls, func() { c.lost("", d.lost) })
		default:
			calls = append(calls, func() { c.happened(d) })
		}
	}
	return calls
}

func (c *Client) lost(stream, why string) {
	if c.options.OnLost != nil {
		c.options.OnLost(stream, why)
	}
}

// happened has an event or a question handled.
func (c *Client) happened(d delivery) {
	c.mu.Lock()
	h := c.handlers[d.method]
	c.mu.Unlock()
	switch {
	case d.ask != "":
		c.answer(d.ask, h, d.payload)
	case h != nil:
		_, _ = h(c.ctx, d.payload)
	default:
		c.options.Log.Debug("client: event without a handler", "method", d.method)
	}
}

// status tells the program of a new status, in its turn.
func (c *Client) status(s Status) {
	if c.options.OnStatus == nil || c.calls.reserve(context.Background()) != nil {
		return
	}
	c.calls.put([]func(){func() { c.options.OnStatus(s) }})
}
