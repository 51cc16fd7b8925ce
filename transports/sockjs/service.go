package sockjs

import (
	"context"
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

	sockets sync.WaitGroup // WebSockets that are served
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

func (s *service) shutdown(ctx context.Context) error {
	if err := s.sessions.Close(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		s.sockets.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
