package framework_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// The benchmarks are of what a turn costs an instance with a memory store, and no network: frames are pushed into a link and taken out of it as a WebSocket does.

// payload is 64 bytes of JSON.
var payload = `{"text":"` + strings.Repeat("x", 53) + `"}`

func BenchmarkCall(b *testing.B) { calls(b, "bench.echo") }

// A handler of Go values that reads a state, as most do.
func BenchmarkTypedCall(b *testing.B) { calls(b, "bench.typed") }

func calls(b *testing.B, method string) {
	l := dial(b)
	var frame []byte
	for n := uint64(1); b.Loop(); n++ {
		frame = append(protocol.AppendNumber(append(frame[:0], 'C'), n), ","+method+"|"+payload...)
		push(b, l, frame)
		answer := take(b, l, protocol.Answer)
		if n%100 == 0 { // as clients do
			cursor, _, _ := bytes.Cut(answer[1:], []byte{','})
			push(b, l, append([]byte("A"), cursor...))
		}
	}
}

func BenchmarkVolatileCall(b *testing.B) {
	l := dial(b)
	var frame []byte
	for n := uint64(1); b.Loop(); n++ {
		frame = append(protocol.AppendNumber(append(frame[:0], 'W'), n), ",bench.echo|"+payload...)
		push(b, l, frame)
		take(b, l, protocol.VolatileAnswer)
	}
}

func BenchmarkPublish(b *testing.B) {
	rt := program(b)
	publish := func(t *framework.Turn) error { return news.Publish(t, "all", json.RawMessage(payload)) }
	for b.Loop() {
		if err := rt.Do(b.Context(), publish); err != nil {
			b.Fatal(err)
		}
	}
}

var news = &framework.Topic[json.RawMessage]{Name: "news", Keep: 100, Subscribe: framework.Anyone}

// program starts an instance.
func program(b *testing.B, over ...transports.Transport) *framework.Server {
	type line struct {
		Text string `json:"text"`
	}
	seen := &framework.State[struct{ Count int }]{Name: "seen", Subscribe: framework.Nobody}
	same := func(_ *framework.Turn, in json.RawMessage) (json.RawMessage, error) { return in, nil }
	typed := func(t *framework.Turn, in line) (line, error) {
		_, err := seen.Get(t, t.Socket())
		return in, err
	}
	rt, err := framework.New(framework.Config{
		Transports: over,
		Services: []framework.Service{{
			Name: "bench", Topics: []framework.Stream{news, seen},
			Methods: framework.Methods{"echo": framework.Call(same).Volatile(), "typed": framework.Call(typed)},
		}},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { rt.Close() })
	return rt
}

// dial opens a connection with an instance of its own.
func dial(b *testing.B) transports.Link {
	links := make(chan transports.Link)
	rt := program(b, still{links: links, ready: func(bool) {}})
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan struct{})
	go func() {
		defer close(left)
		rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/still", strings.NewReader(hello(1, ""))))
	}()
	b.Cleanup(func() { leave(); <-left })
	l := <-links
	take(b, l, protocol.Welcome)
	return l
}

func push(b *testing.B, l transports.Link, frame []byte) {
	if err := l.Push(b.Context(), frame); err != nil {
		b.Fatal(err)
	}
}

// take returns the next frame of a kind.
func take(b *testing.B, l transports.Link, kind protocol.Kind) []byte {
	for {
		frames, err := l.Take(nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range frames {
			if protocol.Kind(f[0]) == kind {
				return f
			}
		}
	}
}
