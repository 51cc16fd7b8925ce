package framework

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/framework/internal/jsontype"
	"github.com/sojourn-go/sojourn/protocol"
)

// The codes of errors that the framework itself answers with. A program adds its own: lower-case words.
const (
	CodeDenied      = "denied"       // not allowed
	CodeNotFound    = "not_found"    // no such service, method, topic
	CodeInvalid     = "invalid"      // the payload does not fit: the message says what of it, if that is known
	CodeConflict    = "conflict"     // for programs: an edit of something that has changed since
	CodeBusy        = "busy"         // a state changed under every one of 8 runs
	CodeFull        = "full"         // no place left; of the framework's own the message says which limit it is
	CodeTimeout     = "timeout"      // the turn, or the answer to a question, took too long
	CodeRateLimited = "rate_limited" // for middleware
	CodeUnavailable = "unavailable"  // not now, not here; nothing happened
	CodePoison      = "poison"       // the message was sent five times without an answer, and is not tried again
	CodeGone        = "gone"         // the socket that was asked has ended
	CodeInternal    = "internal"     // a fault of the program; the log has it, with the turn's id
)

// Error is an error that the other side is told. Any other error that a handler returns reaches the log, and the client as [CodeInternal].
type Error struct {
	Code    string `json:"code"`    // a lower-case word: one of those above, or the program's own
	Message string `json:"message"` // for people; it reaches the client

	cause error
}

// Errorf makes an Error with a code. A %w verb's error stays in the log as its cause, and in errors.Is; the message is told.
func Errorf(code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// misfit is the error for what a client said and cannot be decoded as a T. Its client is told what it said wrong; all else is for the log, since decoding
// runs the program's code.
func misfit[T any](what string, err error) *Error {
	e := &Error{Code: CodeInvalid, Message: "the " + what + " does not fit", cause: err}
	if where := jsontype.Misfit(reflect.TypeFor[T](), err); where != "" {
		e.Message += ": " + where
	}
	return e
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of the Error that err wraps; [CodeInternal] for any other error, "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// told returns what a client is told of err: never the text of an error that was not meant for it.
func told(err error, turnID string) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "internal error in turn " + turnID, cause: err}
}

func (e *Error) payload() protocol.Payload {
	if !utf8.ValidString(e.Message) || len(e.Message) > 4096 {
		e = &Error{Code: e.Code, Message: "(unprintable)"}
	}
	text, err := json.Marshal(e)
	if err != nil {
		text = []byte(`{"code":"internal","message":""}`)
	}
	return protocol.JSONPayload(text)
}

// errorFrom reads an error that a client answered a question with.
func errorFrom(p protocol.Payload) *Error {
	e := &Error{Code: CodeInvalid, Message: "the client answered with an error that cannot be read"}
	if text, err := p.JSON(); err == nil {
		_ = json.Unmarshal(text, e) // what cannot be read keeps the text above
	}
	return e
}

// Causes of a turn's context ending, for context.Cause.
var (
	// ErrDraining ends a turn whose instance is being shut down. The turn has had no effect; its message is sent again, to another instance.
	ErrDraining = errors.New("framework: the instance is draining")
	// ErrTurnTime ends a turn that took longer than Config.TurnTime. The client is answered with CodeTimeout.
	ErrTurnTime = errors.New("framework: the turn took too long")
)

// ErrTurnOver is returned by an effect that is asked for after the turn's handler returned.
var ErrTurnOver = errors.New("framework: the turn is over: effects belong before the handler's return")

// ErrVolatileTurn is returned by an effect that a volatile turn may not have.
var ErrVolatileTurn = errors.New("framework: a volatile turn can only publish to volatile topics")

// errNewer stops a turn that only a newer build can run: nothing is recorded, and the client sends the message again.
var errNewer = errors.New("framework: only a newer build knows what this message asks for")
