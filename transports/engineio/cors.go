package engineio

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/transports"
)

// CORS says which pages of other origins than the server's own may connect.
type CORS struct {
	Origins     []string // "https://app.example": scheme, host and port as the browser says them
	Any         bool     // every page on the web may
	Credentials bool     // requests may carry their visitors' cookies
}

// allow sets the headers for a page of another origin. If it returns false it has answered the request: a question of the browser's, or a websocket, which the browser itself does not hold back.
func (e *engine) allow(w http.ResponseWriter, r *http.Request) bool {
	if e.board { // which has checked it
		return true
	}
	if e.cors != nil {
		w.Header().Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	switch {
	case origin == "", own(origin, r):
		return true
	case !e.cors.lists(origin):
		if isUpgrade(r) {
			e.refuse(w, r, forbidden)
			return false
		}
		return true // the page does not get to see the answer
	}
	e.cors.head(w.Header(), origin)
	if r.Method != http.MethodOptions {
		return true
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Add("Vary", "Access-Control-Request-Headers")
		h.Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusNoContent)
	return false
}

// anyMayRead tells whether an answer may be a script, which the browser runs for every page that asks.
func (c *CORS) anyMayRead() bool { return c != nil && c.Any }

func (c *CORS) lists(origin string) bool {
	return c != nil && (c.Any || slices.Contains(c.Origins, origin))
}

func (c *CORS) head(h http.Header, origin string) {
	if c.Any && !c.Credentials {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if c.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// own tells whether a page has come from where its request has gone to.
func own(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host) && (u.Scheme == "https" || u.Scheme == "http" && !transports.OverTLS(r))
}
