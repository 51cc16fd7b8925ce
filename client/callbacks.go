package client

import (
	"context"
	"sync"
)

// What waits to be called is bounded; beyond it, nothing more is read from the connection. It is counted in slots: one for each frame, and another
// one for each so many bytes of it.
const (
	maxCallbacks = 1024
	slotBytes    = 16 << 10
)

// callbacks calls the program's functions, one after the other, in a goroutine of its own: so that a callback can wait for a call. Questions have
// goroutines of their own beside it.
//
// Room is reserved before a frame is applied, so that handing over what came of it can neither block nor fail.
type callbacks struct {
	room      chan struct{} // holds one for each slot in use
	reserving chan struct{} // holds one while somebody takes slots, so that two cannot wait for each other
	queue     chan batch
	running   chan struct{}   // holds one for each question that is being handled
	quit      context.Context // when it ends what is queued is dropped
	wg        sync.WaitGroup
}

// batch is what came of one frame.
type batch struct {
	calls    []func()
	question func() (sent <-chan struct{}) // returns what is closed when its answer is not waiting any more
	slots    int
}

func newCallbacks(quit context.Context, questions int) *callbacks {
	c := &callbacks{
		room: make(chan struct{}, maxCallbacks), reserving: make(chan struct{}, 1),
		queue: make(chan batch, maxCallbacks), running: make(chan struct{}, questions), quit: quit,
	}
	c.wg.Go(func() {
		for b := range c.queue {
			for _, call := range b.calls {
				if quit.Err() == nil {
					call()
				}
			}
			if b.question == nil {
				c.release(b.slots)
				continue
			}
			c.wg.Go(func() {
				c.handle(b.question)
				c.release(b.slots)
			})
		}
	})
	return c
}

// handle has a question handled, when it is its turn, and waits for what becomes of the answer: so that answers are bounded as well.
func (c *callbacks) handle(question func() (sent <-chan struct{})) {
	select {
	case c.running <- struct{}{}:
	case <-c.quit.Done():
		return
	}
	var sent <-chan struct{}
	if c.quit.Err() == nil {
		sent = question()
	}
	<-c.running
	if sent != nil {
		<-sent
	}
}

// slotsOf returns how many slots a frame of so many bytes takes.
func slotsOf(size int) int { return min(1+size/slotBytes, maxCallbacks) }

// reserve waits for room for one put of what comes of a frame of so many bytes. Every reserve that returns nil is followed by one put.
func (c *callbacks) reserve(ctx context.Context, size int) error {
	select {
	case c.reserving <- struct{}{}:
		defer func() { <-c.reserving }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for i := range slotsOf(size) {
		select {
		case c.room <- struct{}{}:
			continue
		case <-ctx.Done():
		case <-c.quit.Done():
		}
		c.release(i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return ErrClosed
	}
	return nil
}

func (c *callbacks) release(slots int) {
	for range slots {
		<-c.room
	}
}

func (c *callbacks) put(b batch, size int) {
	b.slots = slotsOf(size)
	if len(b.calls) == 0 && b.question == nil {
		c.release(b.slots)
		return
	}
	c.queue <- b
}

// close waits until everything that was put was called, or dropped.
func (c *callbacks) close() {
	close(c.queue)
	c.wg.Wait()
}

// callsLocked makes the calls of the program's functions that tell it the news.
func (c *Client) callsLocked(news []delivery) (b batch) {
	for _, d := range news {
		switch {
		case d.topic != nil && d.topic.leaving:
		case d.topic != nil:
			b.calls = append(b.calls, func() { d.topic.fn(d.entry) })
			if d.entry.Lost != "" {
				b.calls = append(b.calls, func() { c.lost(d.topic.name, d.entry.Lost) })
			}
		case d.lost != "":
			b.calls = append(b.calls, func() { c.lost("", d.lost) })
		case d.ask != "": // one a frame
			b.question = func() <-chan struct{} { return c.question(d) }
		default:
			b.calls = append(b.calls, func() { c.event(d) })
		}
	}
	return b
}

func (c *Client) lost(stream, why string) {
	if c.options.OnLost != nil {
		c.options.OnLost(stream, why)
	}
}

// status tells the program of a new status, if there is one.
func (c *Client) status(s Status) {
	if s != "" && c.options.OnStatus != nil {
		c.tell(func() { c.options.OnStatus(s) })
	}
}

// tell calls a function of the program's in its turn.
func (c *Client) tell(call func()) {
	if c.calls.reserve(context.Background(), 0) == nil {
		c.calls.put(batch{calls: []func(){call}}, 0)
	}
}
