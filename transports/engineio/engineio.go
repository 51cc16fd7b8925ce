// Package engineio speaks Engine.IO, version 4 of its protocol: what engine.io-client, and the clients of Socket.IO below their own protocol, speak.
//
//	http.Handle("/engine.io/", &engineio.Server{
//		OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) },
//	})
//
// That is a [Server], alone. A [Transport] carries the framework's conversations over the same protocol.
//
// Sessions are in a store, so that with one that is shared each request may reach any instance: no sticky sessions are needed, and an instance may go at any moment. What goes down is
// taken from the store before it is written, so nothing comes twice; what was taken and did not arrive is lost, and its client sees the broken response and ends the session. Only if
// a browser or a proxy sends a poll again by itself, when it was not answered, does the client not hear of it: docs/engineio-sockjs.md.
//
// Pages of other origins may connect if [CORS] says so.
package engineio

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Options are the protocol's. A zero field has its default.
type Options struct {
	PingInterval   time.Duration // a client is pinged so often; default 25 s
	PingTimeout    time.Duration // time for it to answer, else its session ends; default 20 s
	UpgradeTimeout time.Duration // time for a websocket that is to take the place of polls; default 10 s
	MaxPayload     int           // bytes of what a client may send at once, by a POST or as a websocket message; default 1,000,000; of a Transport Limits.Body and 4 KiB
	NoUpgrades     bool          // polls stay polls: clients are told so, and their websockets refused

	// Cookie, if it is set, is set by the answer that begins a session, and says that one's sid, for balancers that want it: here nothing does. What is zero of its Name, Path and
	// SameSite is "io", "/" and Lax. It is always HttpOnly.
	Cookie *http.Cookie

	// Store is where sessions are. It is this protocol's and this program's alone: a Redis that has others gets a Prefix for it. What waits for one session is bounded
	// by the store's MaxBytes, which is better eight times MaxPayload. Default: memory of its own; of a Transport the server's.
	Store store.Store

	Limits transports.Limits // for each client. MaxPayload is its Body; Frame and Frames are for a Transport
}

// Message is what is said, up or down: UTF-8 text, or bytes. Text that has U+001E in it cannot be carried by polls.
type Message struct {
	Binary bool   // bytes
	Data   []byte // of either
}

// ErrGone is the error for a session that has ended, or never was.
var ErrGone = errors.New("engineio: there is no such session")

// Server is the http.Handler of an Engine.IO server, whatever the path; "/engine.io/" is what clients ask for, and some "/engine.io". It is ready as it is, and its fields are not changed after its first
// use. All callbacks may be nil. Of one session one of OnOpen and OnMessage runs at a time on an instance, and holds up nobody else's.
type Server struct {
	Options
	CORS *CORS // which pages of other origins may connect; nil: none

	OnOpen    func(*Socket)           // a session begins. It is one when this has returned
	OnMessage func(*Socket, Message)  // a message has come. Its Data may be kept
	OnClose   func(id, reason string) // a session has ended, which is told once, on any instance; again only if that dies before this has returned, or this takes more than 30 s. Reasons are "transport close", "transport error", "parse error", "ping timeout" and "forced close"

	once   sync.Once
	engine *engine
}

func (s *Server) ready() *engine {
	s.once.Do(func() {
		program := &session.Program{
			Opened: func(x *session.Exchange) {
				if s.OnOpen != nil {
					s.OnOpen(&Socket{x})
				}
			},
			Received: func(x *session.Exchange, m session.Message) {
				if s.OnMessage != nil {
					s.OnMessage(&Socket{x}, Message(m))
				}
			},
			Closed: func(id string, end session.Gone) {
				if s.OnClose != nil {
					s.OnClose(id, end.Why)
				}
			},
		}
		o := s.Options
		o.MaxPayload = cmp.Or(o.MaxPayload, 1_000_000)
		s.engine = newEngine(o, session.Config{Program: program})
		s.engine.cors = s.CORS
	})
	return s.engine
}

// ServeHTTP implements http.Handler. Of a websocket it returns when that has been accepted; what goes on is waited for by Shutdown.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.ready().ServeHTTP(w, r) }

// Send sends messages to a session from outside of its callbacks, wherever its client is connected. It returns when they are in the store; [ErrGone] if the session has ended.
func (s *Server) Send(ctx context.Context, id string, ms ...Message) error {
	var all []session.Message
	for _, m := range ms {
		all = append(all, session.Message(m))
	}
	return gone(s.ready().sessions.Append(ctx, id, all...))
}

// End ends a session, after what was sent has been received: [ErrGone] if it has ended.
func (s *Server) End(ctx context.Context, id string) error {
	return gone(s.ready().sessions.Finish(ctx, id, session.Gone{Why: whyForced}))
}

func gone(err error) error {
	if errors.Is(err, session.ErrUnknown) {
		return ErrGone
	}
	return err
}

// Sweep ends sessions whose time is over, and returns how many: an instance that runs only while it has requests calls it now and then, others need not.
func (s *Server) Sweep(ctx context.Context) (int, error) { return s.ready().sessions.Sweep(ctx) }

// Shutdown ends what is held here: polls are answered, websockets closed, nothing new begins. Sessions of polls go on at other instances, if the store is shared. It returns when all is
// done, or ctx's error. http.Server.Shutdown waits for polls and knows nothing of websockets, so this one comes first.
func (s *Server) Shutdown(ctx context.Context) error { return s.ready().shutdown(ctx) }

// Socket is one callback's view of a session. It is not used after the callback: what is sent and ended then takes effect together with the message, all at once.
type Socket struct{ exchange *session.Exchange }

// ID names the session, for Server.Send. It may be told to others: unlike the sid that its client uses it speaks for nobody.
func (s *Socket) ID() string { return s.exchange.ID }

// Request is the request that brought this: of a websocket the one that it began as.
func (s *Socket) Request() *http.Request { return s.exchange.Request }

// Send sends messages to the client.
func (s *Socket) Send(ms ...Message) {
	for _, m := range ms {
		s.exchange.Send(session.Message(m))
	}
}

// End ends the session after what was sent.
func (s *Socket) End() { s.exchange.End(session.Gone{Why: whyForced}) }
