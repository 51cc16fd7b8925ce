package client

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Options are settings for Dial. The zero value works.
type Options struct {
	// Transports are tried in this order: "ws", "sse", "longpoll". What worked is kept. Default: all three.
	Transports []string

	// HTTPClient makes the requests of sse and longpoll; its Jar, and the TLS configuration of its http.Transport, are used for
	// WebSockets as well. It must have no Timeout, which would cut streams.
	// Default: one of the Client's own, with DialContext.
	HTTPClient *http.Client
	// DialContext makes the connections of WebSockets, and those of the default HTTPClient. Default: a net.Dialer's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Header is added to every request: cookies, Authorization.
	Header http.Header

	// Auth is said in every hello, for a server that looks for it there.
	Auth string
	// Build is this program's build, any string that sorts.
	Build string

	// Handlers are called for events and questions of the server, by method: "chat.notice". [Client.Handle] adds to them.
	Handlers map[string]Handler

	// HelloTime is how long an instance may take to answer a hello before the next transport is tried; it grows
	// while none answers. Default 3 s.
	HelloTime time.Duration
	Reconnect Reconnect

	OnStatus func(Status)             // the conversation's state changed
	OnLost   func(stream, why string) // entries of a topic are lost or, if stream is empty, of the socket's own stream

	// Log is told of connections that break. Default: nothing is logged.
	Log *slog.Logger
	// Trace is called with every frame: direction is "up" or "down". The frame must not be changed nor kept. Hellos hold
	// the credential. It may be called by several goroutines at once.
	Trace func(direction string, frame []byte)
}

// Reconnect says how long to wait before connecting again: a random time between nothing and Min, doubled with each attempt up to Max.
type Reconnect struct {
	Min      time.Duration // default 250 ms
	Max      time.Duration // default 10 s
	Attempts int           // after so many in a row without a hello the client gives up; 0: never
}

// Status is the state of a conversation.
type Status string

// What a conversation goes through: open, then reconnecting and reconnected as often as need be, then closed.
const (
	StatusOpen         Status = "open"
	StatusReconnecting Status = "reconnecting" // a connection broke; the conversation goes on
	StatusReconnected  Status = "reconnected"
	StatusClosed       Status = "closed" // for good; Client.Err says why
)

// Handler handles an event or a question of the server. What it returns answers a question; an [*Error] is passed on as it is, another error
// as one with code "internal". For an event both are ignored. A handler's ctx ends with the client.
type Handler func(ctx context.Context, payload protocol.Payload) (any, error)

func (o *Options) withDefaults() Options {
	var d Options
	if o != nil {
		d = *o
	}
	if len(d.Transports) == 0 {
		d.Transports = []string{"ws", "sse", "longpoll"}
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
