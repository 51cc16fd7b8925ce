package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves the chat and returns its URL.
func serve(t *testing.T, services ...framework.Service) string {
	t.Helper()
	slog.SetLogLoggerLevel(slog.LevelError)
	st := memory.New(memory.Options{})
	rt, err := newServer(st, "ws,sse,longpoll", services)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newEcho(rt))
	t.Cleanup(func() {
		rt.Close()
		server.Close()
		st.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server.URL
}

// tab is what a browser's tab would be.
type tab struct {
	*client.Client
	t   *testing.T
	ctx context.Context
}

func join(t *testing.T, url, transport string) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // for a test that hangs
	t.Cleanup(cancel)
	c, err := client.Dial(ctx, url+"/rt", &client.Options{Transports: []string{transport}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	return &tab{c, t, ctx}
}

func (b *tab) call(method string, in any) {
	b.t.Helper()
	if err := b.Call(b.ctx, method, in, nil); err != nil {
		b.t.Fatalf("%s(%v): %v", method, in, err)
	}
}

// fails makes a call that must fail with a code.
func (b *tab) fails(method string, in any, code string) {
	b.t.Helper()
	if err := b.Call(b.ctx, method, in, nil); client.CodeOf(err) != code {
		b.t.Errorf("%s(%v): %v, want an error %q", method, in, err, code)
	}
}

// hear subscribes to a topic and returns what comes.
func hear[E any](b *tab, topic string) <-chan E {
	b.t.Helper()
	heard := make(chan E, 200)
	_, err := b.Subscribe(b.ctx, topic, func(e client.Entry) {
		var v E
		if err := e.JSON(&v); err != nil || e.Lost != "" {
			b.t.Errorf("%s: %v, lost %q", topic, err, e.Lost)
		}
		heard <- v
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return heard
}

// watch subscribes to a state and returns its values.
func watch[S any](b *tab, topic string) <-chan S {
	b.t.Helper()
	seen := make(chan S, 200)
	_, err := b.State(b.ctx, topic, func(value json.RawMessage) {
		var v S
		if err := json.Unmarshal(value, &v); err != nil {
			b.t.Errorf("%s: %v", topic, err)
		}
		seen <- v
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return seen
}

func next[E any](b *tab, from <-chan E) (e E) {
	b.t.Helper()
	select {
	case e = <-from:
	case <-b.ctx.Done():
		b.t.Fatal("nothing came")
	}
	return e
}

// until waits for a state to have a value, whatever it has before.
func until[K, V comparable](b *tab, from <-chan map[K]V, want map[K]V) {
	b.t.Helper()
	for got := next(b, from); !maps.Equal(got, want); got = next(b, from) {
		b.t.Logf("not yet: %v", got)
	}
}

func TestTwoTabsTalk(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			url := serve(t, chat)
			ann, bob := join(t, url, transport), join(t, url, transport)
			ann.call("chat.enter", Guest{"lobby", " Ann "})
			bob.call("chat.enter", Guest{"lobby", "Bob"})
			heard := hear[Line](bob, "room/lobby")
			ann.call("chat.say", "  hello\nBob ")
			line := next(bob, heard)
			if line.ID == "" || line.At == 0 {
				t.Errorf("the line has no id or time: %+v", line)
			}
			line.ID, line.At = "", 0
			if want := (Line{By: ann.ID(), From: "Ann", Text: "hello\nBob"}); line != want {
				t.Errorf("Bob heard %+v, want %+v", line, want)
			}
		})
	}
}

func TestWhoEntersHearsTheLast50Lines(t *testing.T) {
	url := serve(t, chat)
	ann := join(t, url, "ws")
	ann.call("chat.enter", Guest{"lobby", "Ann"})
	for i := range 60 {
		ann.Send("chat.say", fmt.Sprint(i))
	}
	ann.call("chat.say", "60")
	bob := join(t, url, "ws")
	heard := hear[Line](bob, "room/lobby")
	for i := 11; i <= 60; i++ {
		if line := next(bob, heard); line.Text != fmt.Sprint(i) {
			t.Fatalf("heard %q, want %d", line.Text, i)
		}
	}
}

func TestWhoIsHere(t *testing.T) {
	url := serve(t, chat)
	ann, bob, bob2 := join(t, url, "ws"), join(t, url, "sse"), join(t, url, "longpoll")
	people, rooms := watch[map[string]string](ann, "people/lobby"), watch[map[string]int](ann, "rooms/all")

	ann.call("chat.enter", Guest{"lobby", "Ann"})
	bob.call("chat.enter", Guest{"lobby", "Bob"})
	until(ann, people, map[string]string{ann.ID(): "Ann", bob.ID(): "Bob"})
	until(ann, rooms, map[string]int{"lobby": 2})

	bob2.call("chat.enter", Guest{"lobby", "Bob"}) // another tab of his: he is there once
	bob2.call("chat.enter", Guest{"attic", "Bob"})
	until(ann, people, map[string]string{ann.ID(): "Ann", bob.ID(): "Bob", bob2.ID(): "Bob"})
	until(ann, people, map[string]string{ann.ID(): "Ann", bob.ID(): "Bob"})
	until(ann, rooms, map[string]int{"lobby": 2, "attic": 1})

	bob2.call("chat.enter", Guest{"attic", "Robert"})
	if err := bob2.Close(bob2.ctx); err != nil {
		t.Fatal(err)
	}
	until(ann, rooms, map[string]int{"lobby": 2})

	bob.call("chat.enter", Guest{"lobby", "Robert"})
	until(ann, people, map[string]string{ann.ID(): "Ann", bob.ID(): "Robert"})
	if err := bob.Close(bob.ctx); err != nil {
		t.Fatal(err)
	}
	until(ann, people, map[string]string{ann.ID(): "Ann"})
	until(ann, rooms, map[string]int{"lobby": 1})
}

func TestWhoIsTyping(t *testing.T) {
	url := serve(t, chat)
	ann, bob := join(t, url, "ws"), join(t, url, "ws")
	ann.call("chat.enter", Guest{"lobby", "Ann"})
	marks := hear[Mark](bob, "typing/lobby")
	if err := ann.Volatile(ann.ctx, "chat.typing", nil, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := next(bob, marks), (Mark{ann.ID(), "Ann"}); got != want {
		t.Errorf("Bob was told %+v, want %+v", got, want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	ann := join(t, serve(t, chat), "ws")
	ann.fails("chat.say", "hello", "outside")
	for _, in := range []Guest{
		{}, {"lobby", ""}, {"lobby", "   "}, {"lobby", strings.Repeat("ü", 31)},
		{"", "Ann"}, {" lobby", "Ann"}, {"a,b", "Ann"}, {"a|b", "Ann"}, {"a/b", "Ann"}, {strings.Repeat("ü", 31), "Ann"},
	} {
		ann.fails("chat.enter", in, framework.CodeInvalid)
	}
	ann.fails("chat.say", "hello", "outside") // no failed attempt has let her in
	ann.call("chat.enter", Guest{strings.Repeat("ü", 30), strings.Repeat("ü", 30)})
	for _, text := range []any{"", " \n ", strings.Repeat("ü", 2001), 7} {
		ann.fails("chat.say", text, framework.CodeInvalid)
	}
	ann.call("chat.say", strings.Repeat("ü", 2000))
	if _, err := ann.Subscribe(ann.ctx, "guest/"+ann.ID(), func(client.Entry) {}); client.CodeOf(err) != framework.CodeDenied {
		t.Errorf("subscribing to guests: %v, want an error %q", err, framework.CodeDenied)
	}
}

// A page that may run no script but its own files needs none.
func TestThePageIsStrict(t *testing.T) {
	url := serve(t, chat)
	get := func(path string) (*http.Response, string) {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, r.Status, err)
		}
		return r, string(text)
	}
	r, text := get("/")
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
	for _, never := range []string{"<script>", "<style", "style=", "onclick=", "http:", "https:"} {
		if strings.Contains(text, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if _, text := get("/rt/client.js"); !strings.Contains(text, "connect") {
		t.Error("client.js does not have connect")
	}
}

func TestEachQuestionOfTheDemoIsRecordedOnce(t *testing.T) {
	url := serve(t, chat, watched)
	ann, bob := join(t, url, "ws"), join(t, url, "longpoll")
	records := hear[Record](ann, "records/all")
	bob.Handle("demo.confirm", func(_ context.Context, p framework.Payload) (any, error) { return p, nil })
	for n := range 3 {
		var out int
		if err := ann.Call(ann.ctx, "demo.ask", Question{bob.ID(), n}, &out); err != nil || out != n {
			t.Fatalf("ask %d: %d, %v", n, out, err)
		}
	}
	recorded := map[int]Record{} // in whatever order they were answered
	for range 3 {
		r := next(ann, records)
		recorded[r.Question.N] = r
	}
	for n := range 3 {
		if got, want := recorded[n], (Record{Question: Question{bob.ID(), n}, Answer: n}); got != want {
			t.Errorf("recorded %+v, want %+v", got, want)
		}
	}
	stats := watch[*Stats](ann, "demo/stats")
	ann.call("demo.report", Stats{Sent: 7})
	for s := next(ann, stats); s == nil || s.Sent != 7; s = next(ann, stats) {
	}
}
