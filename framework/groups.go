package framework

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// A socket belongs to groups, in the store, as long as it lives: those of its user, its session and its address. So their limits hold for all
// instances together, and whoever logs a user out finds the sockets.

func userGroup(id string) string         { return "u:" + digest(id) }
func sessionGroup(id string) string      { return "s:" + id }
func addressGroup(address string) string { return "a:" + address }

// digest makes a name of whatever a program calls its users.
func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// groups returns what a new socket of a caller belongs to.
func (s *Server) groups(c caller) []store.Group {
	l := s.cfg.Limits
	groups := []store.Group{{Name: sessionGroup(c.session), Max: forStore(l.SocketsPerUser)}}
	if c.user.ID != "" {
		groups = append(groups, store.Group{Name: userGroup(c.user.ID), Max: forStore(l.SocketsPerUser)})
	}
	if c.address != "" && forStore(l.SocketsPerAddress) > 0 {
		groups = append(groups, store.Group{Name: addressGroup(c.address), Max: l.SocketsPerAddress})
	}
	return groups
}

// CloseUser ends all sockets of a user, by its ID, on whatever instance they are: a log-out. Their clients are told why and stay away. See [Turn.CloseSession] for
// sockets that are just being opened.
func (t *Turn) CloseUser(id, why string) error { return t.closeGroup(userGroup(id), why) }

// CloseSession ends all sockets of a session: a log-out of one browser. A client that is connecting at this very moment has been identified
// already: make its credentials invalid first, and it ends with its next request or connection.
func (t *Turn) CloseSession(id, why string) error { return t.closeGroup(sessionGroup(id), why) }

func (t *Turn) closeGroup(group, why string) error {
	if t.over {
		return ErrTurnOver
	}
	reply, err := t.read(store.Query{Group: group})
	if err != nil {
		return err
	}
	for _, socket := range reply.Members {
		if err := t.Close(socket, why); err != nil {
			return fmt.Errorf("framework: of %d sockets: %w", len(reply.Members), err)
		}
	}
	return nil
}

// crowded is what a client is told for whose socket there is no room in a group.
func (s *Server) crowded(group string, c caller) error {
	if s.logged.crowded.now() {
		s.log.Warn("a socket was refused: its user, session or address has as many as one may have; if the address is a proxy's, see Config.Address",
			"group", group, "user", c.user.ID, "address", c.address)
	}
	return &protocol.Close{Code: protocol.CodeCrowded, Why: "too many connections"}
}
