package frameworktest

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// instance is one run of the program.
type instance struct {
	rt    *framework.Server
	store *mortal
	pipes *pipes
	http  *http.Server
	log   testLog
	ended *sync.WaitGroup // the program's
}

// start starts an instance.
func (p *Program) start() *instance {
	p.t.Helper()
	i := &instance{store: &mortal{Store: p.store, twice: &p.twice}, pipes: newPipes(), log: testLog{t: p.t}, ended: &p.ended}
	cfg := p.cfg
	cfg.Store = i.store
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(&i.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	rt, err := framework.New(cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	i.rt = rt
	i.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.ended.Add(1)
			defer p.ended.Done()
			rt.ServeHTTP(w, r)
		}),
		ConnState: func(_ net.Conn, state http.ConnState) { // so that nobody waits before a request is handled that has come
			switch state {
			case http.StateNew:
				p.ended.Add(1)
			case http.StateClosed, http.StateHijacked:
				p.ended.Done()
			}
		},
		ErrorLog:          log.New(io.Discard, "", 0), // it is about connections that were cut
		ReadHeaderTimeout: time.Minute,
	}
	p.ended.Go(func() { _ = i.http.Serve(i.pipes) })
	return i
}

// kill has nothing that the instance does have an effect any more, and cuts its connections.
func (i *instance) kill() {
	i.log.close()
	i.store.dead.Store(true)
	i.pipes.cut()
}

// end frees what the instance holds.
func (i *instance) end() {
	_ = i.rt.Close()
	i.pipes.cut()
	_ = i.http.Close()
	i.log.close()
	i.ended.Go(func() { _ = i.rt.Drain(context.Background()) }) // a WebSocket outlives its request
}

// testLog is the test's log, for as long as an instance lives.
type testLog struct {
	t    testing.TB
	mu   sync.Mutex
	over bool
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return len(b), nil
	}
	return l.t.Output().Write(b)
}

func (l *testLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

// mortal is an instance's store: when the instance is dead nothing that it asks for happens.
type mortal struct {
	store.Store
	dead  atomic.Bool
	twice *atomic.Bool

	mu  sync.Mutex
	ran map[store.Cause]bool // turns that have had their first run
}

func (m *mortal) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if m.twice.Load() && m.isFirst(t.Cause) {
		return store.Outcome{Status: store.Conflict, NextDue: -1}, nil
	}
	return alive(m, func() (store.Outcome, error) { return m.Store.Commit(ctx, t) })
}

// isFirst tells whether this is the turn's first run.
func (m *mortal) isFirst(c store.Cause) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ran == nil {
		m.ran = map[store.Cause]bool{}
	}
	first := !m.ran[c]
	m.ran[c] = true
	return first
}

func (m *mortal) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	return alive(m, func() (store.Attached, error) { return m.Store.Attach(ctx, a) })
}

func (m *mortal) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	return alive(m, func() (store.Claimed, error) { return m.Store.Claim(ctx, max, lease) })
}

func (m *mortal) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	return alive(m, func() ([]store.Kept, error) { return m.Store.Keep(ctx, held) })
}

// Volatile implements store.Volatiler. Where the store cannot, the message is lost, as such messages may be.
func (m *mortal) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	if v, ok := m.Store.(store.Volatiler); ok && !m.dead.Load() {
		return v.Volatile(ctx, topic, socket, data)
	}
	return nil
}

// Close leaves the store to those who come after.
func (m *mortal) Close() error { return nil }

// alive makes a call that a dead instance does not make.
func alive[R any](m *mortal, call func() (R, error)) (none R, err error) {
	if m.dead.Load() {
		return none, store.ErrClosed
	}
	return call()
}
