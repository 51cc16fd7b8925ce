package framework_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// A bubble is a program on instances that share a memory store, and are spoken to without a network: it can stand in fake time. What it holds ends with the test.
type bubble struct {
	*testing.T
	store *memory.Store
	cfg   framework.Config // of the next instance
	links chan transports.Link
	held  sync.WaitGroup
}

func newBubble(t *testing.T) *bubble {
	b := &bubble{T: t, store: memory.New(memory.Options{}), links: make(chan transports.Link)}
	b.cfg = framework.Config{
		Transports: []transports.Transport{still{links: b.links}, sse.Transport{MaxAge: -1}, longpoll.Transport{}},
		Services:   []framework.Service{ledger()},
		Store:      b.store,
		Log:        slog.New(slog.DiscardHandler),
	}
	t.Cleanup(func() { b.store.Close() })
	return b
}

// start starts an instance.
func (b *bubble) start() *framework.Server {
	rt, err := framework.New(b.cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		b.held.Wait() // they end with the test's context
		rt.Close()
	})
	return rt
}

// mortal puts between the next instance and the store what a test can break.
func (b *bubble) mortal() *mortal {
	m := &mortal{Store: b.store, dead: context.Background(), kept: make(chan struct{}, 1)}
	b.cfg.Store = m
	return m
}

// serve has an instance serve a request.
func (b *bubble) serve(rt *framework.Server, rw http.ResponseWriter, path, body string) {
	rt.ServeHTTP(rw, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body)))
}

// say sends a request and returns what it is answered.
func (b *bubble) say(rt *framework.Server, path, body string) string {
	rw := httptest.NewRecorder()
	b.serve(rt, rw, path, body)
	return rw.Body.String()
}

// stream opens an event stream.
func (b *bubble) stream(rt *framework.Server, hello string) *recorder {
	r := newRecorder()
	b.held.Go(func() { b.serve(rt, r, "/sse", hello) })
	return r
}

// connect opens a connection that only the test reads.
func (b *bubble) connect(rt *framework.Server, hello string) transports.Link {
	b.held.Go(func() { b.serve(rt, httptest.NewRecorder(), "/still", hello) })
	return <-b.links
}

// push says something over a connection, which must be taken.
func (b *bubble) push(l transports.Link, frame string) {
	b.Helper()
	if err := l.Push(b.Context(), []byte(frame)); err != nil {
		b.Fatalf("%s: %v", frame, err)
	}
}

// pull returns the next frames of a connection, as lines.
func (b *bubble) pull(l transports.Link) string {
	b.Helper()
	frames, err := l.Pull(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return string(bytes.Join(frames, []byte("\n")))
}

// do runs a turn that must be committed.
func (b *bubble) do(rt *framework.Server, f func(*framework.Turn) error) {
	b.Helper()
	if err := rt.Do(b.Context(), f); err != nil {
		b.Fatal(err)
	}
}

// keyOf returns the nth of many keys.
func keyOf(n int) string { return fmt.Sprintf("%020d", n) + "AA" }

// hello is the first hello of the client with the nth key, with more fields.
func hello(n int, more string) string { return `H{"v":1,"key":"` + keyOf(n) + `","c":1` + more + `}` }

// helloAgain is a later one, of a client that has had nothing of its stream.
func helloAgain(n, attach int) string {
	return fmt.Sprintf(`H{"v":1,"key":"%s","c":%d,"cur":"0.","now":true}`, keyOf(n), attach)
}

// recorder is a response, or a log, that may be read while it is written.
type recorder struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

func newRecorder() *recorder { return &recorder{ResponseRecorder: httptest.NewRecorder()} }

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ResponseRecorder.Write(b)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Body.String()
}

// still is a transport whose connections nobody reads.
type still struct {
	links chan transports.Link
	ready func(bool) // nil: links are pulled
}

func (still) Name() string   { return "still" }
func (still) Script() []byte { return nil }

func (s still) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{"still": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hello, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		by := transports.Carrier{Transport: "still", Heartbeat: time.Minute, Ready: s.ready}
		if s.ready != nil {
			by.Beside = func(work func()) { work() }
		}
		l, err := sb.Open(r, hello, by)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.links <- l
		<-r.Context().Done()
		l.Close()
	})}
}
