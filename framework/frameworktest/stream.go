package frameworktest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

// Stream is what comes to a client, in order: entries of a topic, values of a state, events. What comes is kept until it is asked for.
type Stream[E any] struct {
	t    testing.TB
	what string // in what the test is told

	mu    sync.Mutex
	came  []E
	taken int
	more  chan struct{} // holds one if something came
}

func newStream[E any](c *Client, name string) *Stream[E] {
	return &Stream[E]{t: c.t, what: c.name + "'s " + name, more: make(chan struct{}, 1)}
}

// Topic subscribes a client to a topic, "room/lobby", and returns its entries. It is an error of the test if entries are lost.
func Topic[E any](c *Client, topic string) *Stream[E] {
	c.t.Helper()
	s := newStream[E](c, topic)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, err := c.Subscribe(ctx, topic, func(e client.Entry) {
		if e.Lost != "" {
			s.t.Errorf("%s: entries are lost: %s", s.what, e.Lost)
			return
		}
		s.take(e.JSON)
	})
	if err != nil {
		c.t.Fatalf("%s subscribes to %s: %v", c.name, topic, err)
	}
	return s
}

// State subscribes a client to a state, "people/lobby", and returns its values: what it is, then what it is after each change.
func State[S any](c *Client, state string) *Stream[S] {
	c.t.Helper()
	s := newStream[S](c, state)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, err := c.State(ctx, state, func(value json.RawMessage) {
		s.take(func(v any) error { return json.Unmarshal(value, v) })
	})
	if err != nil {
		c.t.Fatalf("%s subscribes to %s: %v", c.name, state, err)
	}
	return s
}

// Events returns what the program tells a client by a method of the client's half, "chat.notice": all since it is connected, what a Connect hook tells included.
func Events[E any](c *Client, method string) *Stream[E] {
	s := newStream[E](c, method)
	decode := client.Event(func(_ context.Context, e E) { s.add(e) })
	c.told.from(method, func(p framework.Payload) {
		if _, err := decode(context.Background(), p); err != nil {
			s.t.Errorf("%s: %v", s.what, err)
		}
	})
	c.Handle(method, c.told.handler(method)) // where the options have a fallback of their own
	return s
}

// take adds what decode decodes.
func (s *Stream[E]) take(decode func(any) error) {
	var e E
	if err := decode(&e); err != nil {
		s.t.Errorf("%s: %v", s.what, err)
		return
	}
	s.add(e)
}

func (s *Stream[E]) add(e E) {
	s.mu.Lock()
	s.came = append(s.came, e)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// next returns the next one, if it has come.
func (s *Stream[E]) next() (e E, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == len(s.came) {
		return e, false
	}
	s.taken++
	return s.came[s.taken-1], true
}

// Next returns the next one, and waits for it. The test fails if none comes.
func (s *Stream[E]) Next() E {
	s.t.Helper()
	return s.Until(func(E) bool { return true })
}

// Until returns the first one, of those that were not yet returned, for which something holds, and drops those before it. The test fails if none comes: in it s.Until
// is what a state will be, whatever it is before.
func (s *Stream[E]) Until(holds func(E) bool) E {
	s.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for dropped := 0; ; {
		if e, ok := s.next(); ok {
			if holds(e) {
				return e
			}
			dropped++
			continue
		}
		select {
		case <-s.more:
		case <-timeout.C:
			s.t.Fatalf("%s: nothing came that was waited for; %s", s.what, s.before(dropped))
		}
	}
}

// before tells what came before it was waited in vain.
func (s *Stream[E]) before(dropped int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.came) == 0:
		return "nothing ever came"
	case dropped == 0:
		return fmt.Sprintf("the last one, which was taken before, is %+v", s.came[len(s.came)-1])
	}
	return fmt.Sprintf("the last one that came is %+v", s.came[len(s.came)-1])
}

// None says that nothing came but what was returned, when everything has come that is under way. It is for bubbles of testing/synctest: nowhere else can that be known.
func (s *Stream[E]) None() {
	s.t.Helper()
	synctest.Wait()
	if e, ok := s.next(); ok {
		s.t.Errorf("%s: %+v came, and nothing should", s.what, e)
	}
}
