package framework_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// An instance forgets a topic that nobody there follows any more, though no connection ends meanwhile.
func TestI7LeftTopicsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		st := &watching{Store: b.store, topics: map[string]bool{}}
		b.cfg.Store = st
		rt := b.start()
		b.say(rt, "/lp", hello(1, ""))
		b.stream(rt, helloAgain(1, 2))
		b.say(rt, "/up", "K"+keyOf(1)+",,0\nS1,lines/here\nS2,lines/left")
		synctest.Wait()
		if got := st.watched(); got != "lines/here lines/left" {
			t.Fatalf("watched: %q", got)
		}
		b.say(rt, "/up", "K"+keyOf(1)+",,0\nU3,lines/left")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := st.watched(); got != "lines/here" {
			t.Errorf("watched three minutes after one of the topics was left: %q", got)
		}
	})
}

// What is published to a topic that was forgotten and made anew counts from 1 again: its first notice is no late one of the old topic's.
func TestTopicMadeAnewIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		brief := &framework.Topic[int]{Name: "brief", TTL: time.Minute, Subscribe: framework.Anyone}
		b.cfg.Services = append(b.cfg.Services, framework.Service{Name: "s", Topics: []framework.Stream{brief}})
		rt, other := b.start(), b.start()
		for n := range 5 {
			b.do(rt, func(t *framework.Turn) error { return brief.Publish(t, "a", n) })
		}
		b.say(rt, "/lp", hello(1, ""))
		r := b.stream(rt, helloAgain(1, 2))
		b.say(rt, "/up", "K"+keyOf(1)+",,0\nS1,brief/a")
		synctest.Wait()
		b.store.Advance(61 * time.Second)
		b.do(other, func(t *framework.Turn) error { return brief.Publish(t, "a", 6) })
		synctest.Wait() // no time passes
		if text := r.String(); !strings.Contains(text, ",rewound") || !strings.Contains(text, "|6") {
			t.Errorf("the subscriber is told %q", text)
		}
	})
}

// watching is a store of which it is known what is watched.
type watching struct {
	store.Store
	mu     sync.Mutex
	topics map[string]bool
}

func (s *watching) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	w, err := s.Store.Watch(ctx, deliver)
	return topicsWatch{w, s}, err
}

func (s *watching) watched() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(s.topics)), " ")
}

type topicsWatch struct {
	store.Watch
	s *watching
}

func (w topicsWatch) Topics(ctx context.Context, add, drop []string) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	for _, topic := range add {
		w.s.topics[topic] = true
	}
	for _, topic := range drop {
		delete(w.s.topics, topic)
	}
	return w.Watch.Topics(ctx, add, drop)
}
