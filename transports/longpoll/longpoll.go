// Package longpoll carries frames down in complete responses: POST <mount>/lp, and up by POST <mount>/up.
//
// The request's body is the hello; the response comes when there is something to say, or after the time that a poll
// may be held, and is lines. It passes everything that passes a web page.
package longpoll

import (
	"cmp"
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the long-polling transport. A zero field has its default.
type Transport struct {
	Hold   time.Duration     // a poll is answered after so long, if there was nothing to say; default 20 s: below the idle time of proxies
	Limits transports.Limits // for each client
}

var _ transports.Transport = Transport{}

// Name returns "longpoll".
func (Transport) Name() string { return "longpoll" }

//go:embed longpoll.min.js
var script []byte

// Script returns the client's half.
func (Transport) Script() []byte { return script }

// Endpoints returns the endpoints "lp" and "up".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	t.Hold = cmp.Or(t.Hold, 20*time.Second)
	return map[string]http.Handler{
		"lp": &handler{t, sb},
		"up": transports.Up(sb, t.Limits),
	}
}

type handler struct {
	Transport
	sb transports.Switchboard
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hello, ok := h.Limits.ReadHello(w, r)
	if !ok {
		return
	}
	frames, err := h.poll(r, hello)
	h.Limits.Respond(w, frames, err)
}

func (h *handler) poll(r *http.Request, hello []byte) ([][]byte, error) {
	link, err := h.sb.Open(r, hello, transports.Carrier{Transport: h.Name(), Once: true})
	if err != nil {
		return nil, err
	}
	defer link.Close()
	ctx, cancel := context.WithTimeout(r.Context(), h.Hold)
	defer cancel()
	return link.Pull(ctx)
}
