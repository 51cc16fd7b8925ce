package framework

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Stream is a topic or a state: something that clients subscribe to. [Topic], [State] and [Map] are the only ones.
type Stream interface {
	name() string
	check() error
	isState() bool
	hasFields() bool // of a state: the store has its value in fields
	// holds is the type of a topic's events, or of a state's value.
	holds() reflect.Type
	// open tells whether somebody may subscribe, perhaps.
	open() bool
	// every is how often subscribers are told at most; 0: of each entry as it comes.
	every() time.Duration
	// subscribe is run in the turn of a subscription; it returns the effect.
	subscribe(t *Turn, key string) (store.Subscribe, error)
}

// Rule says who may subscribe to a topic's key: nil for yes, an error (often of [CodeDenied]) for no. It runs in
// the subscription's turn, and may have effects.
type Rule func(t *Turn, key string) error

// Anyone lets anyone subscribe.
func Anyone(*Turn, string) error { return nil }

// Nobody lets nobody subscribe: for what only the server reads.
func Nobody(*Turn, string) error { return Errorf(CodeDenied, "not open to subscriptions") }

// open tells whether a rule is another than Nobody.
func (r Rule) open() bool { return reflect.ValueOf(r).Pointer() != reflect.ValueOf(Nobody).Pointer() }

// OwnSession lets a socket subscribe to the key that is its session's id.
func OwnSession(t *Turn, key string) error {
	if key == "" || key != t.SessionID() {
		return Errorf(CodeDenied, "another session's")
	}
	return nil
}

// Topic is a family of streams of events of type E, one for each key: "room/lobby" is key "lobby" of the topic named "room".
// Subscribers get its events in order, without gap or repeat, also those that were published while they were away, as
// far as they are kept; or they are told that some are lost.
//
//	var rooms = &framework.Topic[Line]{Name: "room", History: 50, Subscribe: framework.Anyone}
type Topic[E any] struct {
	// Name is what clients call it: a letter, then letters, digits and underscores.
	Name string
	// History is how many of the latest events a new subscriber gets first. Default 0.
	History int
	// Keep is how many events are kept for subscribers that are away, and for History. Default 1,000, or History if that is more.
	Keep int
	// KeepBytes bounds what is kept, in bytes of encoded events. Default 1 MiB.
	KeepBytes int
	// TTL is how long a key is remembered after it was last published to or watched. Default 24 hours.
	TTL time.Duration
	// Volatile topics keep nothing: events reach who is connected now, perhaps.
	Volatile bool
	// Subscribe says who may subscribe. It must be set.
	Subscribe Rule
}

func (tp *Topic[E]) name() string { return tp.Name }

func (tp *Topic[E]) isState() bool { return false }

func (tp *Topic[E]) hasFields() bool { return false }

func (tp *Topic[E]) holds() reflect.Type { return reflect.TypeFor[E]() }

func (tp *Topic[E]) open() bool { return tp.Subscribe.open() }

func (tp *Topic[E]) every() time.Duration { return 0 }

func (tp *Topic[E]) check() error {
	switch {
	case tp.Subscribe == nil:
		return errNoRule
	case tp.History < 0 || tp.Keep < 0 || tp.KeepBytes < 0 || tp.TTL < 0:
		return errors.New("a negative setting")
	case tp.Volatile && (tp.History > 0 || tp.Keep > 0):
		return errors.New("a volatile topic keeps nothing: History and Keep must be 0")
	}
	return checkName(tp.Name)
}

const (
	defaultKeep = 1000
	defaultTTL  = 24 * time.Hour
)

// emptyTTL is how long a topic is remembered that was subscribed to and never published to: anybody may have made up its name.
func (s *Server) emptyTTL() time.Duration { return max(10*time.Minute, 3*s.cfg.TTL) }

var errNoRule = errors.New("Subscribe is nil: say who may subscribe, framework.Anyone perhaps")

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("the name is not %s", nameForm)
	}
	return nil
}

func (tp *Topic[E]) subscribe(t *Turn, key string) (store.Subscribe, error) {
	return store.Subscribe{Back: tp.History, TTL: tp.TTL}, tp.Subscribe(t, key)
}

// Publish publishes an event to everyone who is subscribed to the key.
func (tp *Topic[E]) Publish(t *Turn, key string, e E) error { return tp.publish(t, key, "", e) }

// PublishOthers publishes an event to everyone who is subscribed to the key but the turn's own socket, whose page shows already what it says: other tabs
// of the same user get it. The socket does not get it later either, as History perhaps; a page that is loaded again is another socket, and does.
// In a turn of nobody's it is Publish.
func (tp *Topic[E]) PublishOthers(t *Turn, key string, e E) error {
	return tp.publish(t, key, t.Socket(), e)
}

// publish publishes an event to all subscribers but a socket.
func (tp *Topic[E]) publish(t *Turn, key, except string, e E) error {
	topic, err := topicOf(t, tp, key)
	if err != nil {
		return err
	}
	p, err := encode(nil, e)
	if err != nil {
		return fmt.Errorf("framework: publish to %s: %w", topic, err)
	}
	data := dataExcept(except, p)
	if tp.Volatile {
		if t.over {
			return ErrTurnOver
		}
		t.volatiles = append(t.volatiles, volatileSend{topic: topic, data: data})
		return nil
	}
	return t.add(store.Publish{Topic: topic, Data: data, Keep: max(cmp.Or(tp.Keep, defaultKeep), tp.History), KeepBytes: tp.KeepBytes, TTL: tp.TTL}, len(data))
}

// topicOf returns the full name of a stream's key, if the stream is one of the server's.
func topicOf(t *Turn, s Stream, key string) (string, error) {
	if own := s.isState() && strings.HasPrefix(s.name(), "~"); t.srv.reg.streams[s.name()] != s && !own {
		return "", fmt.Errorf("framework: topic %q is not listed in any service of this server", s.name())
	}
	topic := s.name() + "/" + key
	if !validTopic(topic) {
		return "", Errorf(CodeInvalid, "topic %q: a key has no control characters, commas, bars or asterisks, and the whole at most 200 bytes", topic)
	}
	return topic, nil
}

func validTopic(topic string) bool {
	return len(topic) <= 200 && strings.Contains(topic, "/") && printable(topic) && !strings.ContainsAny(topic, ",|*")
}

// printable tells whether a text is one, without control characters.
func printable(text string) bool {
	for _, r := range text {
		if r < 0x20 || r == 0x7f || r == '\uFFFD' {
			return false
		}
	}
	return true
}

// stream returns the stream of a topic's full name; nil if this build has none.
func (s *Server) stream(topic string) Stream {
	name, _, _ := strings.Cut(topic, "/")
	return s.reg.streams[name]
}

// isState tells whether a topic's full name is that of a state.
func (s *Server) isState(topic string) bool {
	stream := s.stream(topic)
	return stream != nil && stream.isState()
}

// every tells how often subscribers of a topic are told at most.
func (s *Server) every(topic string) time.Duration {
	if stream := s.stream(topic); stream != nil {
		return stream.every()
	}
	return 0
}

// snapshot asks for the whole of a state.
func (s *Server) snapshot(topic string) store.Query {
	stream := s.stream(topic)
	fields := stream != nil && stream.hasFields()
	return store.Query{Topic: topic, Value: !fields, Fields: fields}
}

// subscribeTurn handles a client's subscription.
func (s *Server) subscribeTurn(topic string) Handler {
	return func(t *Turn) (any, error) {
		name, key, _ := strings.Cut(topic, "/")
		stream, ok := s.reg.streams[name]
		if !ok || !validTopic(topic) {
			return nil, s.unknown(t, "topic "+name)
		}
		t.runs("service", s.reg.owners[name], "topic", topic)
		e, err := stream.subscribe(t, key)
		if err != nil {
			return nil, err
		}
		e.Socket, e.Topic, e.Data = t.Socket(), topic, []byte("s"+topic+",")
		e.Max = forStore(s.cfg.Limits.Subscriptions)
		e.TTL = min(cmp.Or(e.TTL, defaultTTL), s.emptyTTL())
		return nil, t.add(e, len(e.Data))
	}
}

func unsubscribeTurn(topic string) Handler {
	return func(t *Turn) (any, error) {
		return nil, t.add(store.Unsubscribe{Socket: t.Socket(), Topic: topic, Data: []byte("u")}, 0)
	}
}

// unknown is the error for what this build does not know: not_found; or, if the page is of a newer build, errNewer, so that a newer
// instance handles the message.
func (s *Server) unknown(t *Turn, what string) error {
	if t.sock != nil && t.sock.build > s.cfg.Build && s.cfg.Build != "" {
		return errNewer
	}
	return Errorf(CodeNotFound, "no %s here", what)
}
