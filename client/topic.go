package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/sojourn-go/sojourn/protocol"
)

// Entry is what a subscriber is told: an entry of the topic, its whole state, or that entries are lost.
type Entry struct {
	Topic    string           // as it was subscribed to
	Cursor   protocol.Cursor  // of the entry; zero: it is volatile
	Payload  protocol.Payload // of a topic with a state, if not Snapshot: a JSON merge patch (RFC 7396)
	Snapshot bool             // Payload is all of the topic's state as of Cursor
	Lost     string           // not empty: why entries before Cursor are lost; there is no payload
}

// JSON decodes the entry's payload.
func (e Entry) JSON(v any) error { return decode(e.Payload, v) }

// Subscription is a topic that is subscribed to.
type Subscription struct {
	c *Client
	t *topic
}

// Subscribe subscribes to a topic, "room/lobby", and returns when that took effect. fn is called, as all callbacks, for every entry from then on, in
// order; it may be called before Subscribe returns. An error of the service is an [*Error].
//
// Why entries are lost: "expired", "rewound", "missing" (docs/protocol.md); the name of a close code, after which the conversation began anew
// and the topic was subscribed again; or, with nothing to follow, "unsubscribed" by the server or the code with which it refused to subscribe again.
func (c *Client) Subscribe(ctx context.Context, topicName string, fn func(Entry)) (*Subscription, error) {
	m, err := newMessage(protocol.Subscribe, topicName, nil)
	if err != nil {
		return nil, err
	}
	m.topic = &topic{name: topicName, fn: fn}
	c.mu.Lock()
	if c.conv.topics[topicName] != nil {
		c.mu.Unlock()
		return nil, fmt.Errorf("client: %q is subscribed to", topicName)
	}
	c.queueLocked(m)
	if !m.settled() {
		c.conv.topics[topicName] = m.topic
	}
	c.mu.Unlock()
	c.wakeUp()

	s := &Subscription{c, m.topic}
	if err := (&Pending{&m.pending}).Wait(ctx, nil); err != nil {
		s.leave()
		return nil, err
	}
	return s, nil
}

// Cursor returns the place of the last entry that was received.
func (s *Subscription) Cursor() protocol.Cursor {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.t.cursor
}

// Unsubscribe ends the subscription and returns when that took effect. fn is not called for anything that is received after the call; what was received before may
// still come.
func (s *Subscription) Unsubscribe(ctx context.Context) error {
	return s.leave().Wait(ctx, nil)
}

// leave queues what ends the subscription.
func (s *Subscription) leave() *Pending {
	m, err := newMessage(protocol.Unsubscribe, s.t.name, nil)
	if err != nil {
		return failed(err)
	}
	m.topic = s.t
	c := s.c
	c.mu.Lock()
	if s.t.leaving || c.conv.topics[s.t.name] != s.t {
		m.settle(nil, nil) // it has ended
	} else {
		s.t.leaving = true
		c.queueLocked(m)
	}
	c.mu.Unlock()
	c.wakeUp()
	return &Pending{&m.pending}
}

// State subscribes to a topic that has a state, "people/lobby". fn is called, as all callbacks, with the whole value: first as it is (null, if it was never set), and
// then after each change, or after several where some were lost. The value is fn's to keep.
//
// That the subscription ended, or could not be made again, is said by Options.OnLost alone.
func (c *Client) State(ctx context.Context, topicName string, fn func(value json.RawMessage)) (*Subscription, error) {
	var value json.RawMessage // nil: not known
	return c.Subscribe(ctx, topicName, func(e Entry) {
		text, err := e.Payload.JSON()
		switch {
		case err != nil, e.Lost != "":
			value = nil // all of it comes again
			return
		case e.Snapshot:
			value = bytes.Clone(text)
		case value == nil:
			return
		default:
			if value, err = mergePatch(value, text); err != nil {
				c.options.Log.Error("client: state", "topic", topicName, "error", err)
				value = nil
				return
			}
		}
		fn(bytes.Clone(value))
	})
}
