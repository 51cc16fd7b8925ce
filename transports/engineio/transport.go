package engineio

import (
	"cmp"
	_ "embed"
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

// Script returns nil: without engine.io-client there is nothing to join. The endpoint "engineio.js" has the client's half, as a module.
func (Transport) Script() []byte { return nil }

// Endpoints returns the endpoints "engine.io/", which is the protocol's, and "engineio.js".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	o := t.Options
	o.MaxPayload = cmp.Or(o.MaxPayload, o.Limits.Defaults().Body+4<<10)
	return map[string]http.Handler{
		"engine.io/":  newEngine(o, session.Config{Board: sb}),
		"engineio.js": session.Module(script, name),
	}
}

//go:embed engineio.min.js
var script []byte
