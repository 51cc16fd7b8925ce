package sockjs

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var iframePath = regexp.MustCompile(`^/iframe[0-9-.a-z_]*\.html$`)

// serve routes a request by its path below the base URL, escaped. Nothing is cleaned and nothing redirected: what is not exactly a path of the protocol's is not found.
func (s *service) serve(w http.ResponseWriter, r *http.Request, path string) {
	switch {
	case path == "", path == "/":
		s.greet(w, r)
	case path == "/info":
		s.info(w, r)
	case iframePath.MatchString(path) && s.SockJSURL != "":
		s.iframe(w, r)
	case path == "/websocket" && !s.NoWebSocket && !s.board:
		s.websocket(w, r, true)
	default:
		s.serveSession(w, r, path)
	}
}

// serveSession routes a request for a session: /server/session/transport. The server's part is for balancers.
func (s *service) serveSession(w http.ResponseWriter, r *http.Request, path string) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 || !isName(parts[1]) || !isName(parts[2]) {
		http.NotFound(w, r)
		return
	}
	sid, _ := url.PathUnescape(parts[2])
	switch name := parts[3]; name {
	case "websocket":
		if s.NoWebSocket {
			http.NotFound(w, r)
			return
		}
		s.websocket(w, r, false)
	case "xhr_send", "jsonp_send":
		s.send(w, r, sid, senders[name])
	default:
		if way, ok := ways[name]; ok {
			s.receive(w, r, sid, way)
			return
		}
		http.NotFound(w, r)
	}
}

// isName tells whether a part of a path may be a server's or a session's name.
func isName(part string) bool {
	name, err := url.PathUnescape(part)
	return err == nil && name != "" && !strings.ContainsAny(name, "/.")
}
