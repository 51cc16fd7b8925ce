package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

func TestVolatile(t *testing.T) {
	everywhere(t, func(w *world) {
		marks := &framework.Topic[string]{Name: "marks", Volatile: true, Subscribe: framework.Anyone}
		refused := make(chan error, 1)
		w.run(2, ledger(), framework.Service{Name: "quick", Topics: []framework.Stream{marks}, Methods: framework.Methods{
			"mark": framework.Event(func(t *framework.Turn, text string) error { return marks.Publish(t, "x", text) }).Volatile(),
			"echo": framework.Call(func(_ *framework.Turn, text string) (string, error) { return text, nil }).Volatile(),
			"write": framework.Event(func(t *framework.Turn, _ any) error {
				err := t.Send(t.Socket(), "quick.x", 1)
				refused <- err
				return err
			}).Volatile(),
			"once": framework.Event(func(*framework.Turn, any) error { return nil }),
		}})
		a, b := w.dial(nil), w.dial(nil)
		got := make(chan string, 100)
		if _, err := b.Subscribe(w.wait(), "marks/x", func(e client.Entry) {
			var text string
			_ = e.JSON(&text)
			got <- text
		}); err != nil {
			t.Fatal(err)
		}
		var echo string
		if err := a.Volatile(w.wait(), "quick.echo", "hello", &echo); err != nil || echo != "hello" {
			t.Errorf("echo: %q, %v", echo, err)
		}
		for heard := false; !heard; { // it may be lost: b's connection may just be between two polls
			if err := a.Volatile(w.wait(), "quick.mark", "here", nil); err != nil {
				t.Fatal(err)
			}
			select {
			case text := <-got:
				heard = text == "here"
			case <-time.After(20 * time.Millisecond):
			case <-w.wait().Done():
				t.Fatal("a volatile event never came")
			}
		}
		if err := a.Volatile(w.wait(), "quick.write", nil, nil); codeOf(err) != "internal" || !errors.Is(<-refused, framework.ErrVolatileTurn) {
			t.Errorf("a volatile turn that writes: %v", err)
		}
		if err := a.Volatile(w.wait(), "quick.once", nil, nil); codeOf(err) != "invalid" {
			t.Errorf("a volatile call of what is not volatile: %v", err)
		}
		if err := a.Call(w.wait(), "quick.mark", "numbered", nil); err != nil {
			t.Errorf("what may be volatile need not be: %v", err)
		}
	})
}

// What a newcomer is shown does not bound what is kept for those who are away.
func TestHistoryIsNotRetention(t *testing.T) {
	onEachStore(t, func(w *world) {
		news := &framework.Topic[int]{Name: "news", History: 2, Subscribe: framework.Anyone}
		w.run(2, ledger(), framework.Service{Name: "news", Topics: []framework.Stream{news}})
		publish := func(from, to int) {
			for n := from; n <= to; n++ {
				if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return news.Publish(t, "all", n) }); err != nil {
					w.Fatal(err)
				}
			}
		}
		publish(1, 5)
		a := w.account(nil)
		a.follow(w, "news/all")
		a.expect(w, "the history", &a.lines, []int{4, 5})
		w.away.Store(true)
		w.cut()
		for range 2 {
			w.start()
			w.kill(w.first())
		}
		publish(6, 40)
		w.away.Store(false)
		a.expect(w, "what came while it was away", &a.lines, upTo(40)[3:])
		if len(a.lost) > 0 {
			w.Errorf("told of losses that were none: %v", a.lost)
		}
	})
}

func TestServerAsk(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger())
		a := w.account(nil)
		a.Handle("ledger.no", func(context.Context, protocol.Payload) (any, error) {
			return nil, &client.Error{Code: "mine", Message: "no"}
		})
		var n int
		if err := w.any().rt.Ask(w.wait(), a.ID(), "ledger.question", 4, &n); err != nil || n != 40 {
			t.Errorf("answer %d, %v", n, err)
		}
		if err := w.any().rt.Ask(w.wait(), a.ID(), "ledger.no", 4, &n); framework.CodeOf(err) != "mine" {
			t.Errorf("refused with %v", err)
		}
		if err := w.any().rt.Ask(w.wait(), "nobody", "ledger.question", 4, &n); framework.CodeOf(err) != framework.CodeGone {
			t.Errorf("asking nobody: %v", err)
		}
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`) // a client that does not answer
		ctx, cancel := context.WithTimeout(w.Context(), 10*time.Millisecond)
		defer cancel()
		if err := w.any().rt.Ask(ctx, protocol.CredentialOf(rawKey).Socket, "ledger.question", 4, &n); framework.CodeOf(err) != framework.CodeTimeout {
			t.Errorf("no answer in time: %v", err)
		}
	})
}

func TestTimersAndUnansweredQuestions(t *testing.T) {
	onEachStore(t, func(w *world) {
		var rings sync.Map
		ring := framework.Timer("ring", func(t *framework.Turn, name string) error { return lines.Publish(t, "rings", len(name)) })
		w.run(2, ledger(), framework.Service{Name: "clock", Continuations: []framework.Continuation{ring}, Methods: framework.Methods{
			"set": framework.Event(func(t *framework.Turn, name string) error {
				id, err := t.After(time.Minute, ring.With(name))
				rings.Store(name, id)
				return err
			}),
			"unset": framework.Event(func(t *framework.Turn, name string) error {
				id, _ := rings.Load(name)
				return t.Cancel(id.(string))
			}),
		}})
		a := w.account(nil)
		a.follow(w, "lines/rings")
		call[any](w, a.Client, "clock.set", "one")
		call[any](w, a.Client, "clock.set", "three")
		call[any](w, a.Client, "clock.unset", "one")
		silent := protocol.CredentialOf(rawKey).Socket // does not answer
		a.follow(w, "lines/"+silent)
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		w.post("/up", "K"+rawKey+",,0\nC1,ledger.ask|1")
		for _, i := range w.instances[1:] {
			w.kill(i) // timers belong to nobody
		}
		for range 3 {
			w.advance(21 * time.Second)
			w.sweep()
		}
		until(w, a.changed, "the timer rang and the question timed out", func() bool {
			w.sweep()
			return len(a.seen(&a.lines)) == 2
		})
		got := a.seen(&a.lines)
		if got[0]+got[1] != 5-1 {
			t.Errorf("got %v, want 5 of the timer and -1 of the question", got)
		}
	})
}

// sweep does what is due, without waiting for what is not.
func (w *world) sweep() {
	ctx, cancel := context.WithTimeout(w.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := w.any().rt.Sweep(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		w.Error(err)
	}
}

// A publisher shares the store with servers that have services, and does not do their work without them.
func TestPublisherLeavesGoodbyesAlone(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, ledger())
		shared := w.open()
		publisher, err := framework.New(framework.Config{Store: shared, Services: []framework.Service{{Name: "p", Topics: []framework.Stream{lines}}}})
		if err != nil {
			t.Fatal(err)
		}
		w.Cleanup(func() {
			publisher.Close()
			closeUnshared(shared)
		})
		a := w.account(nil)
		id := a.ID()
		if err := publisher.Do(w.wait(), func(t *framework.Turn) error { return t.Close(id, "out") }); err != nil {
			t.Fatal(err)
		}
		<-a.Done()
		if err := publisher.Do(w.wait(), func(t *framework.Turn) error { return lines.Publish(t, "x", 1) }); err != nil {
			t.Fatal(err)
		}
		w.sweep()
		if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
			m, err := visits.Get(t, "all")
			if m["goodbye "+id] != 1 {
				w.Errorf("visits are %v", m)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestDoOnce(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(3, ledger())
		var did atomic.Int32
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				done, err := w.any().rt.DoOnce(w.wait(), "invoice 7", func(t *framework.Turn) error { return lines.Publish(t, "once", 1) })
				if err != nil {
					t.Error(err)
				}
				if done {
					did.Add(1)
				}
			})
		}
		all.Wait()
		if did.Load() != 1 {
			t.Errorf("done %d times", did.Load())
		}
		a := w.account(nil)
		a.follow(w, "lines/once")
		a.expect(w, "the topic", &a.lines, []int{1})
		if _, err := w.any().rt.DoOnce(w.wait(), "", nil); err == nil {
			t.Error("an empty key was taken")
		}
	})
}

func TestStateSnapshotAndChanges(t *testing.T) {
	everywhere(t, func(w *world) {
		t := w.T
		type room struct {
			Title  string            `json:"title,omitempty"`
			People map[string]string `json:"people,omitempty"`
		}
		rooms := &framework.State[room]{Name: "rooms", Subscribe: framework.Anyone,
			Load: func(_ context.Context, key string) (room, error) { return room{Title: "loaded " + key}, nil }}
		w.run(2, framework.Service{Name: "room", Topics: []framework.Stream{rooms}})
		change := func(f func(*room)) {
			if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
				return rooms.Update(t, "a", func(r *room) error { f(r); return nil })
			}); err != nil {
				t.Fatal(err)
			}
		}
		values := make(chan string, 100)
		a := w.dial(nil)
		if _, err := a.State(w.wait(), "rooms/a", func(v json.RawMessage) { values <- sorted(w, v) }); err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			for {
				select {
				case v := <-values:
					if v == want {
						return
					}
				case <-w.wait().Done():
					t.Fatalf("never saw %s", want)
				}
			}
		}
		expect(`{"title":"loaded a"}`)
		change(func(r *room) { r.People = map[string]string{"ann": "here"} })
		expect(`{"people":{"ann":"here"},"title":"loaded a"}`)
		w.cut()
		change(func(r *room) { r.People["bob"] = "away" })
		change(func(r *room) { delete(r.People, "ann"); r.Title = "" })
		expect(`{"people":{"bob":"away"}}`)
		w.cut()
		for n := range 150 { // more than is kept: a snapshot follows
			change(func(r *room) { r.Title = fmt.Sprint(n) })
		}
		expect(`{"people":{"bob":"away"},"title":"149"}`)
	})
}

// sorted writes JSON with its members in order.
func sorted(w *world, text []byte) string {
	var v any
	err := json.Unmarshal(text, &v)
	if err == nil {
		text, err = json.Marshal(v)
	}
	if err != nil {
		w.Error(err)
	}
	return string(text)
}

func TestSessionsAreSharedWithPlainHandlers(t *testing.T) {
	onEachStore(t, func(w *world) {
		carts := &framework.State[[]string]{Name: "carts", Subscribe: framework.OwnSession}
		w.run(2, framework.Service{Name: "shop", Topics: []framework.Stream{carts}, Methods: framework.Methods{
			"put": framework.Call(func(t *framework.Turn, thing string) (string, error) {
				return t.SessionID(), carts.Update(t, t.SessionID(), func(c *[]string) error { *c = append(*c, thing); return nil })
			}),
		}})
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		page, err := browser.Get(w.url + "/client.js")
		if err != nil {
			t.Fatal(err)
		}
		page.Body.Close()
		cookie := page.Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Name != framework.SessionCookie {
			t.Errorf("the cookie is %v", cookie)
		}
		one := w.dial(&client.Options{HTTPClient: browser})
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.AddCookie(cookie)
		mine := w.any().rt.Session(httptest.NewRecorder(), request)
		if session := call[string](w, one, "shop.put", "tea"); session != mine || session == cookie.Value {
			t.Errorf("a tab's session is %q, a plain handler's %q, the cookie %q", session, mine, cookie.Value)
		}
		if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { // as an HTTP handler with that cookie
			got, err := carts.Get(t, mine)
			if len(got) != 1 || got[0] != "tea" {
				w.Errorf("the session's data is %v, %v", got, err)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if _, err := one.Subscribe(w.wait(), "carts/somebodyelse", func(client.Entry) {}); codeOf(err) != "denied" {
			t.Errorf("another's session: %v", err)
		}
		if a, b := call[string](w, w.dial(nil), "shop.put", "x"), call[string](w, w.dial(nil), "shop.put", "x"); a == b {
			t.Error("two clients without cookies share a session")
		}
	})
}

func TestIdentify(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok {
				return framework.User{}, framework.Errorf(framework.CodeDenied, "who are you?")
			}
			return framework.User{ID: name, Name: strings.ToUpper(name), Data: map[string]string{"role": "guest"}}, nil
		}
		w.run(2, framework.Service{Name: "who", Methods: framework.Methods{
			"ami": framework.Call(func(t *framework.Turn, _ any) (framework.User, error) { return t.User(), nil }),
		}})
		a := w.dial(&client.Options{Auth: client.Token("ann")})
		w.cut()
		if u := call[framework.User](w, a, "who.ami", nil); u.ID != "ann" || u.Name != "ANN" || u.Data["role"] != "guest" {
			t.Errorf("the user is %+v", u)
		}
		_, err := client.Dial(w.wait(), w.url, &client.Options{Transports: []string{w.transport}})
		var end *protocol.Close
		if !errors.As(err, &end) || end.Code != protocol.CodeDenied || end.Why != "who are you?" {
			t.Errorf("a client without a name is told %v", err)
		}
	})
}

func TestAnotherUserEndsTheSocket(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			return framework.User{ID: r.Header.Get("Authorization")}, nil
		}
		w.run(2, ledger())
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"ann"}`)
		if _, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0.","auth":"eve"}`); !strings.HasPrefix(text, "z4012,0,") {
			t.Errorf("another user is told %q", text)
		}
		if _, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":3,"cur":"0.","auth":"ann"}`); !strings.HasPrefix(text, "z4012,0,") {
			t.Errorf("the first user, afterwards, is told %q", text)
		}
	})
}

func TestConnectRefuses(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(1, framework.Service{Name: "club", Connect: func(*framework.Turn) error {
			return framework.Errorf(framework.CodeFull, "members only")
		}, Goodbye: func(*framework.Turn) error {
			w.Error("a goodbye of a socket that never was")
			return nil
		}})
		_, err := client.Dial(w.wait(), w.url, &client.Options{Transports: []string{w.transport}})
		var end *protocol.Close
		if !errors.As(err, &end) || end.Code != protocol.CodeDenied || end.Why != "members only" {
			t.Errorf("told %v", err)
		}
		w.advance(time.Hour)
		w.sweep()
	})
}

func TestCloseASocket(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger())
		a := w.account(nil)
		if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return t.Close(a.ID(), "closing time") }); err != nil {
			t.Fatal(err)
		}
		<-a.Done()
		var end *protocol.Close
		if err := a.Err(); !errors.As(err, &end) || end.Code != protocol.CodeEnded || end.Why != "closing time" {
			t.Errorf("the client is told %v", err)
		}
		w.sweep()
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
			m, err := visits.Get(t, "all")
			if m["goodbye "+a.ID()] != 1 {
				w.Errorf("visits are %v", m)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A socket that was ended has no volatile calls either, though no commit is there to refuse them.
func TestEndedSocketHasNoVolatileCalls(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, framework.Service{Name: "quick", Methods: framework.Methods{
			"look": framework.Call(func(*framework.Turn, any) (string, error) { return "secret", nil }).Volatile(),
		}})
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		if _, text := w.post("/up", "K"+rawKey+",,0\nW1,quick.look"); text != "v1|\"secret\"\n" {
			t.Errorf("before: %q", text)
		}
		if err := w.first().rt.Do(w.wait(), func(t *framework.Turn) error { return t.Close(protocol.CredentialOf(rawKey).Socket, "banned") }); err != nil {
			t.Fatal(err)
		}
		if _, text := w.post("/up", "K"+rawKey+",,0\nW2,quick.look"); !strings.HasPrefix(text, "z4011,") {
			t.Errorf("after: %q", text)
		}
	})
}

// A timer that is slow, or meets a busy state, keeps nobody's connection from being kept, and is not given up.
func TestSlowTimersKeepNobodyUp(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.TTL = 400 * time.Millisecond
		w.transport = "ws" // always held
		release := make(chan struct{})
		slow := framework.Timer("slow", func(t *framework.Turn, _ int) error {
			<-release
			return lines.Publish(t, "all", 1)
		})
		w.run(1, ledger(), framework.Service{Name: "s", Continuations: []framework.Continuation{slow}})
		a := w.account(nil)
		a.follow(w, "lines/all")
		if err := w.first().rt.Do(w.wait(), func(t *framework.Turn) error { _, err := t.After(0, slow.With(1)); return err }); err != nil {
			t.Fatal(err)
		}
		for range 8 { // twice the time to live
			w.advance(100 * time.Millisecond)
			until(w, w.first().store.kept, "connections were kept", func() bool { return w.first().store.keeps.Swap(0) > 0 })
		}
		close(release)
		a.expect(w, "the timer", &a.lines, []int{1})
		if len(a.lost) > 0 {
			t.Errorf("the connected client lost %v", a.lost)
		}
	})
}

func TestMiddlewareWrapsCalls(t *testing.T) {
	onEachStore(t, func(w *world) {
		var order []string
		mark := func(name string) framework.Middleware {
			return func(next framework.Handler) framework.Handler {
				return func(t *framework.Turn) (any, error) {
					order = append(order, name+" "+t.Method()+" "+string(t.Payload()))
					return next(t)
				}
			}
		}
		w.cfg.Middleware = []framework.Middleware{mark("a"), mark("b")}
		w.run(1, framework.Service{Name: "s", Middleware: []framework.Middleware{mark("c")}, Methods: framework.Methods{
			"m": framework.Call(func(_ *framework.Turn, in int) (int, error) { return in, nil }),
		}})
		if got := call[int](w, w.dial(nil), "s.m", 5); got != 5 {
			t.Errorf("answer %d", got)
		}
		if got := strings.Join(order, ", "); got != "a s.m |5, b s.m |5, c s.m |5" {
			t.Errorf("the order is %s", got)
		}
	})
}

func TestBytesAndText(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, framework.Service{Name: "echo", Methods: framework.Methods{
			"bytes": framework.Call(func(_ *framework.Turn, in []byte) ([]byte, error) { return in, nil }),
			"text":  framework.Call(func(_ *framework.Turn, in string) (string, error) { return in, nil }),
		}})
		c := w.dial(nil)
		raw := []byte("\x00\xff\r\n|*,")
		if got := call[[]byte](w, c, "echo.bytes", raw); string(got) != string(raw) {
			t.Errorf("bytes came back as %q", got)
		}
		text := "line\r\nbreaks, | bars, * \u2028 and 🙂"
		if got := call[string](w, c, "echo.text", text); got != text {
			t.Errorf("text came back as %q", got)
		}
		if err := c.Call(w.wait(), "echo.text", raw, nil); codeOf(err) != "invalid" {
			t.Errorf("bytes for text: %v", err)
		}
		if err := c.Call(w.wait(), "echo.text", 5, nil); codeOf(err) != "invalid" {
			t.Errorf("a number for text: %v", err)
		}
	})
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	ok := func(*framework.Turn, int) error { return nil }
	for name, row := range map[string]struct {
		cfg  framework.Config
		want string
	}{
		"service name":    {framework.Config{Services: []framework.Service{{Name: "a b"}}}, `service 0: name "a b" is not a letter, then letters, digits and underscores`},
		"service twice":   {framework.Config{Services: []framework.Service{{Name: "a"}, {Name: "a"}}}, `service "a" is listed twice`},
		"method name":     {framework.Config{Services: []framework.Service{{Name: "a", Methods: framework.Methods{"b.c": framework.Event(ok)}}}}, `method name "b.c"`},
		"nil method":      {framework.Config{Services: []framework.Service{{Name: "a", Methods: framework.Methods{"b": framework.Event[int](nil)}}}}, `method "b" has no function`},
		"topic rule":      {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{&framework.Topic[int]{Name: "t"}}}}}, `topic "t": Subscribe is nil: say who may subscribe`},
		"nil topic":       {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{nil}}}}, "a nil in Topics"},
		"volatile keeps":  {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{&framework.Topic[int]{Name: "t", Volatile: true, Keep: 1, Subscribe: framework.Anyone}}}}}, "a volatile topic keeps nothing"},
		"two topics":      {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{short, &framework.Topic[int]{Name: "short", Subscribe: framework.Anyone}}}}}, `topic "short" is also another stream's name`},
		"continuation":    {framework.Config{Services: []framework.Service{{Name: "a", Continuations: []framework.Continuation{yes, yes}}}}, `continuation "yes" is listed twice`},
		"negative time":   {framework.Config{TTL: -1}, "a negative time in Config"},
		"origin":          {framework.Config{Transports: []transports.Transport{longpoll.Transport{}}, Origins: []string{"example.com"}}, "example.com"},
		"transport twice": {framework.Config{Transports: []transports.Transport{longpoll.Transport{}, longpoll.Transport{}}}, "longpoll"},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := framework.New(row.cfg)
			if err == nil {
				rt.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %q, which lacks %q", err, row.want)
			}
		})
	}
}

func TestBadInputIsSurvived(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		hello := `H{"v":1,"key":"` + rawKey + `","c":1}`
		w.post("/lp", hello)
		key := "K" + rawKey + ",,0\n"
		for _, row := range []struct {
			path, body string
			status     int
			begins     string
		}{
			{"/lp", "", 400, "z4001,"},
			{"/lp", "hello", 400, "z4001,"},
			{"/lp", "H{", 400, "z4001,"},
			{"/lp", `H{"v":1,"key":"short","c":1}`, 400, "z4001,"},
			{"/lp", `H{"v":2,"key":"` + rawKey + `","c":1}`, 400, "z4009,"},
			{"/lp", `H{"v":1,"key":"BBBBBBBBBBBBBBBBBBBBBB","c":1,"cur":"5.abcde"}`, 200, "z4004,"}, // forged: no such socket
			{"/up", "Kshort,,0\nC1,ledger.add|1", 400, "z4001,"},
			{"/up", "KBBBBBBBBBBBBBBBBBBBBBB,,0\nC1,ledger.add|1", 200, "z4004,"},
			{"/up", key + "C1", 200, "a1,"}, // a call of no method is answered with an error
			{"/up", key + "Cx,ledger.add|1", 400, "z4001,"},
			{"/up", key + "C99,ledger.add|1", 200, "g2"},
			{"/up", key + "C2,ledger.add|{", 200, "a2,"},
			{"/up", key + "S3,nowhere/x", 200, "a3,"},
			{"/up", key + "S4,lines/" + strings.Repeat("x", 300), 200, "a4,"},
			{"/up", key + "R5,nothing|1", 200, "a5,"},
			{"/up", key + "Z9,of a later version", 200, ""},
			{"/up", key + "C6,ledger.push|" + strings.Repeat("1", 70_000), 413, "z4007,"},
			{"/up", key + strings.Repeat("A1.x\n", 300_000), 413, "z4007,"},
			{"/nowhere", hello, 404, ""},
		} {
			status, text := w.post(row.path, row.body)
			if status != row.status || !strings.HasPrefix(text, row.begins) {
				t.Errorf("%s %.60q: %d %.60q, want %d %q", row.path, row.body, status, text, row.status, row.begins)
			}
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0.","now":true}`)
		for n, code := range map[int]string{1: "not_found", 2: "invalid", 3: "not_found", 4: "not_found"} {
			if !strings.Contains(text, fmt.Sprintf(`,%d|{"code":"%s"`, n, code)) && !strings.Contains(text, fmt.Sprintf(`,%d|{"code":"invalid"`, n)) {
				t.Errorf("message %d was not answered with %s:\n%s", n, code, text)
			}
		}
	})
}

func TestForeignOriginIsRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Origins = []string{"https://friend.example"}
		w.run(1, ledger())
		for origin, want := range map[string]bool{
			"https://evil.example": false, "null": false, "https://friend.example": true,
			strings.TrimSuffix(w.url, "/rt"): true,
		} {
			ctx, cancel := context.WithTimeout(w.Context(), patience)
			defer cancel()
			c, err := client.Dial(ctx, w.url, &client.Options{
				Transports: []string{w.transport}, Header: http.Header{"Origin": {origin}}, Reconnect: client.Reconnect{Attempts: 1},
			})
			if (err == nil) != want {
				t.Errorf("origin %s: %v", origin, err)
			}
			if err == nil {
				c.Abandon()
			}
		}
	})
}

func TestReady(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1)
		get := func() int {
			r, err := http.Get(w.url + "/ready")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			return r.StatusCode
		}
		if status := get(); status != 200 {
			t.Errorf("ready: %d", status)
		}
		i := w.first()
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		_ = i.rt.Drain(ctx)
		if status := get(); status != 503 {
			t.Errorf("ready while draining: %d", status)
		}
	})
}

// The script is revalidated, not sent again; a page of another origin may load it.
func TestScript(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(2, ledger())
	get := func(i *instance, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/rt/client.js", nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		rw := httptest.NewRecorder()
		i.rt.ServeHTTP(rw, r)
		return rw
	}
	first := get(w.instances[0], "")
	tag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.Len() < 1000 || tag == "" || first.Header().Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(first.Header().Get("Cache-Control"), "private") {
		t.Errorf("%d, %d bytes, %v", first.Code, first.Body.Len(), first.Header())
	}
	if again := get(w.instances[1], tag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("asked again, another instance says %d and %d bytes", again.Code, again.Body.Len())
	}
}
