package framework_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a program that runs on several instances behind a balancer without affinity, all in this process: each
// instance is a Server of its own, and what it shares with the others is the store alone.
type world struct {
	*testing.T
	transport string
	cfg       framework.Config
	open      func() store.Store // another connection to the one store
	advance   func(time.Duration)
	wipe      func()

	// amnesia has every single request served by a Server that is made for it.
	amnesia bool
	// frozen stops instances whenever they hold no request.
	frozen bool
	// away has the balancer answer nobody: the network is gone.
	away atomic.Bool

	mu        sync.Mutex
	instances []*instance
	random    *rand.Rand
	only      *instance // not nil: gets all requests
	url       string
}

// everywhere runs a test in a world of each transport and each store.
func everywhere(t *testing.T, test func(w *world)) {
	for _, st := range []string{"memory", "redis"} {
		t.Run(st, func(t *testing.T) {
			var url string
			if st == "redis" {
				url = redistest.Start(t)
			}
			for _, transport := range []string{"ws", "sse", "longpoll"} {
				t.Run(transport, func(t *testing.T) {
					test(newWorld(t, transport, url))
				})
			}
		})
	}
}

// onEachStore runs a test in a world of each store.
func onEachStore(t *testing.T, test func(w *world)) {
	t.Run("memory", func(t *testing.T) { test(newWorld(t, "longpoll", "")) })
	t.Run("redis", func(t *testing.T) { test(newWorld(t, "longpoll", redistest.Start(t))) })
}

var worlds atomic.Int64 // each has keys of its own

// newWorld makes a world with a memory store or, with a URL, a Redis.
func newWorld(t *testing.T, transport, redisURL string) *world {
	w := &world{T: t, transport: transport, random: rand.New(rand.NewPCG(7, 8)), cfg: framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Log:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4})),
	}}
	if redisURL == "" {
		m := memory.New(memory.Options{})
		t.Cleanup(func() { m.Close() })
		w.open, w.advance, w.wipe = func() store.Store { return m }, m.Advance, m.Wipe
		return w.begin()
	}
	var mu sync.Mutex
	var offset time.Duration
	o := redis.Options{Prefix: fmt.Sprint("world", worlds.Add(1)), Logger: w.cfg.Log, OffsetClockForTests: func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return offset
	}}
	w.advance = func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		offset += d
	}
	w.wipe = func() { flush(t, redisURL) }
	w.open = func() store.Store {
		s, err := redis.Open(context.Background(), redisURL, o)
		if err != nil {
			t.Error(err)
			return memory.New(memory.Options{})
		}
		return s
	}
	return w.begin()
}

// flush has a Redis forget everything.
func flush(t *testing.T, url string) {
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("FLUSHALL\r\n")); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(c).ReadString('\n'); answer != "+OK\r\n" {
		t.Fatalf("FLUSHALL: %q, %v", answer, err)
	}
}

func (w *world) begin() *world {
	front := httptest.NewServer(http.HandlerFunc(w.balance))
	w.url = front.URL + "/rt"
	w.Cleanup(func() {
		w.mu.Lock()
		all := slices.Clone(w.instances)
		w.mu.Unlock()
		for _, i := range all {
			i.kill()
		}
		front.CloseClientConnections()
		front.Close()
		for _, i := range all {
			i.close()
		}
	})
	return w
}

// run starts n instances of the services.
func (w *world) run(n int, services ...framework.Service) {
	w.cfg.Services = services
	for range n {
		w.start()
	}
}

// instance is a process that may be killed at any moment: from then on nothing that it does has an effect, and its connections are cut.
type instance struct {
	rt    *framework.Server
	store *mortal
	ctx   context.Context
	die   context.CancelFunc

	mu    sync.Mutex
	conns map[*tracked]struct{}
}

func (w *world) start() *instance {
	i := &instance{store: &mortal{Store: w.open(), kept: make(chan struct{}, 1), attached: make(chan store.Attach, 1)}}
	i.ctx, i.die = context.WithCancel(context.Background())
	i.store.dead = i.ctx
	if w.frozen {
		i.store.frost = newFrost()
	}
	cfg := w.cfg
	cfg.Store = i.store
	rt, err := framework.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	i.rt = rt
	w.mu.Lock()
	w.instances = append(w.instances, i)
	w.mu.Unlock()
	return i
}

// leave takes an instance out of the balancer.
func (w *world) leave(i *instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, other := range w.instances {
		if other == i {
			w.instances = append(w.instances[:k:k], w.instances[k+1:]...)
			return
		}
	}
}

func (w *world) first() *instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.instances[0]
}

// kill kills an instance, and takes it out of the balancer.
func (w *world) kill(i *instance) {
	w.leave(i)
	i.kill()
	w.Cleanup(i.close)
}

func (i *instance) kill() {
	i.die()
	i.cut()
}

// cut cuts all connections of an instance that lives on.
func (i *instance) cut() {
	i.mu.Lock()
	conns := slices.Collect(maps.Keys(i.conns))
	i.mu.Unlock()
	for _, c := range conns {
		c.cut()
	}
}

// close frees what a dead process would not hold any more.
func (i *instance) close() {
	i.rt.Close()
	closeUnshared(i.store.Store)
}

// closeUnshared closes a connection to a Redis; the memory store is everybody's.
func closeUnshared(s store.Store) {
	if _, shared := s.(*memory.Store); !shared {
		s.Close()
	}
}

// any returns the instance whose turn it is.
func (w *world) any() *instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.only != nil {
		return w.only
	}
	if len(w.instances) == 0 {
		return nil
	}
	return w.instances[w.random.IntN(len(w.instances))]
}

// route has an instance get all requests; nil: any.
func (w *world) route(i *instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.only = i
}

// balance hands each request to the next instance.
func (w *world) balance(rw http.ResponseWriter, r *http.Request) {
	if w.away.Load() {
		panic(http.ErrAbortHandler)
	}
	if w.amnesia {
		i := w.start()
		i.serve(rw, r)
		w.leave(i)
		i.close()
		return
	}
	if i := w.any(); i != nil {
		i.serve(rw, r)
		return
	}
	http.Error(rw, "no instance", http.StatusBadGateway)
}

func (i *instance) serve(w http.ResponseWriter, r *http.Request) {
	i.store.frost.enter()
	defer i.store.frost.leave()
	ctx, cancel := context.WithCancel(r.Context())
	t := &tracked{ResponseWriter: w, cancel: cancel}
	i.mu.Lock()
	if i.conns == nil {
		i.conns = map[*tracked]struct{}{}
	}
	i.conns[t] = struct{}{}
	i.mu.Unlock()
	if i.ctx.Err() != nil {
		t.cut()
	}
	defer func() {
		i.mu.Lock()
		delete(i.conns, t)
		i.mu.Unlock()
		cancel()
	}()
	i.rt.ServeHTTP(t, r.WithContext(ctx))
	t.wait()
	if t.gone.Load() {
		panic(http.ErrAbortHandler) // a cut response has no orderly end
	}
}

// dial connects a client over the world's transport.
func (w *world) dial(o *client.Options) *client.Client {
	w.Helper()
	if o == nil {
		o = &client.Options{}
	}
	if o.Transports == nil {
		o.Transports = []string{w.transport}
	}
	if o.Reconnect.Max == 0 {
		o.Reconnect = client.Reconnect{Min: 5 * time.Millisecond, Max: 50 * time.Millisecond}
	}
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, w.url, o)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(c.Abandon)
	return c
}

// patience is how long a test waits for what must come; nothing is asserted about how long it takes.
const patience = 30 * time.Second

func (w *world) wait() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	return ctx
}

// call calls a method that must succeed.
func call[Out any](w *world, c *client.Client, method string, in any) (out Out) {
	w.Helper()
	if err := c.Call(w.wait(), method, in, &out); err != nil {
		w.Fatalf("%s: %v", method, err)
	}
	return out
}

// until waits until something holds; it is asked again whenever the channel says so.
func until(w *world, changed <-chan struct{}, what string, holds func() bool) {
	w.Helper()
	timeout := time.After(patience)
	for !holds() {
		select {
		case <-changed:
		case <-timeout:
			w.Fatalf("waited in vain until %s", what)
		}
	}
}

// post sends one request as a client over HTTP would, and returns the response's lines.
func (w *world) post(path, body string) (status int, text string) {
	w.Helper()
	r, err := http.Post(w.url+path, "text/plain", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// postTo sends one request to an instance.
func (w *world) postTo(i *instance, path, body string) (status int, text string) {
	rw := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body))
	i.serve(rw, r)
	return rw.Code, rw.Body.String()
}

// send sends a request to any instance.
func (w *world) send(r *http.Request) (status int, text string) {
	w.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
