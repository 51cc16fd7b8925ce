// Package dialect says how each kind of server is spoken to: what a client writes to begin, to make a call, and to keep the conversation
// going, and what the server's bytes say. It does no input and output: the load generator does, and the tests.
package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Session is one client's side of a conversation. It outlives connections: Open may be called again, on a new one. Bytes to be written are appended to out.
type Session interface {
	// Open says what a new connection begins with.
	Open(out *[]byte)
	// Call makes a call with a payload; what comes back is told to the Hearer of a later Read.
	Call(out *[]byte, payload []byte)
	// Read takes what a server said as far as it is whole, tells it, and returns how many bytes it took; the rest is given again, with more
	// behind it. It may call for things to be written. After an error the connection is of no use any more.
	Read(in []byte, out *[]byte, h Hearer) (taken int, err error)
}

// Hearer is told what a session has heard.
type Hearer interface {
	// Opened tells that the conversation stands: calls may be made, and what is published from now on comes.
	Opened()
	// Came brings the payload of an answer, or of what was published. It is valid until Came returns.
	Came(payload []byte)
	// Lost tells that the server said that something was lost, of what was published.
	Lost()
	// Post asks for a POST of a body, on any other connection.
	Post(path string, body []byte)
}

// Setting says what a session is for.
type Setting struct {
	Host   string // as the header Host names the server
	Follow bool   // it subscribes to what is published; else it makes calls
	Topic  string // of what is published there are several kinds, and it subscribes to this; "" where there is one. Only for the dialects raw and sojourn-*
}

// dialects are the kinds of sessions, by name.
var dialects = map[string]func(Setting) Session{
	"raw":              func(s Setting) Session { return newWebSocket(s, raw{s}) },
	"sockjs":           func(s Setting) Session { return newWebSocket(s, &sockjs{Setting: s}) },
	"socketio":         func(s Setting) Session { return newWebSocket(s, &socketio{Setting: s}) },
	"sojourn-once":     func(s Setting) Session { return newWebSocket(s, newSojourn(s, false)) },
	"sojourn-volatile": func(s Setting) Session { return newWebSocket(s, newSojourn(s, true)) },
	"sse":              func(s Setting) Session { return &stream{Setting: s} },
	"poll":             func(s Setting) Session { return &poll{Setting: s} },
	"sockjs-poll":      func(s Setting) Session { return newSockJSPoll(s) },
	"sojourn-sse":      func(s Setting) Session { return &sojournStream{conversation: newConversation(s), Setting: s} },
	"sojourn-poll":     func(s Setting) Session { return &sojournPoll{conversation: newConversation(s), Setting: s} },
}

// New returns a session in a dialect: see Names.
func New(name string, s Setting) (Session, error) {
	make, ok := dialects[name]
	if !ok {
		return nil, fmt.Errorf("dialect: there is no %q, but %v", name, Names())
	}
	return make(s), nil
}

// Names returns the names of all dialects.
func Names() []string { return slices.Sorted(maps.Keys(dialects)) }

// Resumes tells whether conversations of a dialect go on where they were, on a new connection.
func Resumes(name string) bool { return strings.HasPrefix(name, "sojourn") }
