package client

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options are settings for Dial. The zero value works.
type Options struct {
	// Transports are tried in this order, the best first: "ws", "sse", "longpoll". A transport by which no hello comes is left for the next one: at the first
	// failure if it has never worked, at the third in a row if it has. What worked is kept; but while it is not the first, those before it are tried
	// again a minute later, and then every ten minutes, beside the connection in use, which is left only when another one has taken its place.
	// [Client.Use] changes the order. Default: all three.
	Transports []string

	// HTTPClient makes the requests of sse and longpoll; its Jar, and the TLS configuration of its http.Transport, are used for
	// WebSockets as well. It must have no Timeout, which would cut streams.
	// Default: one of the Client's own, with DialContext.
	HTTPClient *http.Client
	// DialContext makes the connections of WebSockets, and those of the default HTTPClient. Default: a net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Header is added to every request: cookies, Authorization. It must not be changed.
	Header http.Header

	// Auth returns what the client says that it is, a token say, for a server that finds it as bearer token of its requests; [Token] makes one that always says the same.
	// It is asked once for each attempt to connect, and again when the server says that the credentials are about to run out: then the conversation
	// goes on with the fresh ones, without a break. Requests in between have the newest ones.
	//
	// It is not called twice at a time, and must return when ctx ends, after 30 s at the latest. An error fails the attempt: the client logs it, backs off and asks again.
	//
	// Without Auth, credentials are those of Header and of HTTPClient's Jar; when they are about to run out the server is shown what they are by then.
	Auth func(ctx context.Context) (string, error)
	// Build is this program's build, any string that sorts; at most 64 bytes.
	Build string

	// Handlers are called for events and questions of the server, by method: "chat.notice". [Client.Handle] adds to them.
	Handlers map[string]Handler
	// Fallback returns the handler of a method that has none, or nil: for programs that show, or pass on, whatever comes. asked tells a question from an event. It is called
	// where the handler would be.
	Fallback func(method string, asked bool) Handler
	// Questions is how many questions are handled at the same time; more of them wait. Default 16.
	Questions int

	// MaxQueue is how many calls and subscriptions may be under way: sent or not, without having come to something. One more fails at once, with
	// the code "full"; so that what is sent while there is no connection is bounded. Default 1,000.
	MaxQueue int

	// HelloTime is how long an instance may take to answer a hello before the next transport is tried; it grows
	// while none answers. Default 3 s.
	HelloTime time.Duration
	// Reconnect says how long to wait between attempts to connect.
	Reconnect Reconnect

	// OnStatus is told that the conversation's state changed. Callbacks: see the package's documentation.
	OnStatus func(Status)
	// OnTransport is told the name of the transport in use, when the first connection is made and whenever it changes.
	OnTransport func(name string)
	// OnLost is told that entries of a topic are lost or, if stream is empty, of the socket's own stream: events, questions, answers. For why see [Client.Subscribe].
	OnLost func(stream, why string)

	// Log is told of connections that break. Default: nothing is logged.
	Log *slog.Logger
	// Trace is called with every frame: direction is "up" or "down". The frame must not be changed nor kept. Hellos hold
	// the credential. It may be called by several goroutines at once.
	Trace func(direction string, frame []byte)
}

// Reconnect says how long to wait before connecting again: a random time between nothing and Min, doubled with each attempt up to Max; and, if an instance or a proxy
// said how long it wants to be left in peace (Retry-After), at least that, up to an hour.
type Reconnect struct {
	Min      time.Duration // default 250 ms
	Max      time.Duration // default 10 s
	Attempts int           // after so many in a row without a hello the client gives up; 0: never
}

// Status is the state of a conversation.
type Status string

// What a conversation goes through: open, then reconnecting and reconnected as often as need be, then closed. A connection that another one takes the place
// of before it ends changes nothing.
const (
	StatusOpen         Status = "open"
	StatusReconnecting Status = "reconnecting" // a connection broke; the conversation goes on
	StatusReconnected  Status = "reconnected"
	StatusClosed       Status = "closed" // for good; Client.Err says why
)

func (o *Options) withDefaults() Options {
	var d Options
	if o != nil {
		d = *o
	}
	if len(d.Transports) == 0 {
		d.Transports = []string{"ws", "sse", "longpoll"}
	}
	if d.Questions <= 0 {
		d.Questions = 16
	}
	if d.MaxQueue <= 0 {
		d.MaxQueue = 1000
	}
	if d.HelloTime <= 0 {
		d.HelloTime = 3 * time.Second
	}
	if d.Reconnect.Min <= 0 {
		d.Reconnect.Min = 250 * time.Millisecond
	}
	if d.Reconnect.Max <= 0 {
		d.Reconnect.Max = 10 * time.Second
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d
}
