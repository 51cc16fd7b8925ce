package sockjs

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// year is how long what never changes may be kept.
const year = 365 * 24 * time.Hour

const (
	plainText  = "text/plain; charset=UTF-8"
	javaScript = "application/javascript; charset=UTF-8"
	html       = "text/html; charset=UTF-8"
)

func neverCached(h http.Header) {
	h.Set("Cache-Control", "no-store, no-cache, no-transform, must-revalidate, max-age=0")
}

func longCached(h http.Header) {
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(year.Seconds())))
	h.Set("Expires", time.Now().Add(year).UTC().Format(http.TimeFormat))
}

// allowOrigin lets the page that asks read the response. Under a switchboard that has been decided.
func (s *service) allowOrigin(h http.Header, r *http.Request) {
	if s.board {
		return
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
}

// allows tells whether a request's method is the one that its path is for. If not it has answered: browsers ask what they may by OPTIONS, where pages of others may at all.
func (s *service) allows(w http.ResponseWriter, r *http.Request, method string, foreign bool) bool {
	h := w.Header()
	if foreign {
		s.allowOrigin(h, r)
	}
	if r.Method == method {
		return true
	}
	allowed := []string{method}
	if foreign {
		allowed = []string{http.MethodOptions, method}
	}
	if !foreign || r.Method != http.MethodOptions {
		h.Set("Allow", strings.Join(allowed, ", "))
		w.WriteHeader(http.StatusMethodNotAllowed)
		return false
	}
	longCached(h)
	h.Set("Access-Control-Max-Age", strconv.Itoa(int(year.Seconds())))
	h.Set("Access-Control-Allow-Methods", strings.Join(allowed, ", "))
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusNoContent)
	return false
}

// jsessionID sets the cookie by which some balancers know where a session is.
func (s *service) jsessionID(h http.Header, r *http.Request) {
	if !s.JSessionID {
		return
	}
	value := "dummy"
	if c, err := r.Cookie("JSESSIONID"); err == nil {
		value = c.Value
	}
	h.Add("Set-Cookie", (&http.Cookie{Name: "JSESSIONID", Value: value, Path: "/"}).String())
}

func (s *service) answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	_ = s.Limits.Answer(w, status, []byte(body)) // if the client is gone there is nobody to tell
}

// unavailable answers a request that this instance cannot serve.
func (s *service) unavailable(w http.ResponseWriter) {
	s.answer(w, http.StatusServiceUnavailable, plainText, "not available now\n")
}
