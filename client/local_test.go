package client

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
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

// While a client changes its transport over and over, every call takes effect once, in order, and every event comes once, in order.
func TestLocalSwitch(t *testing.T) {
	var mu sync.Mutex
	var called []string
	var board *transports.Local
	url, board := serveLocal(t, func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		mu.Lock()
		called = append(called, string(p))
		mu.Unlock()
		return p, board.Send(socket, "test.event", p)
	})
	var events []string
	c := dial(t, url, Options{Handlers: map[string]Handler{
		"test.event": func(_ context.Context, p protocol.Payload) (any, error) {
			events = append(events, string(p))
			return nil, nil
		},
	}})
	ctx := testContext(t)
	const calls = 300
	var pending []*Pending
	for i := range calls {
		if i%10 == 0 {
			if err := c.Use(allTransports[i/10%3]); err != nil {
				t.Fatal(err)
			}
		}
		pending = append(pending, c.Send("test.note", i))
		if i%25 == 0 {
			if err := pending[i].Wait(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, p := range pending {
		var out int
		if err := p.Wait(ctx, &out); err != nil || out != i {
			t.Fatalf("call %d: %d, %v", i, out, err)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		want := fmt.Sprintf("|%d", i)
		if called[i] != want || events[i] != want {
			t.Fatalf("call %d: called %s, event %s", i, called[i], events[i])
		}
	}
	if len(called) != calls || len(events) != calls {
		t.Errorf("%d calls had effect and %d events came, want %d", len(called), len(events), calls)
	}
}
