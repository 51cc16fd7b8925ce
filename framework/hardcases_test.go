package framework_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// A message that is sent again while it still runs on the same instance waits for that run, instead of running beside it.
func TestRetriedPostOnTheSameInstanceWaits(t *testing.T) {
	onEachStore(t, func(w *world) {
		entered, goOn := make(chan struct{}, 9), make(chan struct{})
		var runs atomic.Int32
		w.run(1, framework.Service{Name: "slow", Methods: framework.Methods{
			"run": framework.Event(func(t *framework.Turn, _ struct{}) error {
				runs.Add(1)
				entered <- struct{}{}
				<-goOn
				return nil
			}),
		}})
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		replies := make(chan string, 3)
		for range 3 {
			go func() {
				_, text := w.post("/up", "K"+rawKey+",,0\nC1,slow.run")
				replies <- text
			}()
		}
		<-entered
		close(goOn)
		for range 3 {
			if text := <-replies; text != "a1,0\n" {
				w.Errorf("reply %q, want that message 1 took effect", text)
			}
		}
		if n := runs.Load(); n != 1 {
			w.Errorf("the handler ran %d times", n)
		}
	})
}

// An instance that was frozen just before its commit, and goes on long after another has taken its place, changes nothing by it.
func TestThawedInstanceCommitsLate(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		frozen, other := w.instances[0], w.instances[1]
		w.postTo(frozen, "/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		arrived, thaw := make(chan struct{}), make(chan struct{})
		frozen.store.mu.Lock()
		frozen.store.before = func(store.Turn) error {
			close(arrived)
			<-thaw
			return nil
		}
		frozen.store.mu.Unlock()
		late := make(chan string, 1)
		go func() {
			_, text := w.postTo(frozen, "/up", "K"+rawKey+",,0\nC1,ledger.push|1")
			late <- text
		}()
		<-arrived
		if _, text := w.postTo(other, "/up", "K"+rawKey+",,1\nC1,ledger.push|1\nC2,ledger.push|2"); text != "a2,2\n" {
			w.Errorf("elsewhere: reply %q", text)
		}
		frozen.store.mu.Lock()
		frozen.store.before = nil
		frozen.store.mu.Unlock()
		close(thaw)
		// The state has changed under it: it runs again, and finds that the message was applied.
		if text := <-late; text != "a2,2\n" {
			w.Errorf("the thawed instance's reply: %q", text)
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"now":true}`)
		if n := countLines(text, 'e'); n != 2 {
			w.Errorf("%d messages took effect, of 2:\n%s", n, text)
		}
	})
}

// The store is away for longer than sockets live, while a connection is held: nobody is said goodbye.
func TestOutageLongerThanTheTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Options{})
		defer m.Close()
		st := &mortal{Store: m, dead: t.Context(), kept: make(chan struct{}, 1)}
		rt, err := framework.New(framework.Config{
			Transports: []transports.Transport{sse.Transport{MaxAge: -1}}, Store: st, Services: []framework.Service{ledger()},
			Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		stream := httptest.NewRecorder()
		var held sync.WaitGroup
		held.Go(func() {
			body := strings.NewReader(`H{"v":1,"key":"` + rawKey + `","c":1}`)
			rt.ServeHTTP(stream, httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/sse", body))
		})
		time.Sleep(10 * time.Second)
		st.outage.Store(true)
		time.Sleep(10 * time.Minute)
		st.outage.Store(false)
		time.Sleep(time.Minute) // more than a grace

		look := httptest.NewRecorder()
		rt.ServeHTTP(look, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt/up", strings.NewReader("K"+rawKey+",,0\nC1,ledger.push|1")))
		if got := look.Body.String(); got != "a1,1\n" {
			t.Errorf("after the outage: %q; the stream said %q", got, stream.Body.String())
		}
		hangUp()
		held.Wait()
		rt.Close()
	})
}

// The store stays away until the instance gives up: nothing is acknowledged. When it is back the message takes effect, once.
func TestNothingIsAcknowledgedWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Options{})
		defer m.Close()
		st := &mortal{Store: m, dead: t.Context(), kept: make(chan struct{}, 1)}
		rt, err := framework.New(framework.Config{
			Transports: []transports.Transport{longpoll.Transport{}}, Store: st, Services: []framework.Service{ledger()},
			Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		say := func(path, body string) string {
			rw := httptest.NewRecorder()
			rt.ServeHTTP(rw, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body)))
			return rw.Body.String()
		}
		say("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		st.before = func(store.Turn) error { return errOutage }
		if text := say("/up", "K"+rawKey+",,0\nC1,ledger.push|1"); !strings.HasPrefix(text, "z4006,") {
			t.Errorf("without the store: %q", text)
		}
		st.before = nil
		for range 2 {
			if text := say("/up", "K"+rawKey+",,1\nC1,ledger.push|1"); text != "a1,1\n" {
				t.Errorf("with the store: %q", text)
			}
		}
	})
}

// What was sent to a client, on a connection that then said something else, is still there until the client says that it has it.
func TestI4SentIsNotReceived(t *testing.T) {
	s := still{make(chan transports.Link, 1)}
	rt, err := framework.New(framework.Config{Transports: []transports.Transport{s}, Services: []framework.Service{ledger()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	var held sync.WaitGroup
	connect := func(hello string) (transports.Link, string) {
		held.Go(func() {
			rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/still", strings.NewReader(hello)))
		})
		l := <-s.links
		return l, pulled(t, l)
	}
	l, _ := connect(`H{"v":1,"key":"` + rawKey + `","c":1}`)
	for n := 1; n <= 3; n++ {
		if err := l.Push(ctx, fmt.Appendf(nil, "C%d,ledger.push|%d", n, n)); err != nil {
			t.Fatal(err)
		}
		if text := pulled(t, l); !strings.Contains(text, "ledger.added") {
			t.Fatalf("after message %d: %q", n, text)
		}
	}
	_, text := connect(`H{"v":1,"key":"` + rawKey + `","c":2,"cur":"0."}`)
	if n := strings.Count(text, "ledger.added"); n != 3 || strings.Contains(text, "\nl") {
		t.Errorf("a client that has had nothing is given %q", text)
	}
	hangUp()
	held.Wait()
	rt.Close()
}

// pulled returns the next frames of a link, as lines.
func pulled(t *testing.T, l transports.Link) string {
	frames, err := l.Pull(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.Join(frames, []byte("\n")))
}
