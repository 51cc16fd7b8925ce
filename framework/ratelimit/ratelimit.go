// Package ratelimit limits how often clients may call: so often a second, after so many at once, on all instances together.
//
//	Middleware: []framework.Middleware{ratelimit.New(ratelimit.Options{Rate: 5, Burst: 20})},
//
// in a Service limits what each user may call of it; in the Config, of all services. One call too many is answered with [framework.CodeRateLimited], and how
// long to wait.
//
// # What holds
//
//   - The count is in the store, and commits with the call: whatever instances the calls reach, together there are no more than the rate allows. A call that runs again is counted
//     once. A call that fails is counted as well ([framework.Turn.Always]), so that guesses of a password are; one that was refused is not.
//   - A call costs a read of the store before it runs. Calls of one key that run at once on several instances are in each other's way, as updates of one state are: one runs again, at most 8 times.
//   - Volatile calls may not write to the store: they are counted by each instance for itself, apart from all others.
//   - The clock is the instance's. Let one be ahead by d: calls that reach it have d times the rate more, once, and those that then reach the others wait for up to d longer; no
//     number of such changes adds up. One that is behind has its calls wait. A key that nobody calls by for Burst/Rate begins anew.
package ratelimit

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// Options say how often. The zero value is a limit, too.
type Options struct {
	// Name tells limits apart: those of one name count together. Default "".
	Name string
	// Rate is how many calls a second a key may make in the long run. Default 10. Negative: no limit.
	Rate float64
	// Burst is how many calls a key may make at once, after a while without. Default: as many as in a second, at least one.
	Burst int
	// By names the key that a call is counted for; "": it is not limited. Default [User].
	By func(*framework.Turn) string
}

// Socket counts for each socket: a tab, a process. Who opens more of them may call more often.
func Socket(t *framework.Turn) string { return "socket " + t.Socket() }

// User counts for each user, by User.ID, on all his sockets together; for users without an ID it is their session, all tabs of a browser. A client that keeps no cookies has a
// session for each of its sockets, which it cannot open quicker than Limits.OpensPerAddress.
func User(t *framework.Turn) string {
	if id := t.User().ID; id != "" {
		return "user " + id
	}
	return "session " + t.SessionID()
}

// New makes a middleware that limits calls. It may be used in any number of services, which then share the limit, and needs nothing else.
func New(o Options) framework.Middleware {
	l := newLimiter(o)
	return func(next framework.Handler) framework.Handler {
		if l.interval == 0 {
			return next
		}
		return func(t *framework.Turn) (any, error) {
			if key := l.By(t); key != "" {
				if err := l.take(t, key); err != nil {
					return nil, err
				}
			}
			return next(t)
		}
	}
}

type limiter struct {
	Options
	bucket
	full *framework.State[int64] // when a key's bucket is full again: nanoseconds of Unix time
	here *instance               // of volatile calls
}

func newLimiter(o Options) *limiter {
	if o.Rate == 0 {
		o.Rate = 10
	}
	if o.Burst <= 0 {
		o.Burst = max(1, int(min(o.Rate, math.MaxInt32)))
	}
	if o.By == nil {
		o.By = User
	}
	b := newBucket(o.Rate, o.Burst)
	return &limiter{
		Options: o, bucket: b, here: newInstance(b),
		full: &framework.State[int64]{Name: "~ratelimit", Keep: 1, TTL: max(b.burst, time.Second)},
	}
}

// take takes a place for a call, or returns the error that refuses it.
func (l *limiter) take(t *framework.Turn, key string) error {
	now := t.Now()
	err := t.Always(func() error {
		return l.full.Update(t, l.key(key), func(full *int64) (err error) {
			*full, err = l.bucket.take(*full, now)
			return err
		})
	})
	if errors.Is(err, framework.ErrVolatileTurn) {
		return l.here.take(key, now)
	}
	return err
}

// key is the state's key of whatever a program counts by.
func (l *limiter) key(key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s", l.Name, key))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}
