// Package toy carries frames down as a JSON array, each time that the client asks: POST <mount>/toy, and up by POST <mount>/up.
// It is the example of docs/transports.md, and in no program.
package toy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the example.
type Transport struct{ Limits transports.Limits }

// Name returns "toy".
func (Transport) Name() string { return "toy" }

// Script returns nil: a program passes the client's half to connect itself.
func (Transport) Script() []byte { return nil }

// Endpoints returns the endpoints "toy" and "up".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{
		"toy": handler{t.Limits, sb},
		"up":  transports.Up(sb, t.Limits),
	}
}

type handler struct {
	limits transports.Limits
	sb     transports.Switchboard
}

// ServeHTTP answers a request with what there is to say, a reason to end included, if the reason has no status of its own.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hello, ok := h.limits.ReadHello(w, r)
	if !ok {
		return // it has answered
	}
	frames, err := h.poll(r, hello)
	var end *protocol.Close
	if err != nil && !errors.Is(err, io.EOF) {
		end = protocol.CloseOf(err)
	}
	if end != nil && end.Code.Status() != http.StatusOK {
		h.limits.Respond(w, frames, end)
		return
	}
	var texts []string
	for _, f := range frames {
		texts = append(texts, string(f))
	}
	if end != nil {
		texts = append(texts, string(end.Append(nil)))
	}
	array, _ := json.Marshal(texts) // strings always can be
	h.limits.Respond(w, [][]byte{array}, nil)
}

// hold is how long a request waits for something to say.
const hold = 20 * time.Second

func (h handler) poll(r *http.Request, hello []byte) ([][]byte, error) {
	link, err := h.sb.Open(r, hello, transports.Carrier{Transport: "toy", Once: true})
	if err != nil {
		return nil, err
	}
	defer link.Close()
	ctx, cancel := context.WithTimeout(r.Context(), hold)
	defer cancel()
	return link.Pull(ctx)
}
