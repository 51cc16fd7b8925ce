package client

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

var allTransports = []string{"ws", "sse", "longpoll"}

// eachTransport runs a test over each transport by itself.
func eachTransport(t *testing.T, test func(t *testing.T, name string)) {
	for _, name := range allTransports {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}

// serveLocal serves a switchboard in memory, over all transports.
func serveLocal(t *testing.T, handle transports.LocalHandler) (url string, board *transports.Local) {
	t.Helper()
	board = transports.NewLocal(handle)
	h, err := transports.Handler(board, transports.Options{}, ws.Transport{}, sse.Transport{}, longpoll.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		board.Close()
		server.Close()
	})
	return server.URL, board
}

// testContext is a deadline for a test that hangs, nothing else.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func dial(t *testing.T, url string, o Options) *Client {
	t.Helper()
	if o.Reconnect.Min == 0 {
		o.Reconnect.Min = time.Millisecond
	}
	c, err := Dial(testContext(t), url, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	return c
}

func echo(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil }

func TestLocalCall(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		url, _ := serveLocal(t, echo)
		c := dial(t, url, Options{Transports: []string{name}})
		ctx := testContext(t)
		for _, in := range []string{"hello", "", strings.Repeat("long ", 10_000), "line\nbreak", "grüße"} {
			var out string
			if err := c.Call(ctx, "test.echo", in, &out); err != nil || out != in {
				t.Fatalf("echo of %.20q is %.20q, %v", in, out, err)
			}
		}
		var out string
		if err := c.Volatile(ctx, "test.echo", "volatile", &out); err != nil || out != "volatile" {
			t.Fatalf("volatile echo is %q, %v", out, err)
		}
		if got := c.Transport(); got != name {
			t.Errorf("transport is %q, want %q", got, name)
		}
		if err := c.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if err := c.Call(ctx, "test.echo", 1, nil); err != ErrClosed {
			t.Errorf("a call after Close: %v, want ErrClosed", err)
		}
	})
}

func TestLocalTLS(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		h, err := transports.Handler(transports.NewLocal(echo), transports.Options{}, ws.Transport{}, sse.Transport{}, longpoll.Transport{})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(h)
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		c := dial(t, server.URL, Options{Transports: []string{name}, HTTPClient: server.Client()})
		defer c.Abandon()
		var out string
		if err := c.Call(testContext(t), "test.echo", "secret", &out); err != nil || out != "secret" {
			t.Errorf("echo is %q, %v", out, err)
		}
	})
}

// ledger is a service that writes down what takes effect, and a client's view of it.
type ledger struct {
	mu     sync.Mutex
	called []string
	events []string // written by the client's callbacks, read after it is closed
}

// serveLedger serves a ledger: each call of note is written down, sent back as an event, and answered.
func serveLedger(t *testing.T) (*ledger, string) {
	l := new(ledger)
	var board *transports.Local
	url, board := serveLocal(t, func(socket, _ string, p protocol.Payload) (protocol.Payload, error) {
		l.mu.Lock()
		l.called = append(l.called, string(p))
		l.mu.Unlock()
		return p, board.Send(socket, "test.event", p)
	})
	return l, url
}

func (l *ledger) handlers() map[string]Handler {
	return map[string]Handler{"test.event": func(_ context.Context, p protocol.Payload) (any, error) {
		l.events = append(l.events, string(p))
		return nil, nil
	}}
}

// check closes the client and checks that calls 0 to n-1 took effect once each, in order, and that so came their answers and events.
func (l *ledger) check(t *testing.T, c *Client, calls []*Pending) {
	t.Helper()
	ctx := testContext(t)
	for i, p := range calls {
		var out int
		if err := p.Wait(ctx, &out); err != nil || out != i {
			t.Fatalf("call %d: %d, %v", i, out, err)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if len(l.called) != len(calls) || len(l.events) != len(calls) {
		t.Fatalf("%d calls had effect and %d events came, want %d", len(l.called), len(l.events), len(calls))
	}
	for i := range calls {
		if want := fmt.Sprintf("|%d", i); l.called[i] != want || l.events[i] != want {
			t.Fatalf("call %d: called %s, event %s", i, l.called[i], l.events[i])
		}
	}
}

func TestLocalSwitch(t *testing.T) {
	l, url := serveLedger(t)
	c := dial(t, url, Options{Handlers: l.handlers()})
	var calls []*Pending
	for i := range 300 {
		if i%10 == 0 {
			if err := c.Use(allTransports[i/10%3]); err != nil {
				t.Fatal(err)
			}
		}
		calls = append(calls, c.Send("test.note", i))
		if i%25 == 0 {
			if err := calls[i].Wait(testContext(t), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.check(t, c, calls)
}

// Connections are cut again and again, before and after all kinds of frames.
func TestLocalCuts(t *testing.T) {
	for _, name := range append(allTransports, "all") {
		t.Run(name, func(t *testing.T) {
			l, url := serveLedger(t)
			var net network
			var frames, cuts atomic.Int32
			names := []string{name}
			if name == "all" {
				names = allTransports
			}
			c := dial(t, url, Options{
				Transports:  names,
				Handlers:    l.handlers(),
				DialContext: net.dialContext,
				Trace: func(string, []byte) {
					if n := frames.Add(1); n > 3 && n%7 == 0 && cuts.Load() < 100 {
						cuts.Add(1)
						net.cut()
					}
				},
			})
			var calls []*Pending
			for i := range 300 {
				calls = append(calls, c.Send("test.note", i))
				if i%5 == 0 {
					if err := calls[i].Wait(testContext(t), nil); err != nil {
						t.Fatal(err)
					}
				}
				if name == "all" && i%50 == 0 {
					if err := c.Use(names[i/50%3]); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.check(t, c, calls)
			if cuts.Load() < 20 {
				t.Errorf("only %d cuts", cuts.Load())
			}
		})
	}
}
