package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
)

// ErrClosed is the error of what was still open when the client was closed or abandoned, and of everything after.
var ErrClosed = errors.New("client: closed")

var errAnswerLost = &Error{Code: "gone", Message: "it took effect, but its answer is lost"}

// Error is an error that the other side answered with.
type Error struct {
	Code    string `json:"code"`    // a lower-case word: "denied", "not_found", "invalid", "gone" ...
	Message string `json:"message"` // for people; may be empty
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return "client: " + e.Code
	}
	return "client: " + e.Code + ": " + e.Message
}

// CodeOf returns the code of the [Error] that err wraps; "" if it wraps none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// message is something that goes up: numbered, or volatile.
type message struct {
	kind  protocol.Kind
	rest  []byte // of the line, after the number: ",chat.say|{}"
	n     uint64 // 0: not sent yet
	tries int    // how often it was sent, as the first that had not taken effect, on a connection that broke
	at    uint64 // once in effect: it is settled when the own cursor is here
	doubt bool   // entries of the own stream were lost since it was sent: its answer may be among them
	topic *topic // of a subscribe or unsubscribe
	pending
}

// line appends the message as a line, with its line break.
func (m *message) line(b []byte) []byte {
	b = protocol.AppendNumber(append(b, byte(m.kind)), m.n)
	return append(append(b, m.rest...), '\n')
}

// pending is what a message comes to.
type pending struct {
	done    chan struct{}
	payload protocol.Payload
	err     error
}

// settle is called with the client's mutex held; the first call counts.
func (p *pending) settle(payload protocol.Payload, err error) {
	if !p.settled() {
		p.payload, p.err = payload, err
		close(p.done)
	}
}

func (p *pending) settled() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Pending is a call that was made without waiting for it.
type Pending struct{ p *pending }

// Done is closed when the call has come to something: Wait returns at once.
func (p *Pending) Done() <-chan struct{} { return p.p.done }

// Wait waits for the call's answer and decodes it into out, which may be nil. It may be called more than once.
//
// When ctx ends first its error is returned; the call stays made, and may take effect.
func (p *Pending) Wait(ctx context.Context, out any) error {
	select {
	case <-p.p.done:
	default:
		select {
		case <-p.p.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if p.p.err != nil {
		return p.p.err
	}
	return decode(p.p.payload, out)
}

// encode makes a payload: none of nil, bytes of a []byte, a [protocol.Payload] is taken as it is, JSON of everything else.
func encode(in any) (protocol.Payload, error) {
	switch in := in.(type) {
	case nil:
		return nil, nil
	case protocol.Payload:
		return in, nil
	case []byte:
		return protocol.BytesPayload(in), nil
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return protocol.JSONPayload(text), nil
}

// decode is the reverse of encode.
func decode(p protocol.Payload, out any) error {
	var err error
	switch out := out.(type) {
	case nil:
	case *protocol.Payload:
		*out = p
	case *[]byte:
		*out, err = p.Bytes()
	default:
		var text []byte
		if text, err = p.JSON(); err == nil {
			err = json.Unmarshal(text, out)
		}
	}
	if err != nil {
		return fmt.Errorf("client: payload: %w", err)
	}
	return nil
}

// newMessage makes a message whose header goes on with name after the number.
func newMessage(kind protocol.Kind, name string, payload protocol.Payload) (*message, error) {
	m := &message{kind: kind, pending: pending{done: make(chan struct{})}}
	if kind != protocol.Goodbye {
		m.rest = append(append(append(m.rest, ','), name...), payload...)
		if _, err := protocol.ParseFrame(m.line(nil)[:len(m.rest)+2]); err != nil || name == "" || strings.ContainsAny(name, ",|*") {
			return nil, fmt.Errorf("client: %q with this payload cannot be sent", name)
		}
	}
	return m, nil
}

// errorOf reads the payload of an error frame.
func errorOf(p protocol.Payload) *Error {
	e := new(Error)
	if err := decode(p, e); err != nil || e.Code == "" {
		return &Error{Code: "internal", Message: "an error that cannot be read"}
	}
	return e
}
