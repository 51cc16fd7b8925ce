package framework

import (
	"context"
	"sync"
	"time"
)

// lateContext is the context of a turn, or of a commit. Nearly all of them are over before anybody has asked when they end: so what tells that, a
// context of package context with its timer, is made when somebody asks for Done, or when there is an end to tell of. Until then Err looks at the clock.
type lateContext struct {
	values context.Context // has the values
	bound  bool            // and its end is this one's too
	until  time.Time
	drain  *drain // of a turn, which ends with ErrTurnTime or ErrDraining as its cause; nil: a commit's, which has a deadline

	mu   sync.Mutex
	real context.Context // nil: not made yet
	stop func()          // real
	over bool            // nobody needs it any more
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
func (c *lateContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.realLocked().Done()
}

// Err implements context.Context.
func (c *lateContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real == nil && !c.endedLocked() {
		return nil
	}
	return c.realLocked().Err()
}

// Value implements context.Context. Package context finds the real one by it, and the cause there, but asks only who has given it Done or an Err.
func (c *lateContext) Value(key any) any {
	c.mu.Lock()
	real := c.real
	c.mu.Unlock()
	if real != nil {
		return real.Value(key)
	}
	return c.values.Value(key)
}

// finish ends the context, and lets go of what it is made of.
func (c *lateContext) finish() {
	c.mu.Lock()
	c.over = true
	stop := c.stop
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// endedLocked tells whether the context has ended, if it is not real yet.
func (c *lateContext) endedLocked() bool {
	return c.over || c.bound && c.values.Err() != nil || c.drain != nil && c.drain.turns.Err() != nil || time.Until(c.until) <= 0
}

func (c *lateContext) realLocked() context.Context {
	if c.real != nil {
		return c.real
	}
	parent := c.values
	if !c.bound {
		parent = context.WithoutCancel(parent)
	}
	if c.drain == nil {
		c.real, c.stop = context.WithDeadline(parent, c.until)
	} else {
		c.real, c.stop = c.drain.withTurnTime(parent, c.until)
	}
	if c.over {
		c.stop()
	}
	return c.real
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
