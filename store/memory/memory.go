// Package memory is a store in the memory of one process.
//
// It is the framework's default, what tests and programs of a single instance use, and the model that other stores are
// compared with: every sentence of package store's documentation is meant to be read off this code. Several servers of one process may share one
// [Store]; what it remembers dies with the process.
//
// Nothing happens in the background. What has outlived its time is forgotten by the next call, whatever that is,
// and a watch has a goroutine only while it has notices to deliver.
package memory

import (
	"cmp"
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

var (
	_ store.Store     = (*Store)(nil)
	_ store.Volatiler = (*Store)(nil)
)

// Options configure a [Store]. The zero Options are good.
type Options struct {
	// Backlog is how many notices may wait for one watch's deliver function. Beyond it they are dropped, and a Resync
	// notice stands for them. 0: 4,096.
	Backlog int

	// MaxEntries and MaxBytes bound what a socket's stream may hold unacknowledged: entries, and bytes of their data. Beyond them
	// all of it is let go, see [store.Append]. 0: [store.MaxEntries], [store.MaxBytes].
	MaxEntries, MaxBytes int
}

// Store keeps everything in memory. Its methods may be called at once from any number of goroutines.
type Store struct {
	opts  Options
	start time.Time // has a monotonic reading: the clock is the time since

	mu      sync.Mutex
	skipped time.Duration // by Advance
	state   *state
	watches map[string]*watch // by inbox
	names   uint64            // given out as inboxes and tokens; never again, also not after a Rewind
	closed  bool
}

// New returns an empty store.
func New(o Options) *Store {
	o.Backlog = cmp.Or(o.Backlog, 4096)
	o.MaxEntries = cmp.Or(o.MaxEntries, store.MaxEntries)
	o.MaxBytes = cmp.Or(o.MaxBytes, store.MaxBytes)
	return &Store{
		opts:    o,
		start:   time.Now(),
		state:   newState(),
		watches: map[string]*watch{},
	}
}

// begin takes the lock for one call and returns the time of the call. On an error the lock is not held.
func (s *Store) begin(ctx context.Context) (now time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return 0, store.ErrClosed
	}
	now = s.now()
	s.state.forget(now)
	return now, nil
}

// now is the store's clock: the time since it was made.
func (s *Store) now() time.Duration { return time.Since(s.start) + s.skipped }

// name returns a name that was never given out before.
func (s *Store) name() string {
	s.names++
	return strconv.FormatUint(s.names, 36)
}

// Advance moves the store's clock forward, for tests that cannot run under testing/synctest.
func (s *Store) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped += d
}

// Close ends all watches. Every method returns [store.ErrClosed] from then on.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	watches := s.watches
	s.watches = map[string]*watch{}
	s.state = newState()
	s.mu.Unlock()
	for _, w := range watches {
		w.stop()
	}
	return nil
}
