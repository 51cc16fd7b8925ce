package framework

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sojourn-go/sojourn/protocol"
)

// Continuation is what goes on when a question was answered or a timer is due: a named function, so that it can wait in the
// store and run on any instance. Its name must be unique among a server's services, and stay what it is across builds. Make
// one with [Then] or [Timer], as a package variable, and list it in its Service.
type Continuation interface{ declared() continuation }

type continuation struct {
	name    string
	service string       // that lists it, once it is registered; "" for the framework's own
	answer  reflect.Type // of a question; nil: it takes any
	run     func(t *Turn, bound, answer protocol.Payload, err error) error
}

func (c continuation) declared() continuation { return c }

// Bound is a continuation with the value that it will be given.
type Bound struct {
	name  string
	value any
}

// Asked is the continuation of a question. See [Then].
type Asked[B, A any] struct{ continuation }

// Then declares what goes on after a question: f is given the bound value, and the answer or an error: [CodeTimeout] if there was none in
// time, [CodeGone] if the socket ended, or what the client answered with. It runs in a turn of its own; if the answer came from the socket,
// in the turn of that message.
func Then[B, A any](name string, f func(t *Turn, bound B, answer A, err error) error) *Asked[B, A] {
	if f == nil {
		return &Asked[B, A]{continuation{name: name}}
	}
	return &Asked[B, A]{continuation{name: name, answer: reflect.TypeFor[A](), run: func(t *Turn, bound, answer protocol.Payload, failed error) error {
		b, err := decode[B](nil, bound)
		if err != nil {
			return fmt.Errorf("continuation %s: bound value: %w", name, err)
		}
		var a A
		if failed == nil {
			if a, err = decode[A](t.codec, answer); err != nil {
				failed = misfit[A]("answer", err)
			}
		}
		return f(t, b, a, failed)
	}}}
}

// With binds a value.
func (a *Asked[B, A]) With(b B) Bound { return Bound{a.name, b} }

// Timed is the continuation of a timer. See [Timer].
type Timed[B any] struct{ continuation }

// Timer declares what happens when a timer is due. It runs in a turn that belongs to no socket.
func Timer[B any](name string, f func(t *Turn, bound B) error) *Timed[B] {
	if f == nil {
		return &Timed[B]{continuation{name: name}}
	}
	return &Timed[B]{continuation{name: name, run: func(t *Turn, bound, _ protocol.Payload, _ error) error {
		b, err := decode[B](nil, bound)
		if err != nil {
			return fmt.Errorf("timer %s: bound value: %w", name, err)
		}
		return f(t, b)
	}}}
}

// With binds a value.
func (a *Timed[B]) With(b B) Bound { return Bound{a.name, b} }

// item is what the store keeps of a timer or a question. Fields are only added.
type item struct {
	Then  string `json:"then"`
	With  string `json:"with,omitempty"`  // a payload
	Build string `json:"build,omitempty"` // of the instance that made it
	Asked string `json:"asked,omitempty"` // the method that was, if the answer is not JSON
	Gone  bool   `json:"gone,omitempty"`  // its socket has ended; an older build, which knew nothing of Then, has come across it since
}

func (b Bound) item(build, asked string) ([]byte, error) {
	with, err := encode(nil, b.value)
	if err != nil {
		return nil, fmt.Errorf("framework: value bound to %s: %w", b.name, err)
	}
	return json.Marshal(item{Then: b.name, With: string(with), Build: build, Asked: asked})
}
