package sockjs

import (
	"cmp"
	_ "embed"
	"net/http"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Transport carries frames over SockJS, for pages that have its client: /rt/sockjs. Sessions are in the switchboard's store, if it has one.
//
// Which origins may connect is the switchboard's to say, not the protocol's. So there is no iframe page, by which a page of any origin could act as one of the server's own, unless
// SockJSURL is set; and no raw WebSocket. Limits.Body bounds what a message carries; a request's body, in which it stands quoted, may be twice as long.
type Transport struct{ Options }

var _ transports.Transport = Transport{}

// Name returns "sockjs".
func (Transport) Name() string { return transportName }

// Script returns nil: without SockJS's own client there is nothing to join. The endpoint "sockjs.js" has the client's half, as a module.
func (Transport) Script() []byte { return nil }

// Endpoints returns the endpoints "sockjs/", below which everything of the protocol is, and "sockjs.js".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	t.Limits.Frames = cmp.Or(t.Limits.Frames, 2048) // a client says in one message all that it has to say
	s := newService(t.Options.defaults(), session.Config{Name: transportName, Board: sb})
	return map[string]http.Handler{
		"sockjs/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.serve(w, r, r.URL.EscapedPath()[len("/sockjs"):])
		}),
		"sockjs.js": session.Module(script, transportName),
	}
}

//go:embed sockjs.min.js
var script []byte
