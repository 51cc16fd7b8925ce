package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a program of the services, and connects tabs to it.
func start(t *testing.T, services ...framework.Service) (tab func() *frameworktest.Client) {
	rt := frameworktest.New(t, framework.Config{Services: services})
	return func() *frameworktest.Client { return rt.Connect(framework.User{}) }
}

// is tells whether a state has a value.
func is[K, V comparable](want map[K]V) func(map[K]V) bool {
	return func(got map[K]V) bool { return maps.Equal(got, want) }
}

func TestTwoTabsTalk(t *testing.T) {
	for _, transport := range []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}} {
		t.Run(transport.Name(), func(t *testing.T) {
			rt := frameworktest.New(t, framework.Config{Services: []framework.Service{chat}, Transports: []transports.Transport{transport}})
			rt.Twice()
			ann, bob := rt.Connect(framework.User{}), rt.Connect(framework.User{})
			ann.Call("chat.enter", Guest{"lobby", " Ann "}, nil)
			bob.Call("chat.enter", Guest{"lobby", "Bob"}, nil)
			heard := frameworktest.Topic[Line](bob, "room/lobby")
			rt.Restart()
			ann.Call("chat.say", "  hello\nBob ", nil)
			line := heard.Next()
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
	tab := start(t, chat)
	ann := tab()
	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	for i := range 60 {
		ann.Send("chat.say", fmt.Sprint(i))
	}
	ann.Call("chat.say", "60", nil)
	heard := frameworktest.Topic[Line](tab(), "room/lobby")
	for i := 11; i <= 60; i++ {
		if line := heard.Next(); line.Text != fmt.Sprint(i) {
			t.Fatalf("heard %q, want %d", line.Text, i)
		}
	}
}

func TestWhoIsHere(t *testing.T) {
	tab := start(t, chat)
	ann, bob, bob2 := tab(), tab(), tab()
	people, rooms := frameworktest.State[map[string]string](ann, "people/lobby"), frameworktest.State[map[string]int](ann, "rooms/all")

	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	bob.Call("chat.enter", Guest{"lobby", "Bob"}, nil)
	people.Until(is(map[string]string{ann.ID(): "Ann", bob.ID(): "Bob"}))
	rooms.Until(is(map[string]int{"lobby": 2}))

	bob2.Call("chat.enter", Guest{"lobby", "Bob"}, nil) // another tab of his: he is there once
	bob2.Call("chat.enter", Guest{"attic", "Bob"}, nil)
	people.Until(is(map[string]string{ann.ID(): "Ann", bob.ID(): "Bob", bob2.ID(): "Bob"}))
	people.Until(is(map[string]string{ann.ID(): "Ann", bob.ID(): "Bob"}))
	rooms.Until(is(map[string]int{"lobby": 2, "attic": 1}))

	bob2.Call("chat.enter", Guest{"attic", "Robert"}, nil)
	if err := bob2.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	rooms.Until(is(map[string]int{"lobby": 2}))

	bob.Call("chat.enter", Guest{"lobby", "Robert"}, nil)
	people.Until(is(map[string]string{ann.ID(): "Ann", bob.ID(): "Robert"}))
	if err := bob.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	people.Until(is(map[string]string{ann.ID(): "Ann"}))
	rooms.Until(is(map[string]int{"lobby": 1}))
}

func TestWhoIsTyping(t *testing.T) {
	tab := start(t, chat)
	ann := tab()
	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	marks := frameworktest.Topic[Mark](tab(), "typing/lobby")
	if err := ann.Volatile(t.Context(), "chat.typing", nil, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := marks.Next(), (Mark{ann.ID(), "Ann"}); got != want {
		t.Errorf("Bob was told %+v, want %+v", got, want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	ann := start(t, chat)()
	ann.Fails("chat.say", "hello", "outside")
	for _, in := range []Guest{
		{}, {"lobby", ""}, {"lobby", "   "}, {"lobby", "\u200b"}, {"lobby", strings.Repeat("ü", 31)},
		{"", "Ann"}, {" lobby", "Ann"}, {"a,b", "Ann"}, {"a|b", "Ann"}, {"a/b", "Ann"}, {strings.Repeat("ü", 31), "Ann"},
	} {
		ann.Fails("chat.enter", in, framework.CodeInvalid)
	}
	ann.Fails("chat.say", "hello", "outside") // no failed attempt has let her in
	ann.Call("chat.enter", Guest{strings.Repeat("ü", 30), strings.Repeat("ü", 30)}, nil)
	for _, text := range []any{"", " \n ", strings.Repeat("ü", 2001), 7} {
		ann.Fails("chat.say", text, framework.CodeInvalid)
	}
	ann.Call("chat.say", strings.Repeat("ü", 2000), nil)
	if _, err := ann.Subscribe(t.Context(), "guest/"+ann.ID(), func(client.Entry) {}); client.CodeOf(err) != framework.CodeDenied {
		t.Errorf("subscribing to guests: %v, want an error %q", err, framework.CodeDenied)
	}
}

// serve serves the chat and returns its URL.
func serve(t *testing.T) string {
	t.Helper()
	slog.SetLogLoggerLevel(slog.LevelError)
	st := memory.New(memory.Options{})
	rt, err := newServer(framework.Config{Store: st, Services: services}, "ws,sse,longpoll")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newEcho(rt, echo.MustSubFS(embedded, "page"), "ws,sse,longpoll", "secret"))
	t.Cleanup(func() {
		rt.Close()
		server.Close()
		st.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server.URL
}

// A page that may run no script but its own files needs none.
func TestThePageIsStrict(t *testing.T) {
	url := serve(t)
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
	if _, text := get("/rt/app.js"); !strings.Contains(text, "connect") || strings.Contains(text, "livereload") {
		t.Error("app.js does not have connect, or has livereload")
	}
}

func TestEachQuestionOfTheDemoIsRecordedOnce(t *testing.T) {
	tab := start(t, chat, watched)
	ann, bob := tab(), tab()
	records := frameworktest.Topic[Record](ann, "records/all")
	bob.Handle("demo.confirm", func(_ context.Context, p framework.Payload) (any, error) { return p, nil })
	for n := range 3 {
		var out int
		if ann.Call("demo.ask", Question{bob.ID(), n}, &out); out != n {
			t.Fatalf("ask %d: %d", n, out)
		}
	}
	recorded := map[int]Record{} // in whatever order they were answered
	for range 3 {
		r := records.Next()
		recorded[r.Question.N] = r
	}
	for n := range 3 {
		if got, want := recorded[n], (Record{Question: Question{bob.ID(), n}, Answer: n}); got != want {
			t.Errorf("recorded %+v, want %+v", got, want)
		}
	}
	stats := frameworktest.State[*Stats](ann, "demo/stats")
	ann.Call("demo.report", Stats{Sent: 7}, nil)
	stats.Until(func(s *Stats) bool { return s != nil && s.Sent == 7 })
}
