// Package ws carries frames over a WebSocket: GET <mount>/ws.
//
// A message, up or down, is one frame or several lines. The client's first message begins with its hello. The server
// writes everything that waits as one message, pings with a frame (p) that the client must answer, since a proxy
// may answer a WebSocket's own ping, and ends a connection with a z frame and the close code of docs/protocol.md.
// Messages are not compressed: a compressor costs a connection more memory than all the rest of it.
package ws

import (
	"bufio"
	"cmp"
	_ "embed"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// Transport is the WebSocket transport. A zero field has its default.
type Transport struct {
	Heartbeat    time.Duration // a ping is sent so often, and a client silent for twice that is closed (4013); default 25 s
	MaxAge       time.Duration // a connection is ended (4000) when it is so old, or up to a tenth younger; default 295 s: before the platform cuts it; negative: never
	HelloTimeout time.Duration // time from the upgrade to the end of the client's hello, else 4013; default 5 s

	// Limits has a larger default for Frames, 2,048: a client says in one message all that it has to say, of which 1,300 may be frames.
	// A ping or pong of the WebSocket itself counts as a frame of the Rate, as does a message of none.
	Limits transports.Limits
}

var _ transports.Transport = Transport{}

// Name returns "ws".
func (Transport) Name() string { return "ws" }

//go:embed ws.min.js
var script []byte

// Script returns the client's half.
func (Transport) Script() []byte { return script }

// Endpoints returns the endpoint "ws".
func (t Transport) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	t.Heartbeat = cmp.Or(t.Heartbeat, 25*time.Second)
	t.MaxAge = cmp.Or(t.MaxAge, 295*time.Second)
	t.HelloTimeout = cmp.Or(t.HelloTimeout, 5*time.Second)
	t.Limits.Frames = cmp.Or(t.Limits.Frames, 2048)
	t.Limits = t.Limits.Defaults()
	return map[string]http.Handler{"ws": &handler{
		t:       t,
		sb:      sb,
		flusher: &flusher{most: runtime.GOMAXPROCS(0)},
		upgrader: websocket.Upgrader{
			HandshakeTimeout: t.Limits.Write,
			WriteBufferPool:  new(sync.Pool),                           // of which none is used: see write.go
			CheckOrigin:      func(*http.Request) bool { return true }, // transports.Handler has
			Error:            refuse,
		},
	}}
}

type handler struct {
	t        Transport
	sb       transports.Switchboard
	flusher  *flusher
	besides  besides
	upgrader websocket.Upgrader
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The upgrade writes a response of its own: of the headers only cookies go with it.
	var cookies http.Header
	if set := w.Header()["Set-Cookie"]; len(set) > 0 {
		cookies = http.Header{"Set-Cookie": set}
	}
	socket, err := h.upgrader.Upgrade(hijacker{w}, r, cookies)
	if err != nil {
		return // refuse has answered
	}
	go newConn(h, socket, r).serve(r)
}

// refuse answers a request that is not a WebSocket handshake.
func refuse(w http.ResponseWriter, _ *http.Request, status int, reason error) {
	w.Header().Set("Sec-WebSocket-Version", "13")
	end := &protocol.Close{Code: protocol.CodeMalformed, Why: reason.Error()}
	if status >= http.StatusInternalServerError {
		end = &protocol.Close{Code: protocol.CodeUnavailable}
	}
	transports.RespondStatus(w, status, end)
}

// hijacker finds the Hijacker behind wrappers that can be unwrapped, where the Upgrader looks at the outermost only, and wraps the connection.
type hijacker struct{ http.ResponseWriter }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if buffered.Reader.Buffered() > 0 { // gorilla says what is wrong with that
		return c, buffered, nil
	}
	w := newWire(c)
	return w, bufio.NewReadWriter(w.buffered, buffered.Writer), nil
}

func (h hijacker) Unwrap() http.ResponseWriter { return h.ResponseWriter }
