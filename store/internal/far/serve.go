package far

import (
	"context"
	"encoding/gob"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// How long a question for notices is held, how long a watch lives that nobody asks for, and how many notices wait for it.
const (
	hold    = 20 * time.Second
	forgot  = time.Minute
	backlog = 1000
)

// Serve returns the other side: a handler that asks a store.
func Serve(st store.Store) http.Handler {
	s := &server{st, map[string]*inbox{}, sync.Mutex{}}
	mux := http.NewServeMux()
	mux.Handle("/attach", method[store.Attach, store.Attached](st.Attach))
	mux.Handle("/commit", method[store.Turn, store.Outcome](s.commit))
	mux.Handle("/read", method[[]store.Query, []store.Reply](s.read))
	mux.Handle("/keep", method[[]store.Held, []store.Kept](st.Keep))
	mux.Handle("/claim", method[claim, store.Claimed](func(ctx context.Context, c claim) (store.Claimed, error) {
		return st.Claim(ctx, c.Max, c.Lease)
	}))
	mux.Handle("/volatile", method[volatile, done](func(ctx context.Context, v volatile) (done, error) {
		return true, st.(store.Volatiler).Volatile(ctx, v.Topic, v.Socket, v.Data)
	}))
	mux.Handle("/watch", method[string, string](s.watch))
	mux.Handle("/topics", method[topics, done](s.topics))
	mux.Handle("/notices", method[string, []store.Notice](s.notices))
	return mux
}

// method is a handler of one kind of call.
type method[A, R any] func(context.Context, A) (R, error)

// ServeHTTP answers one call.
func (m method[A, R]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var argument A
	if err := gob.NewDecoder(r.Body).Decode(&argument); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply, err := m(r.Context(), argument)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = gob.NewEncoder(w).Encode(reply) // if it does not arrive, nobody knows what became of the call
}

type server struct {
	store.Store
	inboxes map[string]*inbox
	mu      sync.Mutex
}

func (s *server) commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	out, err := s.Commit(ctx, unpackTurn(t))
	for i, f := range out.Fresh {
		out.Fresh[i].Value = pack(f.Value)
	}
	return out, err
}

func (s *server) read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	replies, err := s.Read(ctx, queries)
	for i := range replies {
		packReply(&replies[i])
	}
	return replies, err
}

// inbox is a watch and the notices that wait for it.
type inbox struct {
	store.Watch
	idle *time.Timer // ends it

	mu    sync.Mutex
	queue []store.Notice
	some  chan struct{} // holds something if queue does
}

// deliver must not block: who does not ask in time is told to read everything again.
func (b *inbox) deliver(n store.Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) >= backlog {
		b.queue, n = nil, store.Notice{Kind: store.Resync}
	}
	b.queue = append(b.queue, n)
	select {
	case b.some <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []store.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	queue := b.queue
	b.queue = nil
	return queue
}

func (s *server) watch(ctx context.Context, _ string) (string, error) {
	b := &inbox{some: make(chan struct{}, 1)}
	w, err := s.Watch(ctx, b.deliver)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Watch = w
	b.idle = time.AfterFunc(forgot, func() { s.forget(b) })
	s.inboxes[w.Inbox()] = b
	return w.Inbox(), nil
}

func (s *server) forget(b *inbox) {
	s.mu.Lock()
	delete(s.inboxes, b.Inbox())
	s.mu.Unlock()
	b.Close()
}

func (s *server) inbox(name string) (*inbox, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.inboxes[name]; b != nil {
		b.idle.Reset(forgot)
		return b, nil
	}
	return nil, errors.New("no such watch")
}

func (s *server) topics(ctx context.Context, t topics) (done, error) {
	b, err := s.inbox(t.Inbox)
	if err != nil {
		return false, err
	}
	return true, b.Topics(ctx, t.Add, t.Drop)
}

// notices returns what waits, as soon as there is something.
func (s *server) notices(ctx context.Context, name string) ([]store.Notice, error) {
	b, err := s.inbox(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	select {
	case <-b.some:
	case <-ctx.Done():
	}
	return b.take(), nil
}
