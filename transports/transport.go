// Package transports is the seam between the ways of carrying frames and what the frames are for.
//
// A [Transport] knows how to get lines of text to and from a client: over a WebSocket, an event stream, polls. It
// knows nothing of what they mean. It is given a [Switchboard], opens a [Link] for each connection with the
// client's first frame, pushes what comes up, pulls what goes down. The framework's switchboard is backed by its store;
// [Local] is a plain one in memory, so that a transport can be used with nothing else of this module.
//
//	poll       = Open, one Pull, Close
//	stream     = Open, Pull in a loop, Close
//	WebSocket  = Open, Push in a loop, Take when there is something, Close
//
// An HTTP transport keeps nothing in the instance between two requests. Package transporttest is the executable specification.
package transports

import (
	"context"
	"net/http"
	"time"
)

// Transport is one way of carrying frames.
type Transport interface {
	// Name is the transport's name, as the client's list of transports has it: "ws", "sse", "longpoll".
	Name() string
	// Endpoints returns the handlers that carry frames for the switchboard, by the last element of their path: "ws", "lp", "up". A name that ends in a
	// slash is a subtree: "sockjs/" is asked for /sockjs and all that follows it, and sees the path from there on, /sockjs/info, wherever it is mounted.
	// They check the method of their requests; [Handler] has checked the origin. Transports that share an endpoint
	// return equal handlers for it, as [Up] does for the same switchboard and limits.
	Endpoints(Switchboard) map[string]http.Handler
	// Script is the transport's JavaScript half, minified; nil if it has none. See docs/transports.md.
	Script() []byte
}

// Switchboard is what transports are plugged into.
//
// Errors of its methods, and of a Link's, are for the client to be told: protocol.CloseOf says how.
type Switchboard interface {
	// Open begins a connection with the client's first frame. The link's context is the request's: when it ends, the
	// link's calls return.
	Open(r *http.Request, hello []byte, c Carrier) (Link, error)

	// Post takes the frames of a request that stands by itself: its first frame says whose they are. It returns when
	// they were dealt with, with the frames to respond with; both may be set, the error as well.
	Post(r *http.Request, frames [][]byte) (reply [][]byte, err error)
}

// Carrier describes a connection to the switchboard.
type Carrier struct {
	Transport string        // the transport's name
	Once      bool          // the connection carries down what one Pull returns, and ends: a poll
	Heartbeat time.Duration // the switchboard is asked to tell the client that a frame comes at least so often; 0: nothing is promised

	// Ready, if it is set, is called when there may be something to take: the link is used with Take then, and not with Pull, and nobody has to wait.
	// Any goroutine may call it, also before Open has returned. It must not wait; nor call the link, unless here says that the caller does not mind: what there is
	// may then be taken and written at once. For what a Push brings down its own link it need not be called: take when Push has returned.
	Ready func(here bool)

	// Beside, if it is set, is called by Push with what need not be done before the next frame, and may take its time: it is to be run once, by and by, by any goroutine.
	// Nil: the switchboard starts one.
	Beside func(work func())
}

// Link is one connection's place at the switchboard. Push may be called at the same time as Pull, or Take, each from one goroutine at a time; Close from any.
type Link interface {
	// Push hands over one frame from the client and returns when it was dealt with. The frame's memory may be used again afterwards.
	Push(ctx context.Context, frame []byte) error

	// Pull returns the frames that are to go down, in order, at least one; it waits until there is one. They are immutable and may be shared with
	// other links. After the link's last frame it returns io.EOF; frames that come with an error are still to be written.
	// When ctx ends it returns ctx's error, and nothing was taken.
	//
	// A poll (Carrier.Once) is pulled once, and for it the end of ctx is not an error: ctx lasts as long as the poll may be held, and when it
	// ends Pull returns what there is, at least the hello. It returns earlier as soon as there is more than the hello, and at
	// once if the client waits for nothing but the hello (it said no cursor).
	Pull(ctx context.Context) ([][]byte, error)

	// Take is Pull for a connection with a Ready, and never waits: it appends the frames that are to go down by now, perhaps none.
	Take(frames [][]byte) ([][]byte, error)

	// Close ends the connection, not the conversation. It is idempotent, and returns when no call of the link is left that could touch anything.
	Close()
}
