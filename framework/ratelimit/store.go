package ratelimit

import (
	"context"

	"github.com/sojourn-go/sojourn/framework"
)

// Store limits requests that are no calls, on all instances together, and with calls of middleware of the same Name and keys. It is what the rate limiter of Echo
// takes as its store:
//
//	e.Use(middleware.RateLimiter(ratelimit.NewStore(rt, ratelimit.Options{Name: "http", Rate: 20})))
//
// All its methods may be called at once from any number of goroutines.
type Store struct {
	rt *framework.Server
	l  *limiter
}

// NewStore makes a store that keeps its counts where the server keeps everything. Options.By means nothing to it.
func NewStore(rt *framework.Server, o Options) *Store { return &Store{rt, newLimiter(o)} }

// Allow counts a request for a key, "the address 203.0.113.7" perhaps, and tells whether it may be served. An error says that it may not because that could not be known.
func (s *Store) Allow(key string) (bool, error) {
	if s.l.interval == 0 {
		return true, nil
	}
	err := s.rt.Do(context.Background(), func(t *framework.Turn) error { return s.l.take(t, key) })
	if framework.CodeOf(err) == framework.CodeRateLimited {
		return false, nil
	}
	return err == nil, err
}
