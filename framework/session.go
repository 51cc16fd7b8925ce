package framework

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/sojourn-go/sojourn/transports"
)

// SessionCookie is the name of the cookie that holds a browser's session id.
const SessionCookie = "sojourn"

type sessionKey struct{}

type session struct {
	id     string
	cookie bool // the request has it
}

// Session returns the id of the request's session: that of its cookie; a new one, whose cookie the response then sets, if it has none. The id is what a
// [State] of session data has as its key, in turns ([Turn.SessionID]) and in plain HTTP handlers alike. It is a digest of the cookie, so
// a page, a log or a store that has it cannot speak for the session.
func (s *Server) Session(w http.ResponseWriter, r *http.Request) string {
	if id, ok := sessionCookie(r); ok {
		return id
	}
	for _, set := range w.Header().Values("Set-Cookie") { // asked for twice in one request
		if c, err := http.ParseSetCookie(set); err == nil && c.Name == SessionCookie {
			return sessionID(c.Value)
		}
	}
	secret := newSecret()
	http.SetCookie(w, &http.Cookie{
		Name: SessionCookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: transports.OverTLS(r),
	})
	return sessionID(secret)
}

// sessionCookie returns the id of the session whose cookie a request has.
func sessionCookie(r *http.Request) (id string, ok bool) {
	c, err := r.Cookie(SessionCookie)
	if err != nil || !validSession(c.Value) {
		return "", false
	}
	return sessionID(c.Value), true
}

// sessionID is a session's public name.
func sessionID(cookie string) string {
	sum := sha256.Sum256([]byte("sojourn session " + cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// withSession gives the request its session's id.
func (s *Server) withSession(w http.ResponseWriter, r *http.Request) *http.Request {
	_, cookie := sessionCookie(r)
	return r.WithContext(context.WithValue(r.Context(), sessionKey{}, session{s.Session(w, r), cookie}))
}

// sessionOf returns the session that a request was given.
func sessionOf(r *http.Request) (id string, cookie bool) {
	s, _ := r.Context().Value(sessionKey{}).(session)
	return s.id, s.cookie
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
