package framework

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Guests are sessions of protocols that were made elsewhere, which their transports keep in the server's store: sockets of the store's whose ids begin with a mark that no id of
// the server's own has. Transports find what follows by type assertion.
const guestMark = "~"

// Store returns where guests are kept.
func (s switchboard) Store() store.Store { return s.store }

// Admit says why a request's client may not open a guest here now: its address opens too many sockets, or the instance is being shut down.
func (s switchboard) Admit(r *http.Request) error {
	if s.drain.started() {
		return &protocol.Close{Code: protocol.CodeUnavailable, Why: "the instance is being shut down"}
	}
	if address := s.cfg.Address(r); !s.opens.take(address) {
		return s.crowded("opens", caller{address: address})
	}
	return nil
}

// Drained returns what is closed when the instance begins to be shut down: who waits for a guest comes again, elsewhere.
func (s switchboard) Drained() <-chan struct{} { return s.drain.draining.Done() }

// bury ends a guest for good that was claimed. It is no socket of the program's, and so no hook's business; what its client had with the program has sockets of its own.
func (s *Server) bury(ctx context.Context, due store.Due) {
	out, err := s.commit(ctx, store.Turn{
		Cause: store.Cause{Socket: due.Socket.ID, Token: due.Token}, Attempt: newAttempt(), From: s.hub.inbox(),
		Effects: []store.Effect{store.Bye{Code: due.Socket.Code, Why: due.Socket.Why, Keep: time.Millisecond}},
	})
	if err != nil {
		s.log.Info("what is due is left for later", "error", err)
		return
	}
	s.due.hint(out.NextDue)
}

func isGuest(sock store.Socket) bool { return strings.HasPrefix(sock.ID, guestMark) }
