package sockjs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

const transportName = "sockjs"

// What clients are told by codes of the protocol's own.
const (
	interrupted = 1002
	occupied    = 2010
)

// patience is how long who comes while somebody receives waits: a client that has broken off comes again before the server hears of it.
const patience = 20 * time.Millisecond

// service is one base URL's.
type service struct {
	Options  // with their defaults
	sessions *session.Sessions
	board    bool // a switchboard's, else a program's

	mu      sync.Mutex
	closed  bool
	sockets sync.WaitGroup // WebSockets that are served; none is added when it is closed
}

// newService completes what is said of the sessions.
func newService(o Options, cfg session.Config) *service {
	cfg.Store = o.Store
	cfg.Away = o.DisconnectDelay
	cfg.Tombstone = o.DisconnectDelay
	cfg.Patience = patience
	cfg.Expired = "nobody receives"
	cfg.MaxBytes = 8 * o.Limits.Body
	cfg.Limits = o.Limits
	return &service{Options: o, sessions: session.New(cfg), board: cfg.Board != nil}
}

// admit lets a WebSocket in, until it leaves; false: the instance is being shut down.
func (s *service) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sockets.Add(1)
	}
	return !s.closed
}

func (s *service) shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return errors.Join(s.sessions.Close(ctx), session.Wait(ctx, &s.sockets))
}
