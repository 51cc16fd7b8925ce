package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
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

// A goodbye by POST ends the event stream beside it at once.
func TestGoodbyeEndsTheStreamBeside(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		r, err := http.Post(w.url+"/sse", "text/plain", strings.NewReader(`H{"v":1,"key":"`+rawKey+`","c":1}`))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		for _, i := range w.instances {
			w.postTo(i, "/up", "K"+rawKey+",,0\nB1")
		}
		text, err := io.ReadAll(r.Body) // until it ends
		if err != nil || !strings.Contains(string(text), "z4004,1,goodbye") {
			t.Errorf("the stream: %q, %v", text, err)
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
			"all":   framework.Event(func(*framework.Turn, struct{ Texts []struct{ Text string } }) error { return nil }),
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
		// Who says what does not fit is told what of it.
		if err, want := c.Call(w.wait(), "echo.text", 5, nil), "client: invalid: the payload does not fit: want string, have number"; fmt.Sprint(err) != want {
			t.Errorf("a number for text: %v, want %s", err, want)
		}
		texts := map[string]any{"Texts": []any{map[string]any{"Text": "one"}, map[string]any{"Text": true}}}
		if err, want := c.Call(w.wait(), "echo.all", texts, nil), `client: invalid: the payload does not fit: want string in "Texts.Text", have bool`; fmt.Sprint(err) != want {
			t.Errorf("texts that are none: %v, want %s", err, want)
		}
	})
}
