// Package toy carries frames down as the lines of a response that does not end: POST <mount>/lines, and up by POST <mount>/up.
// It is the example of docs/transports.md, and in no program.
package toy

import (
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the example.
type Transport struct{ Limits transports.Limits }

// Name returns "lines".
func (Transport) Name() string { return "lines" }

// Script returns nil: a program passes the client's half to connect itself.
func (Transport) Script() []byte { return nil }

// Endpoints returns the endpoints "lines" and "up".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{
		"lines": handler{t.Limits.Defaults(), sb},
		"up":    transports.Up(sb, t.Limits),
	}
}

type handler struct {
	limits transports.Limits
	sb     transports.Switchboard
}

const heartbeat, maxAge = 25 * time.Second, 295 * time.Second

// ServeHTTP serves one connection.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hello, ok := h.limits.ReadHello(w, r)
	if !ok {
		return // it has answered
	}
	link, err := h.sb.Open(r, hello, transports.Carrier{Transport: "lines", Heartbeat: heartbeat})
	if err != nil {
		h.limits.Respond(w, nil, err)
		return
	}
	defer link.Close()

	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	w.Header().Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	pump := transports.Pump{
		Heartbeat: heartbeat,
		MaxAge:    maxAge,
		Format:    func(b, frame []byte) []byte { return append(append(b, frame...), '\n') },
		Write: func(b []byte) error {
			_ = control.SetWriteDeadline(time.Now().Add(h.limits.Write))
			if _, err := w.Write(b); err != nil {
				return err
			}
			return control.Flush()
		},
	}
	_ = pump.Run(r.Context(), link) // it has told the client
}
