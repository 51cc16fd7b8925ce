package framework

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// User is who a socket belongs to, as the program's Identify said.
type User struct {
	// ID is the program's own name for the user; "" for nobody in particular. A socket is one user's: when Identify names another ID at a
	// later request (where there is none: another Name or Data) the socket ends, and the client begins a new one.
	ID string `json:"id,omitempty"`
	// Name is for people.
	Name string `json:"name,omitempty"`
	// Data is whatever else the program wants to find in its turns.
	Data map[string]string `json:"data,omitempty"`
	// Expires is when the credentials run out by which the user was identified: a token's exp. A connection that lasts asks its client for fresh
	// ones before, and is closed then if there are none. Zero: never.
	Expires time.Time `json:"-"`
}

// ErrExpired is what Identify returns (wrapped, perhaps) for credentials that were right and have run out: the client
// gets itself fresh ones and tries again. Any other error tells it to stay away.
var ErrExpired = errors.New("framework: the credentials have run out")

// caller is who a request comes from.
type caller struct {
	user    User
	session string // its id
	cookie  bool   // which came with the request
	address string // "": not to be counted
}

// caller says who a request comes from. auth is what its body says of that.
func (s *Server) caller(r *http.Request, auth string) (caller, error) {
	c := caller{address: s.cfg.Address(r)}
	c.session, c.cookie = sessionOf(r)
	if s.cfg.Identify == nil {
		return c, nil
	}
	if auth != "" && r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+auth)
	}
	user, err := s.cfg.Identify(r)
	switch {
	case errors.Is(err, ErrExpired), err == nil && !user.Expires.IsZero() && !time.Now().Before(user.Expires):
		return c, errExpired
	case err != nil:
		if s.logged.refused.now() {
			s.log.Info("a client was refused", "error", err)
		}
		why := "not allowed"
		if CodeOf(err) != CodeInternal {
			why = told(err, "").Message
		}
		return c, &protocol.Close{Code: protocol.CodeDenied, Why: why}
	}
	c.user = user
	return c, nil
}

var errExpired = &protocol.Close{Code: protocol.CodeExpired, Why: "the credentials have run out"}

// admit returns an error if a socket is not the caller's. The socket is ended then: its client begins a new one, as who it is now.
func (s *Server) admit(ctx context.Context, sock *socket, c caller) error {
	switch {
	case s.cfg.Identify != nil && !sock.sameUser(c.user):
		return s.endSocket(ctx, sock, protocol.CodeUserChanged, "another user")
	case sock.bound && (!c.cookie || c.session != sock.session):
		return s.endSocket(ctx, sock, protocol.CodeUserChanged, "another session")
	}
	return nil
}

// renewed passes on that the client of a socket has said credentials that last longer than those of its connection, wherever that is held.
// If this is lost the connection is closed too early, and its client comes again with the same credentials.
func (s *Server) renewed(ctx context.Context, sock *socket, until time.Time) {
	if !sock.prolong(until) {
		return
	}
	s.sendVolatile(ctx, []volatileSend{{socket: sock.id, data: renewal(until)}})
}
