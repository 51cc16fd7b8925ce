package framework_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// An instance that no notice reaches any more delivers all the same: a topic's entries within 10 s or so, the own stream's within 30.
func TestNoticesAreHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Options{})
		defer m.Close()
		server := func(st *mortal) *framework.Server {
			rt, err := framework.New(framework.Config{
				Transports: []transports.Transport{sse.Transport{MaxAge: -1}}, Store: st, Services: []framework.Service{ledger()},
				Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			return rt
		}
		deaf := &mortal{Store: m, dead: t.Context(), kept: make(chan struct{}, 1)}
		deaf.deaf.Store(true)
		holder, other := server(deaf), server(&mortal{Store: m, dead: t.Context(), kept: make(chan struct{}, 1)})
		say := func(rt *framework.Server, path, body string) string {
			rw := httptest.NewRecorder()
			rt.ServeHTTP(rw, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body)))
			return rw.Body.String()
		}

		ctx, hangUp := context.WithCancel(t.Context())
		stream := &recorder{ResponseRecorder: httptest.NewRecorder()}
		var held sync.WaitGroup
		held.Go(func() {
			body := strings.NewReader(`H{"v":1,"key":"` + rawKey + `","c":1}`)
			holder.ServeHTTP(stream, httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/sse", body))
		})
		time.Sleep(time.Second)
		say(other, "/up", "K"+rawKey+",,0\nS1,lines/all")
		time.Sleep(35 * time.Second)
		if text := stream.String(); !strings.Contains(text, "data: s1.") {
			t.Errorf("the own stream was not delivered in 35 s: %q", text)
		}
		if err := other.Do(t.Context(), func(t *framework.Turn) error { return lines.Publish(t, "all", 7) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(12 * time.Second)
		if text := stream.String(); !strings.Contains(text, "|7\n") {
			t.Errorf("the topic was not delivered in 12 s: %q", text)
		}
		hangUp()
		held.Wait()
		holder.Close()
		other.Close()
	})
}

// recorder is a response that may be read while it is written.
type recorder struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

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

// still is a transport whose connections are never read, but by the test.
type still struct{ links chan transports.Link }

func (still) Name() string   { return "still" }
func (still) Script() []byte { return nil }

func (s still) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{"still": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hello, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		l, err := sb.Open(r, hello, transports.Carrier{Transport: "still", Heartbeat: time.Minute})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.links <- l
		<-r.Context().Done()
		l.Close()
	})}
}

// For a connection that is not read nothing is queued in the instance but what can be counted on a few hands, whatever is sent to it.
func TestI7NothingIsQueued(t *testing.T) {
	cursors := &framework.Topic[int]{Name: "cursors", Volatile: true, Subscribe: framework.Anyone}
	s := still{make(chan transports.Link, 1)}
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{s}, Services: []framework.Service{ledger(), {Name: "v", Topics: []framework.Stream{cursors}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	var held sync.WaitGroup
	connect := func(n int) transports.Link {
		held.Go(func() {
			rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/still", strings.NewReader(hello(n, ""))))
		})
		return <-s.links
	}
	l, reader := connect(1), connect(2)
	if err := reader.Push(ctx, []byte("S1,cursors/last")); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(pulled(t, reader), "cursors/last") {
	}
	for n, frame := range []string{"S1,cursors/all", "S2,lines/all"} {
		if err := l.Push(ctx, []byte(frame)); err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
	}
	pull := func() (n int) {
		for {
			ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			frames, err := l.Pull(ctx)
			cancel()
			if n += len(frames); err != nil {
				return n
			}
		}
	}
	pull()
	for batch := range 100 {
		err := rt.Do(ctx, func(t *framework.Turn) error {
			for n := range 100 {
				if err := cursors.Publish(t, "all", 100*batch+n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// Notices come in order: when the last of them has come to somebody who reads, all have come.
	if err := rt.Do(ctx, func(t *framework.Turn) error { return cursors.Publish(t, "last", 7) }); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(pulled(t, reader), "|7") {
	}
	if n := pull(); n < 1 || n > 200 {
		t.Errorf("%d frames waited for a connection that was not read", n)
	}
	hangUp()
	held.Wait()
	rt.Close()
}
