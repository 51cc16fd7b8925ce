package sockjs_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// instance is one server of the program, over connections in memory: so its time can be a bubble's.
type instance struct {
	*sockjs.Server
	store     *mortal // nil: it has its own
	conns     chan net.Conn
	done      chan struct{}
	http      *http.Server
	transport *http.Transport
}

func (i *instance) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.done:
		return nil, net.ErrClosed
	}
}

func (i *instance) Close() error {
	select {
	case <-i.done:
	default:
		close(i.done)
	}
	return nil
}

func (i *instance) Addr() net.Addr { return &net.UnixAddr{} }

func (i *instance) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case i.conns <- theirs:
		return ours, nil
	case <-i.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// world is a program of several instances that share a store, with the service /echo. It answers what it is told, but for "hush"; "close" ends the session.
type world struct {
	*testing.T
	instances []*instance
	killed    []*instance
	next      int    // the instance that serves the next request
	base      string // of the URLs, where it is not the program's

	mu     sync.Mutex
	opened []string
	heard  []string
	closed []string
}

// inWorld runs a test in fake time. It is for one instance, which keeps its sessions itself, if no number is given.
func inWorld(t *testing.T, o sockjs.Options, test func(*world), instances ...int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t}
		n := 1
		if len(instances) > 0 {
			n = instances[0]
			s := memory.New(memory.Options{})
			defer s.Close()
			o.Store = s
		}
		for range n {
			w.add(o)
		}
		defer w.shutdown()
		test(w)
	})
}

func (w *world) add(o sockjs.Options) {
	i := &instance{conns: make(chan net.Conn), done: make(chan struct{})}
	if o.Store != nil {
		i.store = &mortal{Store: o.Store}
		o.Store = i.store
	}
	i.Server = w.server(o)
	i.http = &http.Server{Handler: i.Server, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	i.transport = &http.Transport{DialContext: i.dial}
	go i.http.Serve(i)
	w.instances = append(w.instances, i)
}

func (w *world) server(o sockjs.Options) *sockjs.Server {
	return &sockjs.Server{
		Options: o,
		Prefix:  "/echo",
		OnOpen: func(s *sockjs.Session) {
			w.note(&w.opened, s.ID())
			if strings.Contains(s.Request().URL.Path, "/closing/") {
				s.End(3000, "Go away!")
			}
		},
		OnMessage: func(s *sockjs.Session, text string) {
			w.note(&w.heard, text)
			switch text {
			case "close":
				s.End(3000, "Go away!")
			case "hush":
			default:
				s.Send(text)
			}
		},
		OnClose: func(id string, code int, reason string) { w.note(&w.closed, fmt.Sprint(code, " ", reason)) },
	}
}

func (w *world) shutdown() {
	for _, i := range append(w.instances, w.killed...) {
		if err := i.Shutdown(context.Background()); err != nil {
			w.Error(err)
		}
		i.transport.CloseIdleConnections()
		i.http.Close()
	}
	<-time.After(time.Second) // net/http waits for half of one before it closes a connection whose request it did not read to the end
}

// kill kills the instance that served the last request: nothing that it does has an effect any more.
func (w *world) kill() {
	i := w.instances[w.next]
	w.instances = slices.Delete(w.instances, w.next, w.next+1)
	w.killed = append(w.killed, i)
	i.store.dead.Store(true)
	i.http.Close()
}

// mortal is an instance's way to the store.
type mortal struct {
	store.Store
	dead atomic.Bool
}

func (m *mortal) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	if m.dead.Load() {
		return store.Attached{}, store.ErrClosed
	}
	return m.Store.Attach(ctx, a)
}

func (m *mortal) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if m.dead.Load() {
		return store.Outcome{}, store.ErrClosed
	}
	return m.Store.Commit(ctx, t)
}

func (m *mortal) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	if m.dead.Load() {
		return nil, store.ErrClosed
	}
	return m.Store.Keep(ctx, held)
}

func (m *mortal) Claim(ctx context.Context, most int, lease time.Duration) (store.Claimed, error) {
	if m.dead.Load() {
		return store.Claimed{}, store.ErrClosed
	}
	return m.Store.Claim(ctx, most, lease)
}

func (w *world) note(list *[]string, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, what)
}

func (w *world) noted(list *[]string) []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(*list)
}

func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) same(what string, got, want any) {
	w.Helper()
	if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		w.Errorf("%s is %q, want %q", what, got, want)
	}
}

// request makes a request of the next instance. Headers are pairs.
func (w *world) request(ctx context.Context, method, path, body string, headers ...string) (*http.Response, error) {
	base := cmp.Or(w.base, "test/echo")
	r, err := http.NewRequestWithContext(ctx, method, "http://"+base+path, strings.NewReader(body))
	w.must(err)
	path, _, _ = strings.Cut(path, "?")
	r.URL.Opaque = "//" + base + path // as it is
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w.next = (w.next + 1) % len(w.instances)
	return w.instances[w.next].transport.RoundTrip(r)
}

// answer is a complete response.
type answer struct {
	status int
	http.Header
	body string
}

func (w *world) do(method, path, body string, headers ...string) answer {
	w.Helper()
	response, err := w.request(w.Context(), method, path, body, headers...)
	w.must(err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	w.must(err)
	return answer{response.StatusCode, response.Header, string(b)}
}

// is checks a status and a body.
func (w *world) is(a answer, status int, body string) {
	w.Helper()
	if a.status != status || a.body != body {
		w.Errorf("answered %d %q, want %d %q", a.status, a.body, status, body)
	}
}

// poll polls a session: /000/one.
func (w *world) poll(session string) string {
	w.Helper()
	a := w.do("POST", session+"/xhr", "")
	if a.status != http.StatusOK {
		w.Errorf("a poll is answered %d %q", a.status, a.body)
	}
	return a.body
}

// send sends messages, as they stand in the body.
func (w *world) send(session, body string) {
	w.Helper()
	w.is(w.do("POST", session+"/xhr_send", body), http.StatusNoContent, "")
}

// stream is a response of which frames are still read.
type stream struct {
	w *world
	*received
	cancel context.CancelFunc
}

// receive asks for frames, in one way or another.
func (w *world) receive(session, way string) *stream {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	v := receivings[way]
	response, err := w.request(ctx, v.method, session+v.path, "")
	w.must(err)
	s := &stream{w, newReceived(response, v), cancel}
	w.Cleanup(s.broken)
	return s
}

// broken breaks the connection off.
func (s *stream) broken() {
	s.cancel()
	s.Body.Close()
}

// gives checks the next frames; the last may be "", the end.
func (s *stream) gives(frames ...string) {
	s.w.Helper()
	for _, want := range frames {
		got, err := s.next()
		if want == "" && err != io.EOF || want != "" && (err != nil || got != want) {
			s.w.Fatalf("%.200q, %v came, want %.200q", got, err, want)
		}
	}
}

// websocket opens a WebSocket.
func (w *world) websocket(path string) *socket {
	w.Helper()
	w.next = (w.next + 1) % len(w.instances)
	i := w.instances[w.next]
	dialer := websocket.Dialer{NetDialContext: i.dial}
	c, _, err := dialer.Dial("ws://test/echo"+path, nil)
	w.must(err)
	w.Cleanup(func() { c.Close() })
	return &socket{w, c}
}

type socket struct {
	w *world
	*websocket.Conn
}

func (s *socket) say(text string) {
	s.w.Helper()
	s.w.must(s.WriteMessage(websocket.TextMessage, []byte(text)))
}

func (s *socket) gives(frames ...string) {
	s.w.Helper()
	for _, want := range frames {
		if _, got, err := s.ReadMessage(); err != nil || string(got) != want {
			s.w.Fatalf("%.200q, %v came, want %.200q", got, err, want)
		}
	}
}

// ends checks how the WebSocket is closed.
func (s *socket) ends(code int, reason string) {
	s.w.Helper()
	_, got, err := s.ReadMessage()
	if !websocket.IsCloseError(err, code) || err.(*websocket.CloseError).Text != reason {
		s.w.Errorf("%q, %v came, want a close %d %q", got, err, code, reason)
	}
}

// pieces is a ResponseWriter that keeps apart what is written at once, and what was flushed.
type pieces struct {
	header http.Header
	mu     sync.Mutex
	all    []string
	whole  bool // nothing was written since the last flush
}

func newPieces() *pieces { return &pieces{header: http.Header{}, whole: true} }

func (p *pieces) Header() http.Header { return p.header }
func (p *pieces) WriteHeader(int)     {}

func (p *pieces) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all, p.whole = append(p.all, string(b)), false
	return len(b), nil
}

func (p *pieces) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole = true
}

// raw makes a request by its bytes, and returns what the response is read from.
func (w *world) raw(request string) *bufio.Reader {
	w.Helper()
	c, err := w.instances[0].dial(w.Context(), "", "")
	w.must(err)
	w.Cleanup(func() { c.Close() })
	go io.WriteString(c, request)
	return bufio.NewReader(c)
}

// never is a store that does not answer.
type never struct{ store.Store }

func (never) Watch(ctx context.Context, _ func(store.Notice)) (store.Watch, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
