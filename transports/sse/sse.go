// Package sse carries frames down as an event stream: POST <mount>/sse, and up by POST <mount>/up.
//
// The request's body is the hello; the data of each event is one frame. It is a POST, read with fetch rather than EventSource, because
// a hello holds a credential and an EventSource can only say it in its URL.
package sse

import (
	"cmp"
	_ "embed"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the event stream transport. A zero field has its default.
type Transport struct {
	Heartbeat time.Duration     // a ping is sent so often; default 25 s
	MaxAge    time.Duration     // a stream is ended when it is so old, or up to a tenth younger; default 295 s: before the platform cuts it; negative: never
	Limits    transports.Limits // for each client
}

var _ transports.Transport = Transport{}

// Name returns "sse".
func (Transport) Name() string { return "sse" }

//go:embed sse.min.js
var script []byte

// Script returns the client's half.
func (Transport) Script() []byte { return script }

// Endpoints returns the endpoints "sse" and "up".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	t.Heartbeat = cmp.Or(t.Heartbeat, 25*time.Second)
	t.MaxAge = cmp.Or(t.MaxAge, 295*time.Second)
	t.Limits = t.Limits.Defaults()
	return map[string]http.Handler{
		"sse": &handler{t, sb},
		"up":  transports.Up(sb, t.Limits),
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
	s := newStream(w, h.Limits.Write)
	pump := transports.Pump{Heartbeat: h.Heartbeat, MaxAge: h.MaxAge, Format: format, Write: s.write}
	link, err := h.sb.Open(r, hello, pump.Carrier(h.Name()))
	if err != nil && protocol.CloseOf(err).Code.Status() != http.StatusOK {
		h.Limits.Respond(w, nil, err)
		return
	}
	s.begin()
	if err != nil {
		_ = s.write(format(nil, protocol.CloseOf(err).Append(nil)))
		return
	}
	defer link.Close()
	// A first comment makes what stands between pass the headers on; the hello may have to wait.
	if s.write([]byte(":\n\n")) != nil {
		return
	}
	_ = pump.Run(r.Context(), link) // it has told the client
}
