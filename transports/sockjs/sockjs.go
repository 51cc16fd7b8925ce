// Package sockjs serves SockJS 0.3.3, for pages that have its client: over WebSockets, streams and polls, whichever a browser and what stands between can do.
//
//	http.ListenAndServe(":8081", &sockjs.Server{
//		Prefix:    "/echo",
//		OnMessage: func(s *sockjs.Session, text string) { s.Send(text) },
//	})
//
// That is a [Server], alone. A [Transport] carries the framework's conversations over the same protocol.
//
// Sessions are in a store. If several instances share it each request of a session may reach any of them; a WebSocket is a session that lives and dies with its
// instance's connection. What goes down is taken from the store before it is written, so nothing comes twice; what was taken and did not arrive is lost, and its client sees the
// broken response and ends the session. Only if a browser or a proxy sends a poll again by itself, when it was not answered, does the client not hear of it: docs/engineio-sockjs.md.
//
// A page of any origin may connect, with its visitor's cookies, since the protocol wants it so: a program that serves visitors must know them by something that a foreign page
// cannot have, such as a token in the first message.
package sockjs

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Options are what the protocol leaves to the server. A zero field has its default.
type Options struct {
	ResponseLimit   int           // bytes after which a stream ends, and its client asks for the next; default 128 KiB
	HeartbeatDelay  time.Duration // between heartbeats; default 25 s
	DisconnectDelay time.Duration // a session of which nobody receives ends after this time; default 5 s
	SockJSURL       string        // of the library, for the iframe page; default: its own address on a CDN. Under the framework there is no such page without it: see [Transport]
	NoWebSocket     bool          // pages are told so, and take another way
	JSessionID      bool          // a JSESSIONID cookie is set, for balancers that want one; sessions do not need it

	// Store is where sessions are: one that several instances share makes any of them serve each request. A Server needs one of its own. What waits for one session is bounded
	// by the store. Default: in memory, 8 times Limits.Body for each session; under the framework the framework's.
	Store store.Store

	// Limits are for each client. Body, 1 MiB by default, bounds a request's body, a WebSocket's message, and so each message. Rate and Burst count messages. Frame and Frames, 2,048
	// by default, are for a Transport.
	Limits transports.Limits
}

// DefaultSockJSURL is where the iframe page has the library from, unless it is told.
const DefaultSockJSURL = "https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js"

func (o Options) defaults() Options {
	o.ResponseLimit = cmp.Or(o.ResponseLimit, 128<<10)
	o.HeartbeatDelay = cmp.Or(o.HeartbeatDelay, 25*time.Second)
	o.DisconnectDelay = cmp.Or(o.DisconnectDelay, 5*time.Second)
	o.Limits = o.Limits.Defaults()
	return o
}

// Server is a SockJS service. It is ready as it is, must not be copied or changed after its first use, and its methods may be called from any goroutine.
//
// Callbacks run on the instance whose request brought the message. Of one session one of OnOpen and OnMessage runs at a time on an instance. What a callback sends is
// real when all callbacks of its request have returned. A nil one is not called.
type Server struct {
	Options
	Prefix string // of the paths, which clients are given, with no / at its end: "/echo"; "" serves at the root

	OnOpen    func(*Session)                           // a client opens a session. It is one when this has returned
	OnMessage func(s *Session, text string)            // a message has come
	OnClose   func(id string, code int, reason string) // once for each session that was opened, on whichever instance finds it: the program's code and reason, or 1002 and "transport close" (it broke off), "nobody receives" (for DisconnectDelay) or "transport error" (it took nothing, and too much waited). It runs again, elsewhere, if the instance dies meanwhile or it takes more than 30 s

	once    sync.Once
	service *service
}

// ErrGone is the error for a session that has ended, or never was.
var ErrGone = errors.New("sockjs: there is no such session")

// ServeHTTP serves everything below the Prefix, and 404 elsewhere.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), s.Prefix)
	if !ok || path != "" && path[0] != '/' {
		http.NotFound(w, r)
		return
	}
	s.start().serve(w, r, path)
}

// Send sends messages to a session, from anywhere, given its id. The error is [ErrGone], or the store's. What is not UTF-8 in a text is replaced.
func (s *Server) Send(ctx context.Context, id string, texts ...string) error {
	return told(s.start().sessions.Append(ctx, id, messages(texts)...))
}

// End ends a session, given its id, after what waits for it: with a code of 3000 to 4999 and a reason, which the client is told. Code 0 is 1000, "Normal closure". The error is
// [ErrGone], or the store's.
func (s *Server) End(ctx context.Context, id string, code int, reason string) error {
	return told(s.start().sessions.Finish(ctx, id, closure(code, reason)))
}

// Sweep ends sessions that are overdue, and returns how many that were: for instances that do not run between requests. It may wait for 10 s, if nobody has looked for long.
func (s *Server) Sweep(ctx context.Context) (int, error) { return s.start().sessions.Sweep(ctx) }

// Shutdown ends what this instance holds: polls and streams, whose clients come again, elsewhere, and WebSockets. It takes nothing new, and returns when all is done, or
// with ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return s.start().shutdown(ctx) }

func (s *Server) start() *service {
	s.once.Do(func() {
		program := &session.Program{Closed: s.closed}
		if s.OnOpen != nil {
			program.Opened = func(x *session.Exchange) { s.OnOpen(&Session{x}) }
		}
		if s.OnMessage != nil {
			program.Received = func(x *session.Exchange, m session.Message) { s.OnMessage(&Session{x}, string(m.Data)) }
		}
		o := s.Options.defaults()
		o.SockJSURL = cmp.Or(o.SockJSURL, DefaultSockJSURL)
		s.service = newService(o, session.Config{Name: "sockjs " + s.Prefix, Program: program})
	})
	return s.service
}

func (s *Server) closed(id string, end session.Gone) {
	if s.OnClose != nil {
		s.OnClose(id, cmp.Or(end.Code, interrupted), end.Why)
	}
}

func told(err error) error {
	if errors.Is(err, session.ErrUnknown) {
		return ErrGone
	}
	return err
}

// Session is one callback's view of its session, and of no use after that.
type Session struct{ x *session.Exchange }

// ID returns the session's id, for [Server.Send]. It is not the one in the URLs, which speaks for the client.
func (s *Session) ID() string { return s.x.ID }

// Request returns the request that brought the message.
func (s *Session) Request() *http.Request { return s.x.Request }

// Send sends messages, after the callbacks of this request. What is not UTF-8 in a text is replaced.
func (s *Session) Send(texts ...string) { s.x.Send(messages(texts)...) }

// End ends the session, after what was sent, as [Server.End] does. This request's further messages are not delivered.
func (s *Session) End(code int, reason string) { s.x.End(closure(code, reason)) }

func messages(texts []string) []session.Message {
	ms := make([]session.Message, len(texts))
	for i, t := range texts {
		ms[i] = session.Message{Data: []byte(strings.ToValidUTF8(t, "\uFFFD"))}
	}
	return ms
}

func closure(code int, reason string) session.Gone {
	if code == 0 {
		return session.Gone{Code: 1000, Why: cmp.Or(reason, "Normal closure")}
	}
	return session.Gone{Code: code, Why: strings.ToValidUTF8(reason, "\uFFFD")}
}
