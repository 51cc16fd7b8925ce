package framework

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// User is who a socket belongs to, as the program's Identify said.
type User struct {
	// ID is the program's own name for the user; "" for nobody in particular. A socket is one user's: when Identify names another ID at a
	// later connection (where there is none: another Name or Data) the socket ends, and the client begins a new one.
	ID string `json:"id,omitempty"`
	// Name is for people.
	Name string `json:"name,omitempty"`
	// Data is whatever else the program wants to find in its turns.
	Data map[string]string `json:"data,omitempty"`
}

// identify says who a request's user is.
func (s *Server) identify(r *http.Request, auth string) (User, error) {
	if s.cfg.Identify == nil {
		return User{}, nil
	}
	if auth != "" && r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+auth)
	}
	u, err := s.cfg.Identify(r)
	if err != nil {
		s.log.Info("a client was refused", "error", err)
		why := "not allowed"
		if CodeOf(err) != CodeInternal {
			why = told(err, "").Message
		}
		return u, &protocol.Close{Code: protocol.CodeDenied, Why: why}
	}
	return u, nil
}

// SessionCookie is the name of the cookie that holds a browser's session id.
const SessionCookie = "sojourn"

type sessionKey struct{}

// Session returns the id of the request's session: that of its cookie; a new one, whose cookie the response then sets, if it has none. The id is what a
// [State] of session data has as its key, in turns ([Turn.SessionID]) and in plain HTTP handlers alike. It is a digest of the cookie, so
// a page, a log or a store that has it cannot speak for the session.
func (s *Server) Session(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(SessionCookie); err == nil && validSession(c.Value) {
		return sessionID(c.Value)
	}
	for _, set := range w.Header().Values("Set-Cookie") { // asked for twice in one request
		if c, err := http.ParseSetCookie(set); err == nil && c.Name == SessionCookie {
			return sessionID(c.Value)
		}
	}
	secret := newSecret()
	http.SetCookie(w, &http.Cookie{
		Name: SessionCookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	})
	return sessionID(secret)
}

// sessionID is a session's public name.
func sessionID(cookie string) string {
	sum := sha256.Sum256([]byte("sojourn session " + cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// withSession gives the request its session's id.
func (s *Server) withSession(w http.ResponseWriter, r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), sessionKey{}, s.Session(w, r)))
}

// sessionOf returns the session id that a request was given.
func sessionOf(r *http.Request) string {
	id, _ := r.Context().Value(sessionKey{}).(string)
	return id
}

func validSession(id string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	return err == nil && len(raw) == 16
}

func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// socket is what an instance needs to know of a socket in order to run its turns. All but what it notes of the store's answers never changes
// in the socket's life, so it may be kept by any instance for any time.
type socket struct {
	id, secret, session, build string
	user                       User

	mu   sync.Mutex
	in   uint64 // messages up to in are known to be applied
	top  store.Cursor
	seen time.Time // when the store last said that the socket lives
}

// identity is what the store keeps of who a socket belongs to. Fields are only added.
type identity struct {
	User  User   `json:"user"`
	Build string `json:"build,omitempty"`
}

func (k *socket) identity() []byte {
	text, err := json.Marshal(identity{k.user, k.build})
	if err != nil {
		panic("framework: " + err.Error()) // strings and a map of strings
	}
	return text
}

func socketFrom(r store.Socket) *socket {
	k := &socket{id: r.ID, secret: r.Secret, session: r.Session, in: r.Number, top: r.Top, seen: time.Now()}
	var i identity
	_ = json.Unmarshal(r.User, &i) // written by identity
	k.user, k.build = i.User, i.Build
	return k
}

// sameUser tells whether a user is the socket's: by the ID, or all that is known of one that has none.
func (k *socket) sameUser(u User) bool {
	if k.user.ID != "" || u.ID != "" {
		return k.user.ID == u.ID
	}
	other := &socket{user: u, build: k.build}
	return bytes.Equal(k.identity(), other.identity())
}

// note remembers what the store said of the socket.
func (k *socket) note(in uint64, top store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = time.Now()
	if in >= k.in {
		k.in, k.top = in, top
	}
}

// fresh tells whether the store said lately that the socket lives. What the store itself decides need not ask.
func (k *socket) fresh() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Since(k.seen) < checkTopics
}

func (k *socket) applied() (uint64, store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.in, k.top
}

// knownSockets remembers sockets that posted to this instance lately, so that their next message need not be preceded by a read. It is a
// cache of what does not change; the store decides about everything that does.
type knownSockets struct {
	mu       sync.Mutex
	new, old map[string]*socket // two generations: an entry lives for one to two times maxKnown others
}

const maxKnown = 4096

func (c *knownSockets) get(id string) *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.new[id]; ok {
		return k
	}
	k := c.old[id]
	if k != nil {
		c.putLocked(k)
	}
	return k
}

// forget forgets a socket that has ended.
func (c *knownSockets) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.new, id)
	delete(c.old, id)
}

func (c *knownSockets) put(k *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(k)
}

func (c *knownSockets) putLocked(k *socket) {
	if c.new == nil || len(c.new) >= maxKnown {
		c.old, c.new = c.new, make(map[string]*socket)
	}
	c.new[k.id] = k
}
