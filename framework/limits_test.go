package framework_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// A user, a session and an address have as many sockets as they may, on all instances together; one more is told so, and comes in when another has gone.
func TestI7SocketsOfOne(t *testing.T) {
	for what, set := range map[string]func(w *world, r *http.Request){
		"user": func(_ *world, r *http.Request) { r.Header.Set("Authorization", "ann") },
		"session": func(_ *world, r *http.Request) {
			r.AddCookie(&http.Cookie{Name: framework.SessionCookie, Value: rawKey})
		},
		"address": func(_ *world, r *http.Request) { r.Header.Set("X-Forwarded-For", "2001:db8:1:2::7, 10.1.1.1") },
	} {
		t.Run(what, func(t *testing.T) {
			onEachStore(t, func(w *world) {
				w.cfg.Limits = framework.Limits{SocketsPerUser: 3, SocketsPerAddress: 3, OpensPerAddress: -1}
				if what == "user" {
					w.cfg.Identify = func(r *http.Request) (framework.User, error) {
						return framework.User{ID: r.Header.Get("Authorization")}, nil
					}
				}
				if what == "address" {
					w.cfg.Address = framework.ClientAddress(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"))
				}
				w.run(3, ledger())
				say := func(path, body string) (int, string) {
					r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					set(w, r)
					return w.send(r)
				}
				for n := 1; n <= 3; n++ {
					if status, text := say("/lp", hello(n, "")); status != 200 {
						t.Errorf("socket %d of 3: %d %q", n, status, text)
					}
				}
				for range 2 {
					if status, text := say("/lp", hello(4, "")); status != 429 || !strings.HasPrefix(text, "z4015,") {
						t.Errorf("one too many: %d %q", status, text)
					}
				}
				if status, text := w.post("/lp", hello(9, "")); status != 200 {
					t.Errorf("somebody else: %d %q", status, text)
				}
				if _, text := say("/lp", helloAgain(3, 2)); text[0] != 'h' {
					t.Errorf("one that is in comes again: %q", text)
				}
				say("/up", "K"+keyOf(1)+",,0\nB1")
				if status, text := say("/lp", hello(4, "")); status != 200 {
					t.Errorf("after another's goodbye: %d %q", status, text)
				}
			})
		})
	}
}

// isFull tells whether an error says that there is no place left, and of which limit.
func isFull(err error, limit string) bool {
	return codeOf(err) == framework.CodeFull && strings.Contains(err.Error(), limit)
}

func TestI7Subscriptions(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Limits.Subscriptions = 5
		w.run(2, ledger())
		a := w.account(nil)
		var subs []*client.Subscription
		for n := range 5 {
			sub, err := a.Subscribe(w.wait(), fmt.Sprintf("lines/%d", n), func(client.Entry) {})
			if err != nil {
				w.Fatal(err)
			}
			subs = append(subs, sub)
		}
		if _, err := a.Subscribe(w.wait(), "lines/one too many", func(client.Entry) {}); !isFull(err, "5 topics and states") {
			w.Errorf("one too many: %v", err)
		}
		if err := subs[0].Unsubscribe(w.wait()); err != nil {
			w.Fatal(err)
		}
		a.follow(w, "lines/"+a.ID())
		call[int](w, a.Client, "ledger.add", 1)
		a.expect(w, "the topic", &a.lines, upTo(1))
	})
}

// Questions and timers that a socket's turns made, and that are outstanding, have a limit; they make room when they are done.
func TestI7Pending(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Limits.Pending = 3
		ring := framework.Timer("ring", func(*framework.Turn, int) error { return nil })
		w.run(2, ledger(), framework.Service{Name: "clock", Continuations: []framework.Continuation{ring}, Methods: framework.Methods{
			"set": framework.Event(func(t *framework.Turn, n int) error {
				for range n {
					if _, err := t.After(time.Minute, ring.With(1)); err != nil {
						return err
					}
				}
				return nil
			}),
		}})
		a := w.account(nil)
		call[any](w, a.Client, "clock.set", 2)
		if err := a.Call(w.wait(), "clock.set", 2, nil); !isFull(err, "3 questions and timers") {
			t.Errorf("four timers of three: %v", err)
		}
		call[any](w, a.Client, "clock.set", 1)
		if err := a.Call(w.wait(), "ledger.ask", 1, nil); !isFull(err, "3 questions and timers") {
			t.Errorf("a question beside three timers: %v", err)
		}
		w.advance(2 * time.Minute)
		w.sweep()
		call[any](w, a.Client, "clock.set", 3)
	})
}

func TestI7StateBytes(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Limits.StateBytes = 100
		note := &framework.State[string]{Name: "note", Subscribe: framework.Anyone}
		w.run(1, framework.Service{Name: "notes", Topics: []framework.Stream{note}})
		set := func(n int) error {
			return w.first().rt.Do(w.wait(), func(t *framework.Turn) error {
				return note.Update(t, "a", func(s *string) error { *s = strings.Repeat("x", n); return nil })
			})
		}
		if err := set(98); err != nil { // and two quotation marks
			t.Errorf("a state of 100 bytes: %v", err)
		}
		if err := set(99); framework.CodeOf(err) != framework.CodeFull {
			t.Errorf("a state of 101 bytes: %v", err)
		}
	})
}

func TestI7EffectsOfATurn(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.cfg.Limits = framework.Limits{Effects: 10, EffectBytes: 1000, SocketsPerUser: 10}
	w.run(1, ledger())
	publish := func(times, size int) error {
		return w.first().rt.Do(w.wait(), func(t *framework.Turn) error {
			for range times {
				if err := t.Send("nobody", "ledger.added", strings.Repeat("x", size)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, row := range []struct {
		times, size int
		ok          bool
	}{{10, 1, true}, {11, 1, false}, {2, 497, true}, {2, 498, false}} { // a payload has a bar and two quotation marks
		if err := publish(row.times, row.size); (err == nil) != row.ok {
			t.Errorf("%d effects of %d bytes: %v", row.times, row.size, err)
		}
	}
}

func TestI7VolatileCalls(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Limits.Volatile = 2
		entered, goOn := make(chan struct{}, 9), make(chan struct{})
		w.run(1, framework.Service{Name: "slow", Methods: framework.Methods{
			"look": framework.Call(func(*framework.Turn, any) (int, error) {
				entered <- struct{}{}
				<-goOn
				return 1, nil
			}).Volatile(),
		}})
		b := w.dial(nil)
		var posts sync.WaitGroup
		results := make(chan error, 3)
		look := func(c *client.Client) { results <- c.Volatile(w.wait(), "slow.look", nil, nil) }
		if w.transport == "ws" {
			a := w.dial(nil)
			go look(a)
			go look(a)
			<-entered
			<-entered
			look(a)
			if err := <-results; codeOf(err) != framework.CodeRateLimited {
				w.Errorf("one too many: %v", err)
			}
		} else { // in POSTs at the same time, as no client of ours makes them
			w.post("/lp", hello(1, ""))
			post := func() string {
				_, text := w.post("/up", "K"+keyOf(1)+",,0\nW1,slow.look")
				return text
			}
			for range 2 {
				posts.Go(func() { post() })
				<-entered
			}
			if text := post(); !strings.HasPrefix(text, `y1|{"code":"rate_limited"`) {
				w.Errorf("one too many: %q", text)
			}
		}
		go look(b)
		<-entered // another client is not held up
		close(goOn)
		posts.Wait()
	})
}

// Others' events into the stream of a client that is away never fail the sender; beyond the limit they are let go, and the client is told.
func TestI7OthersEventsIntoAFullStream(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger())
		a := w.account(nil)
		call[int](w, a.Client, "ledger.add", 1)
		a.expect(w, "the event", &a.added, upTo(1))
		w.away.Store(true)
		w.cut()
		for _, i := range slices.Clone(w.instances) {
			w.start()
			w.kill(i)
		}
		for batch := range 11 {
			err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
				for n := range 100 {
					if err := t.Send(a.ID(), "ledger.added", 100*batch+n); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				w.Fatal(err)
			}
		}
		w.away.Store(false)
		until(w, a.changed, "the loss was told", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return slices.ContainsFunc(a.lost, func(s string) bool { return strings.HasPrefix(s, " ") }) // of the own stream
		})
		if n := len(a.seen(&a.added)); n > store.MaxEntries {
			w.Errorf("%d events came", n)
		}
		call[int](w, a.Client, "ledger.add", 2)
	})
}

// A client that does not acknowledge what it is answered is not answered any more.
func TestI7UnacknowledgedAnswers(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		w.post("/lp", hello(1, ""))
		n, refused := 0, ""
		for ; n < store.MaxEntries && refused == ""; n += 100 {
			body := "K" + keyOf(1) + ",,0"
			for k := 1; k <= 100; k++ {
				body += fmt.Sprintf("\nC%d,ledger.sum|\"\"", n+k)
			}
			_, text := w.post("/up", body)
			if strings.Contains(text, "z4008") {
				refused = text
			}
		}
		if n < store.MaxEntries/2 || n > store.MaxEntries/2+200 || refused == "" {
			t.Errorf("after %d answers without an acknowledgement: %q", n, refused)
		}
	})
}

// Topics that somebody only made up the names of are not remembered for long.
func TestI7MadeUpTopics(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, ledger())
		w.post("/lp", hello(1, ""))
		w.post("/up", "K"+keyOf(1)+",,0\nS1,lines/made-up\nB2")
		st := w.open()
		defer closeUnshared(st)
		status := func() store.Status {
			r, err := st.Read(w.wait(), []store.Query{{Topic: "lines/made-up"}})
			if err != nil {
				t.Fatal(err)
			}
			return r[0].Status
		}
		if got := status(); got == store.Missing {
			t.Fatal("the subscription made no topic: the test shows nothing")
		}
		w.advance(11 * time.Minute)
		if got := status(); got != store.Missing {
			t.Errorf("after 11 minutes: %v", got)
		}
	})
}

// Of a socket that said goodbye itself next to nothing is left for ten minutes, and then nothing.
func TestI7GoodbyesAreForgotten(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, ledger())
		w.post("/lp", hello(1, ""))
		w.post("/up", "K"+keyOf(1)+",,0\nB1")
		up := func() string {
			_, text := w.post("/up", "K"+keyOf(1)+",,0\nC2,ledger.push|1")
			return text
		}
		w.advance(9 * time.Minute)
		if text := up(); text != "z4004,1,goodbye\n" {
			w.Errorf("after nine minutes: %q", text)
		}
		w.advance(2 * time.Minute)
		if text := up(); text != "z4004,,\n" {
			w.Errorf("after eleven: %q", text)
		}
	})
}

// A burst of volatile calls is answered, all of it, one way or the other: it does not cost the client its connection.
func TestI7BurstOfVolatileCalls(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(1, ledger(), framework.Service{Name: "quick", Methods: framework.Methods{
		"look": framework.Call(func(*framework.Turn, any) (int, error) { return 1, nil }).Volatile(),
	}})
	var broke atomic.Int32
	a := w.dial(&client.Options{OnStatus: func(s client.Status) {
		if s == client.StatusReconnecting {
			broke.Add(1)
		}
	}})
	results := make(chan error, 500)
	for range cap(results) {
		go func() { results <- a.Volatile(w.wait(), "quick.look", nil, nil) }()
	}
	answered := 0
	for range cap(results) {
		switch err := <-results; codeOf(err) {
		case "":
			answered++
		case framework.CodeRateLimited:
		default:
			t.Errorf("a call came to %v", err)
		}
	}
	if answered == 0 || broke.Load() > 0 {
		t.Errorf("%d of %d were answered; the connection broke %d times", answered, cap(results), broke.Load())
	}
}

// Next to nothing runs for messages whose turn it is not, and next to nothing for one that is refused since too much is unread.
func TestI7NothingRunsInVain(t *testing.T) {
	onEachStore(t, func(w *world) {
		var runs atomic.Int32
		w.run(2, ledger(), framework.Service{Name: "dear", Methods: framework.Methods{
			"run": framework.Call(func(*framework.Turn, any) (int, error) { return int(runs.Add(1)), nil }),
		}})
		w.post("/lp", hello(1, ""))
		for n := 3; n <= 50; n++ {
			if _, text := w.post("/up", fmt.Sprintf("K%s,,0\nC%d,dear.run", keyOf(1), n)); text != "g1\n" {
				t.Errorf("message %d: %q", n, text)
			}
		}
		if n := runs.Load(); n > 2 { // one for each instance, which then knows the client
			t.Errorf("%d runs for messages whose turn it was not", n)
		}
		body, n := "", 1
		for ; n <= store.MaxEntries/2+1; n++ {
			body += fmt.Sprintf("\nC%d,dear.run", n)
			if n%200 == 0 || n == store.MaxEntries/2+1 {
				w.post("/up", "K"+keyOf(1)+",,0"+body)
				body = ""
			}
		}
		before := runs.Load()
		for range 50 {
			if _, text := w.postTo(w.instances[0], "/up", fmt.Sprintf("K%s,,0\nC%d,dear.run", keyOf(1), n)); !strings.HasPrefix(text, "z4008,") {
				t.Errorf("with everything unread: %q", text)
			}
		}
		if n := runs.Load() - before; n > 10 {
			t.Errorf("%d runs of messages that were refused", n)
		}
	})
}

// An answer counts among a turn's effects.
func TestI7AnswerBytes(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Limits.EffectBytes = 1000
		w.run(1, ledger(), framework.Service{Name: "long", Methods: framework.Methods{
			"text": framework.Call(func(_ *framework.Turn, n int) (string, error) { return strings.Repeat("x", n), nil }),
		}})
		a := w.dial(nil)
		if got := call[string](w, a, "long.text", 990); len(got) != 990 {
			t.Errorf("an answer of %d bytes", len(got))
		}
		if err := a.Call(w.wait(), "long.text", 1000, nil); codeOf(err) != framework.CodeFull {
			t.Errorf("a longer one: %v", err)
		}
		call[string](w, a, "long.text", 1)
	})
}

// So is the answer to a volatile call; and a POST that has had as much in answers has no more of its volatile calls run.
func TestI7VolatileAnswerBytes(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.cfg.Limits.EffectBytes = 1000
	var runs atomic.Int32
	w.run(1, framework.Service{Name: "long", Methods: framework.Methods{
		"text": framework.Call(func(_ *framework.Turn, n int) (string, error) {
			runs.Add(1)
			return strings.Repeat("x", n), nil
		}).Volatile(),
	}})
	w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
	_, reply := w.post("/up", "K"+rawKey+",,0\nW1,long.text|999\nW2,long.text|900\nW3,long.text|200\nW4,long.text|1")
	lines := strings.Split(strings.TrimSpace(reply), "\n")
	want := []string{`y1|{"code":"full"`, `v2|"xxx`, `v3|"xxx`, `y4|{"code":"full"`}
	for i, line := range lines {
		if len(lines) != len(want) || !strings.HasPrefix(line, want[i]) {
			t.Fatalf("answered %q, want %q", lines, want)
		}
	}
	if n := runs.Load(); n != 3 {
		t.Errorf("%d calls ran, want 3", n)
	}
}

// A state that a client has made deep is refused, and one that is not quite so deep costs what its size does.
func TestI7DeepStates(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	anything := &framework.State[any]{Name: "anything", Subscribe: framework.Anyone}
	w.run(1, framework.Service{Name: "s", Topics: []framework.Stream{anything}, Methods: framework.Methods{
		"set": framework.Event(func(t *framework.Turn, v any) error {
			return anything.Update(t, "a", func(s *any) error { *s = v; return nil })
		}),
	}})
	a := w.dial(nil)
	for depth, code := range map[int]string{400: "", 600: framework.CodeInvalid, 9000: framework.CodeInvalid} {
		text := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
		if err := a.Call(w.wait(), "s.set", protocol.JSONPayload([]byte(text)), nil); codeOf(err) != code {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}
