package framework

import (
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// Defaults returns the limits as New takes them.
func (l Limits) Defaults() Limits { return l.withDefaults() }

// Defaults returns what the server took for times that its Config does not say.
func (s *Server) Defaults() (ttl, turnTime, emptyTTL time.Duration) {
	return s.cfg.TTL, s.cfg.TurnTime, s.emptyTTL()
}

// Waiting tells how many frames wait in the instance for a connection: for this one alone, of its own stream, and volatile ones.
func Waiting(of transports.Link) (controls, notices, volatile int) {
	l := of.(*link)
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.controls), len(l.notices), len(l.volatile)
}

// Address names the host that a request comes from.
func (s *Server) Address(r *http.Request) string { return s.cfg.Address(r) }

// Addresses tells of how many addresses the server remembers how much they opened lately.
func Addresses(s *Server) int {
	s.opens.mu.Lock()
	defer s.opens.mu.Unlock()
	return len(s.opens.full)
}

// Compose composes entries of a state.
func Compose(entries []store.Entry) []store.Entry { return composeEntries(entries) }

// Released tells how many entries of a state with Every the server holds to tell them.
func Released(s *Server, topic string) int {
	s.hub.mu.Lock()
	t := s.hub.tails[topic]
	s.hub.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pace.released)
}

// Locked tells how many keys turns of the server have locked, or wait for.
func Locked(s *Server) int {
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	return len(s.locks.locks)
}
