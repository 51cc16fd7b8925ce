package framework_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// tracked is a response that may be cut at any moment.
type tracked struct {
	http.ResponseWriter
	cancel context.CancelFunc
	gone   atomic.Bool

	mu       sync.Mutex
	hijacked *lasting
}

// lasting is a connection that has been hijacked: on a platform its request lasts as long as it does.
type lasting struct {
	net.Conn
	ended chan struct{}
	end   func()
}

func (l *lasting) Close() error {
	defer l.end()
	return l.Conn.Close()
}

func (t *tracked) wait() {
	t.mu.Lock()
	c := t.hijacked
	t.mu.Unlock()
	if c != nil {
		<-c.ended
	}
}

func (t *tracked) cut() {
	t.gone.Store(true)
	t.cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hijacked != nil {
		t.hijacked.Conn.Close()
	}
}

func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tracked) Write(b []byte) (int, error) {
	if t.gone.Load() {
		return 0, errDead
	}
	return t.ResponseWriter.Write(b)
}

func (t *tracked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l := &lasting{Conn: c, ended: make(chan struct{})}
	l.end = sync.OnceFunc(func() { close(l.ended) })
	t.mu.Lock()
	t.hijacked = l
	t.mu.Unlock()
	if t.gone.Load() {
		c.Close()
	}
	return l, rw, nil
}

var errDead = errors.New("this instance or connection is gone")

// mortal is an instance's store: when the instance is dead nothing that it calls happens.
type mortal struct {
	store.Store
	dead  context.Context
	frost *frost // nil: never frozen

	outage atomic.Bool // the store cannot be reached

	commits atomic.Int32
	deaf    atomic.Bool // no notice comes
	keeps   atomic.Int32
	unkept  atomic.Int32 // keeps that failed
	kept    chan struct{}

	mu     sync.Mutex
	before func(store.Turn) error                // of a commit: an error is what the instance gets, and nothing was done
	after  func(store.Turn, store.Outcome) error // of a commit: an error is what the instance gets

	attached chan store.Attach // the newest that was applied
}

// reach waits until the store can be reached from a frozen instance, and fails if it cannot be at all.
func (m *mortal) reach(ctx context.Context) error {
	if m.outage.Load() {
		return errOutage
	}
	return m.frost.wait(ctx, m.dead)
}

var errOutage = errors.New("the store is away")

func (m *mortal) hooks() (func(store.Turn) error, func(store.Turn, store.Outcome) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.before, m.after
}

func (m *mortal) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	before, after := m.hooks()
	if before != nil {
		if err := before(t); err != nil {
			return store.Outcome{}, err
		}
	}
	if err := m.reach(ctx); err != nil {
		return store.Outcome{}, err
	}
	if m.dead.Err() != nil {
		return store.Outcome{}, store.ErrClosed
	}
	m.commits.Add(1)
	out, err := m.Store.Commit(ctx, t)
	if err == nil && after != nil {
		err = after(t, out)
	}
	if m.dead.Err() != nil {
		return store.Outcome{}, store.ErrClosed
	}
	return out, err
}

func (m *mortal) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	return m.Store.Watch(ctx, func(n store.Notice) {
		_ = m.frost.wait(context.Background(), m.dead)
		if !m.deaf.Load() && !m.outage.Load() {
			deliver(n)
		}
	})
}

func (m *mortal) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	if err := m.reach(ctx); err != nil {
		return nil, err
	}
	return m.Store.Read(ctx, queries)
}

func (m *mortal) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	if err := m.reach(ctx); err != nil {
		return store.Attached{}, err
	}
	if m.dead.Err() != nil {
		return store.Attached{}, store.ErrClosed
	}
	got, err := m.Store.Attach(ctx, a)
	if err == nil && got.Status == store.Applied {
		select {
		case <-m.attached:
		default:
		}
		select {
		case m.attached <- a:
		default:
		}
	}
	return got, err
}

func (m *mortal) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	if err := m.reach(ctx); err != nil {
		return store.Claimed{}, err
	}
	if m.dead.Err() != nil {
		return store.Claimed{}, store.ErrClosed
	}
	return m.Store.Claim(ctx, max, lease)
}

func (m *mortal) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	defer func() {
		select {
		case m.kept <- struct{}{}:
		default:
		}
	}()
	if err := m.reach(ctx); err != nil {
		m.unkept.Add(1)
		return nil, err
	}
	if m.dead.Err() != nil {
		return nil, store.ErrClosed
	}
	kept, err := m.Store.Keep(ctx, held)
	m.keeps.Add(1)
	return kept, err
}

func (m *mortal) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	return m.Store.(store.Volatiler).Volatile(ctx, topic, socket, data)
}
