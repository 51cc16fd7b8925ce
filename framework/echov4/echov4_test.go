package echov4_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) {
	// Of scs's own store, whose stopping races with its beginning.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}

var all = []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}}

// greeter is a service that says who its caller is.
func greeter() framework.Service {
	return framework.Service{Name: "greet", Methods: framework.Methods{
		"me": framework.Call(func(t *framework.Turn, _ any) (string, error) { return "hello " + t.User().Name, nil }),
	}}
}

// program is an Echo program with a server mounted at /rt, running on a port of its own until stop.
type program struct {
	rt   *framework.Server
	url  string
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, cfg framework.Config, set func(e *echo.Echo, group *echo.Group)) *program {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	rt, err := framework.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	group := e.Group("/rt")
	if set != nil {
		set(e, group)
	}
	echov4.Mount(group, rt)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &program{rt: rt, url: "http://" + ln.Addr().String() + "/rt", stop: stop, done: make(chan error, 1)}
	go func() {
		defer close(p.done)
		p.done <- echov4.Serve(ctx, e, rt, ln)
	}()
	t.Cleanup(func() {
		stop()
		for range p.done { // unless the test has read it
		}
	})
	return p
}

func dial(t *testing.T, url, transport string, o client.Options) *client.Client {
	t.Helper()
	o.Transports = []string{transport}
	o.Reconnect = client.Reconnect{Min: 5 * time.Millisecond, Max: 100 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, &o)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	t.Cleanup(c.Abandon)
	return c
}

func hello(t *testing.T, c *client.Client) (text string) {
	t.Helper()
	if err := c.Call(t.Context(), "greet.me", nil, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

// The middleware that most programs have does not get in the way.
func TestBehindUsualMiddleware(t *testing.T) {
	p := start(t, framework.Config{Services: []framework.Service{greeter()}, Transports: all}, func(e *echo.Echo, _ *echo.Group) {
		e.Use(middleware.Recover(), middleware.RequestID(), middleware.Secure(), middleware.BodyLimit("2M"), middleware.CORS(),
			middleware.ContextTimeoutWithConfig(middleware.ContextTimeoutConfig{Timeout: time.Hour}),
			middleware.BodyDump(func(echo.Context, []byte, []byte) {}))
	})
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		c := dial(t, p.url, transport, client.Options{})
		if got := hello(t, c); got != "hello " {
			t.Errorf("%s: %q", transport, got)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	script, err := http.Get(p.url + "/client.js")
	if err != nil {
		t.Fatal(err)
	}
	defer script.Body.Close()
	if text, err := io.ReadAll(script.Body); err != nil || !bytes.Contains(text, []byte("connect")) || script.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("client.js: %v, %d bytes, %v", script.Header, len(text), err)
	}
	p.stop()
	if err := <-p.done; err != nil {
		t.Error(err)
	}
}

// A program that is told to stop turns red, tells its clients to move, gives back what it cannot finish, and is gone.
func TestServeStops(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			shared := memory.New(memory.Options{})
			defer shared.Close()
			began := make(chan struct{})
			slow := framework.Service{Name: "slow", Methods: framework.Methods{
				"turn": framework.Call(func(t *framework.Turn, _ any) (string, error) {
					close(began)
					<-t.Done()
					return "", t.Err()
				}),
			}}
			cfg := framework.Config{Services: []framework.Service{slow}, Transports: all, Store: shared}
			p := start(t, cfg, nil)
			moved := make(chan string, 10)
			c := dial(t, p.url, transport, client.Options{Trace: func(direction string, frame []byte) {
				if direction == "down" && frame[0] == 'm' {
					moved <- string(frame)
				}
			}})
			turn := c.Send("slow.turn", nil)
			<-began
			p.stop()
			if err := <-p.done; err != nil {
				t.Errorf("Serve returned %v", err)
			}
			if len(moved) == 0 && transport != "longpoll" { // which may just have been between two polls
				t.Error("the client was not told to move")
			}
			select {
			case <-turn.Done():
				t.Errorf("a turn that was not finished was answered: %v", turn.Wait(t.Context(), nil))
			default:
			}
			if r, err := http.Get(p.url + "/ready"); err == nil {
				r.Body.Close()
				t.Error("the program still listens")
			}
			c.Abandon()
		})
	}
}

func TestRunSaysWhyItCannot(t *testing.T) {
	rt, err := framework.New(framework.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	t.Setenv("PORT", "not a port")
	if err := echov4.Run(echo.New(), rt, ":0"); err == nil {
		t.Error("no error")
	}
}

// A request cannot have endless headers.
func TestServeBoundsRequests(t *testing.T) {
	p := start(t, framework.Config{Services: []framework.Service{greeter()}, Transports: all}, nil)
	for size, want := range map[int]int{32 << 10: http.StatusOK, 128 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/ready", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Long", strings.Repeat("x", size))
		r.Close = true
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a header of %d bytes: %s", size, resp.Status)
		}
	}
}

// A request's header has 10 s to come. A connection that waits for the next request is kept for longer than balancers keep theirs.
func TestServeBoundsTime(t *testing.T) {
	const header = "GET /rt/ready HTTP/1.1\r\nHost: a.example\r\n"
	for said, want := range map[string]time.Duration{header: 10 * time.Second, header + "\r\n": 630 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			rt, err := framework.New(framework.Config{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			e := echo.New()
			echov4.Mount(e.Group("/rt"), rt)
			ctx, stop := context.WithCancel(t.Context())
			ln := pipes{make(chan net.Conn), make(chan struct{})}
			done := make(chan error, 1)
			go func() { done <- echov4.Serve(ctx, e, rt, ln) }()
			ours, theirs := net.Pipe()
			ln.conns <- theirs
			if _, err := io.WriteString(ours, said); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_ = ours.SetReadDeadline(begun.Add(time.Hour))
			_, err = io.Copy(io.Discard, ours)
			if passed := time.Since(begun); err != nil || passed != want {
				t.Errorf("%q: closed after %v, %v; want %v", said, passed, err, want)
			}
			ours.Close()
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// pipes is a listener without a network.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

// A timer runs on an instance that nobody is connected to and nobody asks anything.
func TestServeSweeps(t *testing.T) {
	t.Cleanup(echov4.SweepEvery(10 * time.Millisecond))
	rang := make(chan struct{})
	ring := framework.Timer("ring", func(*framework.Turn, int) error { close(rang); return nil })
	p := start(t, framework.Config{
		Services: []framework.Service{{Name: "clock", Continuations: []framework.Continuation{ring}}}, Transports: all,
	}, nil)
	err := p.rt.Do(t.Context(), func(t *framework.Turn) error {
		_, err := t.After(20*time.Millisecond, ring.With(1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-rang
	p.stop()
	if err := <-p.done; err != nil {
		t.Error(err)
	}
}
