package repl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sojourn-go/sojourn/client"
)

var errNoTopic = errors.New(`a topic is written with its key: "room/lobby"`)

// subscribe prints a topic's entries: of one with a state the changes as they travel, merge patches.
func (s *session) subscribe(ctx context.Context, topic string) error {
	return s.follow(ctx, topic, func(ctx context.Context) (*client.Subscription, error) {
		return s.c.Subscribe(ctx, topic, func(e client.Entry) {
			if e.Lost == "" { // else onLost says so
				s.out.tell(topic, show(e.Payload))
			}
		})
	})
}

// watch prints a state, and then what changes in it.
func (s *session) watch(ctx context.Context, topic string) error {
	var last json.RawMessage
	return s.follow(ctx, topic, func(ctx context.Context) (*client.Subscription, error) {
		return s.c.State(ctx, topic, func(value json.RawMessage) {
			if last == nil {
				s.out.tell(topic, string(value))
			} else {
				s.out.tell(topic, changes(last, value)...)
			}
			last = value
		})
	})
}

func (s *session) follow(ctx context.Context, topic string, begin func(context.Context) (*client.Subscription, error)) error {
	if topic == "" {
		return errNoTopic
	}
	return s.timed(ctx, func(ctx context.Context) error {
		sub, err := begin(ctx)
		if err != nil {
			return err
		}
		s.seen[topic] = true
		s.mu.Lock()
		defer s.mu.Unlock()
		s.topics[topic] = sub
		return nil
	})
}

func (s *session) unsubscribe(ctx context.Context, topic string) error {
	s.mu.Lock()
	sub := s.topics[topic]
	s.mu.Unlock()
	if sub == nil {
		return fmt.Errorf("%q is not subscribed to: status lists what is", topic)
	}
	return s.timed(ctx, func(ctx context.Context) error {
		err := sub.Unsubscribe(ctx)
		s.forget(topic)
		return err
	})
}

// forget drops a subscription that has ended.
func (s *session) forget(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, topic)
}
