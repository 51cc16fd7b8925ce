package framework

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// lateContext is the context of a turn, or of a commit. Nearly all of them are over before anybody has asked when they end: so what tells that, a
// context of package context with its timer, is made when somebody asks for Done, or when there is an end to tell of. Until then Err looks at the clock.
type lateContext struct {
	values context.Context // has the values
	bound  bool            // and its end is this one's too
	until  time.Time
	drain  *drain // of a turn, which ends with ErrTurnTime or ErrDraining as its cause; nil: a commit's, which has a deadline

	made atomic.Pointer[endingContext] // nil: nobody has asked

	mu   sync.Mutex  // held by who makes it, and who ends it
	over atomic.Bool // nobody needs it any more
}

// endingContext is one of package context's, and what ends it.
type endingContext struct {
	context.Context
	stop func()
}

// Deadline implements context.Context.
func (c *lateContext) Deadline() (time.Time, bool) {
	switch {
	case c.drain == nil:
		return c.until, true
	case c.bound:
		return c.values.Deadline()
	}
	return time.Time{}, false
}

// Done implements context.Context.
func (c *lateContext) Done() <-chan struct{} { return c.real().Done() }

// Err implements context.Context.
func (c *lateContext) Err() error {
	if c.made.Load() == nil && !c.ended() {
		return nil
	}
	return c.real().Err()
}

// Value implements context.Context. Package context finds the real one by it, and the cause there, but asks only who has given it Done or an Err.
func (c *lateContext) Value(key any) any {
	if made := c.made.Load(); made != nil {
		return made.Value(key)
	}
	return c.values.Value(key)
}

// finish ends the context, and lets go of what it is made of.
func (c *lateContext) finish() {
	c.mu.Lock()
	c.over.Store(true)
	made := c.made.Load()
	c.mu.Unlock()
	if made != nil {
		made.stop()
	}
}

// ended tells whether the context, which is not real yet, has ended.
func (c *lateContext) ended() bool {
	return c.over.Load() || c.bound && c.values.Err() != nil || c.drain != nil && c.drain.turns.Err() != nil || time.Until(c.until) <= 0
}

// real returns the real context.
func (c *lateContext) real() context.Context {
	if made := c.made.Load(); made != nil {
		return made
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made := c.made.Load(); made != nil {
		return made
	}
	parent := c.values
	if !c.bound {
		parent = context.WithoutCancel(parent)
	}
	made := &endingContext{}
	if c.drain == nil {
		made.Context, made.stop = context.WithDeadline(parent, c.until)
	} else {
		made.Context, made.stop = c.drain.withTurnTime(parent, c.until)
	}
	if c.over.Load() {
		made.stop()
	}
	c.made.Store(made)
	return made
}

// withTurnTime returns a context that ends with the turn's time or when the instance drains, whichever came first.
func (d *drain) withTurnTime(parent context.Context, until time.Time) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if d.turns.Err() != nil && d.at.Before(until) {
		cancel(ErrDraining)
	} else if time.Until(until) <= 0 {
		cancel(ErrTurnTime)
	}
	timer := time.AfterFunc(time.Until(until), func() { cancel(ErrTurnTime) })
	stop := context.AfterFunc(d.turns, func() { cancel(ErrDraining) })
	return ctx, func() {
		stop()
		timer.Stop()
		cancel(nil)
	}
}
