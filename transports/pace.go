package transports

import (
	"context"
	"time"
)

// Pace keeps a connection to Limits.Rate: a bucket that holds Burst frames, and into which Rate more flow each second. Whoever reads
// a connection takes a message's frames out of it before they are dealt with. If there are too few it waits, and reads no
// further: what the client sends meanwhile fills the buffers between the two, and then the client waits as well.
//
// Its methods are called by one goroutine at a time.
type Pace struct {
	interval time.Duration // between two frames
	burst    time.Duration // what it takes to fill the bucket
	full     time.Time     // when the bucket is full again
}

// Pace returns a full bucket.
func (l Limits) Pace() *Pace {
	l = l.Defaults()
	interval := time.Second / time.Duration(l.Rate)
	if l.Burst == many {
		interval = 0
	}
	return &Pace{interval: interval, burst: interval * time.Duration(min(l.Burst, 1<<30))} // of what is more the product would not be a time
}

// Take takes n frames and waits until there are so many. The error is ctx's, if that ends first.
func (p *Pace) Take(ctx context.Context, n int) error {
	now := time.Now()
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(time.Duration(n) * p.interval)
	return pause(ctx, p.full.Sub(now)-p.burst)
}

// pause waits for a time, if it is one.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
