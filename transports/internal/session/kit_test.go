package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sid  = "sid"
	away = 20 * time.Second
)

// world is two instances of one program that share a store.
type world struct {
	*testing.T
	bubble bool // in fake time
	store  store.Store
	a, b   *session.Sessions

	mu     sync.Mutex
	heard  []string // by the program, in order
	closed []string
}

// inWorld runs a test in fake time. around is put around the store of the first instance; nil: nothing.
func inWorld(t *testing.T, cfg session.Config, around func(store.Store) store.Store, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{})
		defer s.Close()
		newWorld(t, s, cfg, around, test)
	})
}

func newWorld(t *testing.T, s store.Store, cfg session.Config, around func(store.Store) store.Store, test func(*world)) {
	_, inMemory := s.(*memory.Store)
	w := &world{T: t, store: s, bubble: inMemory}
	cfg.Name, cfg.Away, cfg.Expired = "test", away, "time is over"
	if cfg.Board == nil && cfg.Program == nil {
		cfg.Program = &session.Program{Opened: w.opened, Received: w.received, Closed: w.ended}
	}
	cfg.Store = s
	w.b = session.New(cfg)
	if around != nil {
		cfg.Store = around(s)
	}
	w.a = session.New(cfg)
	defer w.close(w.a)
	defer w.close(w.b)
	test(w)
}

func (w *world) close(s *session.Sessions) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		w.Error(err)
	}
}

// The program greets who comes and answers what it is told.
func (w *world) opened(x *session.Exchange) { x.Send(message("welcome")) }

func (w *world) received(x *session.Exchange, m session.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, string(m.Data))
	switch string(m.Data) {
	case "end":
		x.End(session.Gone{Code: 3000, Why: "Go away!"})
	default:
		x.Send(session.Message{Binary: m.Binary, Data: append([]byte("re "), m.Data...)})
	}
}

func (w *world) ended(id string, end session.Gone) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = append(w.closed, fmt.Sprint(end.Code, " ", end.Why))
}

func (w *world) endings() []string {
	if w.bubble {
		synctest.Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.closed)
}

func message(text string) session.Message { return session.Message{Data: []byte(text)} }

func request(ctx context.Context) *http.Request {
	return httptest.NewRequest("POST", "/", nil).WithContext(ctx)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) is(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("the error is %v, want %v", err, want)
	}
}

func (w *world) isGone(err error, why string) {
	w.Helper()
	if end, ok := errors.AsType[*session.Gone](err); !ok || end.Why != why {
		w.Fatalf("the error is %v, want an end: %s", err, why)
	}
}

func (w *world) same(got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Fatalf("got %q, want %q", got, want)
	}
}

// open opens the session, without a receiver.
func (w *world) open(s *session.Sessions) {
	w.Helper()
	_, err := s.Open(request(w.Context()), sid, nil)
	w.must(err)
}

func (w *world) say(s *session.Sessions, texts ...string) error {
	var ms []session.Message
	for _, t := range texts {
		ms = append(ms, message(t))
	}
	return s.Deliver(request(w.Context()), sid, ms)
}

// poll receives once, and waits for so long.
func (w *world) poll(s *session.Sessions, wait time.Duration) (session.Batch, error) {
	r, err := s.Receive(request(w.Context()), sid, session.Carrier{Once: true})
	if err != nil {
		return session.Batch{}, err
	}
	ctx, cancel := context.WithTimeout(w.Context(), wait)
	defer cancel()
	return r.Next(ctx)
}

// polled is what a poll brings, which must bring something.
func (w *world) polled(s *session.Sessions) []string {
	w.Helper()
	b, err := w.poll(s, 15*time.Second)
	w.must(err)
	return texts(b)
}

func texts(b session.Batch) (all []string) {
	for _, m := range b.Messages {
		all = append(all, string(m.Data))
	}
	if b.Noop {
		all = append(all, "noop")
	}
	if b.End != nil {
		all = append(all, fmt.Sprint("end ", b.End.Code, " ", b.End.Why))
	}
	return all
}

// later is a call that goes on beside the test.
type later struct {
	done chan struct{}
	b    session.Batch
	err  error
}

func begin(call func() (session.Batch, error)) *later {
	l := &later{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.b, l.err = call()
	}()
	return l
}

func (l *later) wait() (session.Batch, error) {
	<-l.done
	return l.b, l.err
}

// stream is what the store has of the session's stream.
func (w *world) stream() string {
	w.Helper()
	replies, err := w.store.Read(w.Context(), []store.Query{{Socket: w.a.ID(sid), Entries: true, Max: store.MaxEntries}})
	w.must(err)
	var all []string
	for _, e := range replies[0].Entries {
		all = append(all, string(e.Data))
	}
	return strings.Join(all, " ")
}
