package sockjs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// maxAge is how old a connection becomes under a switchboard, or up to a tenth less: it ends before the platform cuts it.
const maxAge = 295 * time.Second

// schedule says when a connection that lasts has something to say by itself.
type schedule struct {
	every time.Duration // between heartbeats
	beat  time.Time     // the next
	age   time.Time     // when the connection is to end; zero: never
	old   bool
}

func (s *service) newSchedule() *schedule {
	now := time.Now()
	d := &schedule{every: s.HeartbeatDelay, beat: now.Add(s.HeartbeatDelay)}
	if s.board {
		d.age = now.Add(maxAge - rand.N(maxAge/10+1)) // connections that began together do not end together
	}
	return d
}

// next waits for what is to go down, until something else is due; that comes first, however much is to go down.
func (d *schedule) next(ctx context.Context, got *session.Receiver) (session.Batch, error) {
	until := d.beat
	if !d.age.IsZero() && d.age.Before(until) {
		until = d.age
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return session.Batch{}, err
	}
	return got.Next(ctx)
}

// tick is called when something else is due: either the connection is old, or it is time for a heartbeat.
func (d *schedule) tick() {
	now := time.Now()
	d.old = !d.age.IsZero() && !now.Before(d.age)
	d.beat = now.Add(d.every)
}
