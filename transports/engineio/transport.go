package engineio

import (
	"cmp"
	"net/http"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Transport carries the framework's clients over Engine.IO, for pages that have its client anyway, or networks that pass nothing else. What Options say of MaxPayload and Store has other
// defaults here; which pages may connect the framework knows.
type Transport struct{ Options }

var _ transports.Transport = Transport{}

// Name returns "engineio".
func (Transport) Name() string { return name }

// Script returns nil: the client's half needs engine.io-client, so pages import it by itself.
func (Transport) Script() []byte { return nil }

// Endpoints returns the subtree "engine.io/".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	o := t.Options
	o.MaxPayload = cmp.Or(o.MaxPayload, o.Limits.Defaults().Body+4<<10)
	return map[string]http.Handler{"engine.io/": newEngine(o, session.Config{Board: sb})}
}
