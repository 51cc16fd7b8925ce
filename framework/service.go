package framework

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"

	"github.com/sojourn-go/sojourn/protocol"
)

// Service is a named unit of behaviour: its methods are what clients may call, its streams what they may subscribe to. It is a plain
// value, and may be part of several servers.
type Service struct {
	// Name is what clients call it: a letter, then letters, digits and underscores.
	Name string
	// Methods are what clients may call, by name (of the same form).
	Methods Methods
	// Topics are the topics and states that the service publishes.
	Topics []Stream
	// Continuations are what goes on after a question's answer, or when a timer is due.
	Continuations []Continuation
	// Connect runs in the turn that opens a socket. An error refuses the socket, and the client is told.
	Connect func(*Turn) error
	// Away runs when a socket has had no connection for 15 seconds, unless the instance that held the last one is gone too: it is a hint, for showing
	// who is there. What the turn sends to the socket tells its client, when it is back, that it was away.
	Away func(*Turn) error
	// Goodbye runs in the last turn of a socket, exactly one of which commits. An error drops its effects, not the goodbye.
	Goodbye func(*Turn) error
	// Middleware wraps the service's methods, the first outermost, inside that of the server.
	Middleware []Middleware
	// Files is the service's own directory. In it client.js is the client half of the service, an ES module in one file of at most 256 KiB, which the
	// server's app.js has in it; all below public/ is served, but for names that begin with a dot, with hashes in the URLs: [Server.Assets].
	// Nothing else of it is served, and the service may read all of it. Embedded files are read once. Others, as of os.DirFS, are looked at with
	// each request: a change shows without a restart. What is wrong is logged, by app.js in the page's console too, and the last files that were right go on. Default: no files.
	Files fs.FS
	// Codec is how the payloads of the service's methods are written, and of what its page's half is told and asked. Default: JSON, and []byte
	// as it is.
	Codec Codec
	// Client is what instances tell and ask the page's half of the service. What is declared is checked; a service that declares nothing may say anything.
	Client ClientMethods
	// Private services are never told by discovery, nor named by app.js, unless they have a client half. Who knows their methods may call them all the same.
	Private bool
}

// Methods are a service's methods by name. Make them with [Call] and [Event].
type Methods map[string]Method

// Method is something that clients may call.
type Method struct {
	handler  func(*Turn) (any, error)
	answers  bool
	volatile bool
	in, out  reflect.Type // out: of a call
}

// Call makes a method that answers. In and Out travel as JSON, []byte as raw bytes, or as the service's Codec writes them.
func Call[In, Out any](f func(*Turn, In) (Out, error)) Method {
	if f == nil {
		return Method{}
	}
	return Method{answers: true, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), handler: func(t *Turn) (any, error) {
		in, err := decode[In](t.codec, t.payload)
		if err != nil {
			return nil, misfit[In]("payload", err)
		}
		return f(t, in)
	}}
}

// Event makes a method without an answer. Its caller learns that it took effect, or its error.
func Event[In any](f func(*Turn, In) error) Method {
	if f == nil {
		return Method{}
	}
	return Method{in: reflect.TypeFor[In](), handler: func(t *Turn) (any, error) {
		in, err := decode[In](t.codec, t.payload)
		if err != nil {
			return nil, misfit[In]("payload", err)
		}
		return nil, f(t, in)
	}}
}

// Volatile returns the method as one that may be called volatile: not remembered, not repeated, in no order, at the same
// time as others. Its turns can have no effect but volatile ones.
func (m Method) Volatile() Method {
	m.volatile = true
	return m
}

// Handler runs a turn and returns its answer.
type Handler func(*Turn) (any, error)

// Middleware wraps a handler: it may see, refuse and change what goes in and comes out. It runs inside the turn, as often as that: its effects commit or vanish with the
// handler's, but for those of [Turn.Always].
type Middleware func(Handler) Handler

// Payload is a message's payload as it came: see [protocol.Payload].
type Payload = protocol.Payload

var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

const nameForm = "a letter, then letters, digits and underscores"

// registry is what a server's services add up to; it never changes after New.
type registry struct {
	methods       map[string]method // by full name
	streams       map[string]Stream
	continuations map[string]continuation
	codecs        map[string]Codec         // of services that have one, by name
	client        map[string]ClientMethods // by service, of those that declare any
	services      []Service
	owners        map[string]string // of streams, by name: the service that lists it, the first if there are several

	connect, away, goodbye hooks
}

type method struct {
	Method
	name  string  // full
	chain Handler // with all middleware
	codec Codec   // its service's
}

func register(services []Service, outer []Middleware) (*registry, error) {
	r := &registry{
		methods:       map[string]method{},
		streams:       map[string]Stream{},
		continuations: map[string]continuation{asked.name: asked.continuation},
		codecs:        map[string]Codec{},
		client:        map[string]ClientMethods{},
		services:      services,
		owners:        map[string]string{},
		connect:       hooksOf(services, "connect", func(s Service) func(*Turn) error { return s.Connect }),
		away:          hooksOf(services, "away", func(s Service) func(*Turn) error { return s.Away }),
		goodbye:       hooksOf(services, "goodbye", func(s Service) func(*Turn) error { return s.Goodbye }),
	}
	seen := map[string]bool{}
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("framework: "+format, args...)) }
	if slices.ContainsFunc(outer, isNil[Middleware]) {
		fail("a nil in Config.Middleware")
	}
	for i, s := range services {
		switch {
		case !namePattern.MatchString(s.Name):
			fail("service %d: name %q is not %s", i, s.Name, nameForm)
		case seen[s.Name]:
			fail("service %q is listed twice", s.Name)
		}
		seen[s.Name] = true
		if s.Codec != nil {
			r.codecs[s.Name] = s.Codec
		}
		if len(s.Client) > 0 {
			r.client[s.Name] = s.Client
		}
		for name, m := range s.Client {
			if why := m.wrong(name); why != "" {
				fail("service %q: client method %q %s", s.Name, name, why)
			}
		}
		for _, why := range s.unfit() {
			fail("service %q: %s", s.Name, why)
		}
		if slices.ContainsFunc(s.Middleware, isNil[Middleware]) {
			fail("service %q: a nil in Middleware", s.Name)
		}
		r.addMethods(s, outer, fail)
		r.addTopics(s, fail)
		r.addContinuations(s, fail)
	}
	return r, errors.Join(errs...)
}

// failing notes what is wrong.
type failing func(format string, args ...any)

func (r *registry) addMethods(s Service, outer []Middleware, fail failing) {
	for name, m := range s.Methods {
		switch {
		case !namePattern.MatchString(name):
			fail("service %q: method name %q is not %s", s.Name, name, nameForm)
		case name == "then" || name == "volatile":
			fail("service %q: method name %q means something else in JavaScript's half", s.Name, name)
		case m.handler == nil:
			fail("service %q: method %q has no function: make it with framework.Call or framework.Event", s.Name, name)
		}
		full := s.Name + "." + name
		r.methods[full] = method{m, full, wrap(wrap(m.handler, s.Middleware), outer), s.Codec}
	}
}

func (r *registry) addTopics(s Service, fail failing) {
	for _, topic := range s.Topics {
		if isNil(topic) {
			fail("service %q: a nil in Topics", s.Name)
			continue
		}
		name := topic.name()
		if err := topic.check(); err != nil {
			fail("service %q: topic %q: %w", s.Name, name, err)
		}
		if other, ok := r.streams[name]; ok && other != topic {
			fail("service %q: topic %q is also another stream's name", s.Name, name)
		}
		r.streams[name], r.owners[name] = topic, cmp.Or(r.owners[name], s.Name)
	}
}

func (r *registry) addContinuations(s Service, fail failing) {
	for _, listed := range s.Continuations {
		if isNil(listed) {
			fail("service %q: a nil in Continuations", s.Name)
			continue
		}
		c := listed.declared()
		c.service = s.Name
		switch {
		case c.run == nil:
			fail("service %q: continuation %q has no function: make it with framework.Then or framework.Timer", s.Name, c.name)
		case !namePattern.MatchString(c.name):
			fail("service %q: continuation name %q is not %s", s.Name, c.name, nameForm)
		}
		if _, ok := r.continuations[c.name]; ok {
			fail("service %q: continuation %q is listed twice", s.Name, c.name)
		}
		r.continuations[c.name] = c
	}
}

func wrap(h Handler, middleware []Middleware) Handler {
	for _, m := range slices.Backward(middleware) {
		if m != nil { // else New fails
			h = m(h)
		}
	}
	return h
}
