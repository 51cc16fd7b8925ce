package framework_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
)

// The ledger is the service that the invariants are tested with: adding a number writes it into a state, publishes it to a topic, sends it to
// the caller and answers with it, all in one turn.
var (
	sums   = &framework.State[[]int]{Name: "sums", Subscribe: framework.Anyone}
	lines  = &framework.Topic[int]{Name: "lines", History: 1000, Keep: 5000, Subscribe: framework.Anyone}
	short  = &framework.Topic[int]{Name: "short", Keep: 5, Subscribe: framework.Anyone}
	visits = &framework.State[map[string]int]{Name: "visits", Subscribe: framework.Nobody}
	yes    = framework.Then("yes", func(t *framework.Turn, to string, answer int, err error) error {
		if err != nil {
			answer = -1
		}
		return lines.Publish(t, to, answer)
	})
)

func ledger() framework.Service {
	return framework.Service{
		Name: "ledger",
		Methods: framework.Methods{
			"add":  framework.Call(add),
			"push": framework.Event(func(t *framework.Turn, n int) error { _, err := add(t, n); return err }),
			"sum":  framework.Call(func(t *framework.Turn, key string) ([]int, error) { return sums.Get(t, key) }),
			"ask": framework.Event(func(t *framework.Turn, n int) error {
				return t.Ask(t.Socket(), "ledger.question", n, yes.With(t.Socket()), time.Minute)
			}),
			"fail": framework.Call(func(t *framework.Turn, how string) (any, error) {
				if _, err := add(t, 1); err != nil {
					return nil, err
				}
				switch how {
				case "error":
					return nil, framework.Errorf("mine", "no")
				case "panic":
					panic("on purpose")
				case "unencodable":
					return func() {}, nil
				}
				return nil, errors.New("secret")
			}),
		},
		Topics:        []framework.Stream{sums, lines, short, visits},
		Continuations: []framework.Continuation{yes},
		Connect: func(t *framework.Turn) error {
			return visits.Update(t, "all", func(m *map[string]int) error { return count(m, "hello "+t.Socket()) })
		},
		Goodbye: func(t *framework.Turn) error {
			return visits.Update(t, "all", func(m *map[string]int) error { return count(m, "goodbye "+t.Socket()) })
		},
	}
}

func count(m *map[string]int, key string) error {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[key]++
	return nil
}

func add(t *framework.Turn, n int) (int, error) {
	err := errors.Join(
		sums.Update(t, t.Socket(), func(s *[]int) error { *s = append(*s, n); return nil }),
		lines.Publish(t, t.Socket(), n),
		t.Send(t.Socket(), "ledger.added", n),
	)
	return n, err
}

// account is a client of the ledger with everything that it was told.
type account struct {
	*client.Client
	changed chan struct{}

	mu    sync.Mutex
	added []int // events
	lines []int // entries of its topic
	lost  []string
}

func (w *world) account(o *client.Options) *account {
	a := &account{changed: make(chan struct{}, 1)}
	if o == nil {
		o = &client.Options{}
	}
	o.Handlers = map[string]client.Handler{
		"ledger.added": func(_ context.Context, p protocol.Payload) (any, error) {
			a.note(&a.added, number(w.T, p))
			return nil, nil
		},
		"ledger.question": func(_ context.Context, p protocol.Payload) (any, error) { return number(w.T, p) * 10, nil },
	}
	o.OnLost = func(stream, why string) {
		a.mu.Lock()
		a.lost = append(a.lost, stream+" "+why)
		a.mu.Unlock()
		a.wake()
	}
	a.Client = w.dial(o)
	return a
}

func (a *account) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

func (a *account) note(list *[]int, n int) {
	a.mu.Lock()
	*list = append(*list, n)
	a.mu.Unlock()
	a.wake()
}

func (a *account) follow(w *world, topic string) {
	w.Helper()
	_, err := a.Subscribe(w.wait(), topic, func(e client.Entry) {
		if e.Lost == "" {
			a.note(&a.lines, number(w.T, e.Payload))
		}
	})
	if err != nil {
		w.Fatalf("subscribe to %s: %v", topic, err)
	}
}

func (a *account) seen(list *[]int) []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(*list)
}

// expect waits until a list has as many elements as it should, and compares.
func (a *account) expect(w *world, what string, list *[]int, want []int) {
	w.Helper()
	until(w, a.changed, what+" has come", func() bool { return len(a.seen(list)) >= len(want) })
	if got := a.seen(list); !slices.Equal(got, want) {
		w.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func number(t *testing.T, p protocol.Payload) (n int) {
	text, err := p.JSON()
	if err == nil {
		n, err = atoi(text)
	}
	if err != nil {
		t.Errorf("payload %q: %v", p, err)
	}
	return n
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}
