package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

func atoi(text []byte) (n int, err error) { return n, json.Unmarshal(text, &n) }

func codeOf(err error) string {
	var e *client.Error
	errors.As(err, &e)
	if e == nil {
		return ""
	}
	return e.Code
}

func countLines(text string, kind byte) (n int) {
	for line := range strings.Lines(text) {
		if line[0] == kind {
			n++
		}
	}
	return n
}

// cut cuts every connection of every instance, which all live on.
func (w *world) cut() {
	w.mu.Lock()
	all := slices.Clone(w.instances)
	w.mu.Unlock()
	for _, i := range all {
		i.cut()
	}
}

// Any request of a socket may reach any instance, also one that started a moment ago.
func TestI1AnyInstance(t *testing.T) {
	everywhere(t, func(w *world) {
		served := map[*instance]bool{}
		w.run(2, ledger())
		a := w.account(nil)
		id := a.ID()
		a.follow(w, "lines/"+id)
		for n := 1; n <= 12; n++ {
			w.start() // and the next request reaches it, or one of the others
			if got := call[int](w, a.Client, "ledger.add", n); got != n {
				w.Fatalf("answer %d, want %d", got, n)
			}
			w.mu.Lock()
			for _, i := range w.instances {
				if i.store.commits.Load() > 0 {
					served[i] = true
				}
			}
			w.mu.Unlock()
			w.cut()
		}
		a.expect(w, "the topic", &a.lines, upTo(12))
		a.expect(w, "the events", &a.added, upTo(12))
		if a.ID() != id {
			w.Fatalf("the socket changed")
		}
		if len(served) < 3 {
			w.Fatalf("only %d instances had a part in it: the test shows nothing", len(served))
		}
	})
}

// mayhem kills an instance at some of its commits, before or after them, and starts another in its place.
func (w *world) mayhem(i *instance, kills *atomic.Int32, r *rand.Rand, mu *sync.Mutex) {
	die := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if kills.Load() <= 0 || r.IntN(6) != 0 {
			return false
		}
		kills.Add(-1)
		next := w.start()
		w.mayhem(next, kills, r, mu)
		w.kill(i)
		return true
	}
	i.store.mu.Lock()
	defer i.store.mu.Unlock()
	i.store.before = func(store.Turn) error {
		if die() {
			return errDead
		}
		return nil
	}
	i.store.after = func(store.Turn, store.Outcome) error {
		if die() {
			return errDead
		}
		return nil
	}
}

// Message n takes effect once, and after n-1, however often its instances die before and after the commit.
func TestI2OnceInOrder(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger())
		var kills atomic.Int32
		kills.Store(15)
		var mu sync.Mutex
		r := rand.New(rand.NewPCG(1, 2))
		for _, i := range slices.Clone(w.instances) {
			w.mayhem(i, &kills, r, &mu)
		}
		a := w.account(nil)
		const total = 120
		pending := make([]*client.Pending, total)
		for n := range total {
			pending[n] = a.Send("ledger.add", n+1)
		}
		for n, p := range pending {
			var got int
			if err := p.Wait(w.wait(), &got); err != nil || got != n+1 {
				w.Fatalf("message %d: answer %d, %v", n+1, got, err)
			}
		}
		if got := call[[]int](w, a.Client, "ledger.sum", a.ID()); !slices.Equal(got, upTo(total)) {
			w.Fatalf("what took effect: %v", got)
		}
		a.expect(w, "the events", &a.added, upTo(total))
		if left := kills.Load(); left > 5 {
			w.Fatalf("only %d kills: the test shows little", 15-left)
		}
	})
}

// A message that overtook another is not taken: the client is told which one is next.
func TestI2Gap(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		for _, row := range []struct{ message, reply string }{
			{"C3,ledger.push|3", "g1\n"}, {"C1,ledger.push|1", "a1,1\n"}, {"C3,ledger.push|3", "g2\n"},
			{"C2,ledger.push|2\nC3,ledger.push|3", "a3,3\n"}, {"C2,ledger.push|2", "a3,3\n"},
		} {
			if _, text := w.post("/up", "K"+rawKey+",,0\n"+row.message); text != row.reply {
				w.Errorf("%q: reply %q, want %q", row.message, text, row.reply)
			}
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"now":true}`)
		var events []string
		for line := range strings.Lines(text) {
			if _, payload, ok := strings.Cut(line, "ledger.added|"); ok {
				events = append(events, strings.TrimSpace(payload))
			}
		}
		if !slices.Equal(events, []string{"1", "2", "3"}) {
			w.Errorf("what took effect, in order: %v", events)
		}
	})
}

// The same message may run on two instances at the same time: both runs have the same turn id, one commits, both are acknowledged.
func TestI2TwoRunsOneCommit(t *testing.T) {
	onEachStore(t, func(w *world) { // the message comes by a POST, whatever carries down
		both := make(chan string, 2)
		meet := make(chan struct{})
		var entered atomic.Int32
		w.run(2, ledger(), framework.Service{Name: "twice", Methods: framework.Methods{
			"run": framework.Event(func(t *framework.Turn, _ struct{}) error {
				if n := entered.Add(1); n == 2 {
					close(meet)
				} else if n > 2 {
					return nil
				}
				<-meet
				both <- t.ID() + " " + t.NewID()
				_, err := add(t, 1)
				return err
			}),
		}})
		const key = "AAAAAAAAAAAAAAAAAAAAAA"
		w.post("/lp", `H{"v":1,"key":"`+key+`","c":1}`)
		replies := make(chan string, 2)
		for _, i := range w.instances {
			go func() {
				_, text := w.postTo(i, "/up", "K"+key+",,0\nC1,twice.run")
				replies <- text
			}()
		}
		if one, two := <-both, <-both; one != two {
			w.Errorf("two runs of one turn have ids %s and %s", one, two)
		}
		for range 2 {
			if text := <-replies; text != "a1,1\n" {
				w.Errorf("reply %q, want that message 1 took effect", text)
			}
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+key+`","c":2}`)
		if n := countLines(text, 'e'); n != 1 {
			w.Errorf("the message took effect %d times:\n%s", n, text)
		}
	})
}

// A turn's effects become real together, or not at all.
func TestI3AllOrNone(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger())
		var kills atomic.Int32
		kills.Store(8)
		var mu sync.Mutex
		r := rand.New(rand.NewPCG(3, 4))
		for _, i := range slices.Clone(w.instances) {
			w.mayhem(i, &kills, r, &mu)
		}
		a := w.account(nil)
		a.follow(w, "lines/"+a.ID())
		want := []int{}
		for n := 1; n <= 40; n++ {
			if n%2 == 0 {
				want = append(want, n)
				if got := call[int](w, a.Client, "ledger.add", n); got != n {
					w.Fatalf("answer %d, want %d", got, n)
				}
				continue
			}
			how := []string{"error", "panic", "unencodable", "other"}[n/2%4]
			code := "internal"
			if how == "error" {
				code = "mine"
			}
			if err := a.Call(w.wait(), "ledger.fail", how, nil); codeOf(err) != code {
				w.Fatalf("fail %s: %v, want code %s", how, err, code)
			}
		}
		a.expect(w, "the topic", &a.lines, want)
		a.expect(w, "the events", &a.added, want)
		if got := call[[]int](w, a.Client, "ledger.sum", a.ID()); !slices.Equal(got, want) {
			w.Fatalf("the state is %v, want %v", got, want)
		}
	})
}

// A client sees each of its streams without gap or repeat, across cut connections, changes of transport and deaths of instances.
func TestI4NoGapNoRepeat(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger())
		a := w.account(&client.Options{Transports: []string{w.transport, "ws", "sse", "longpoll"}})
		a.follow(w, "lines/all")
		others := []string{"longpoll", w.transport, "sse", w.transport, "ws", w.transport}
		const total = 120
		for n := 1; n <= total; n++ {
			err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
				if err := lines.Publish(t, "all", n); err != nil {
					return err
				}
				return t.Send(a.ID(), "ledger.added", n)
			})
			if err != nil {
				w.Fatal(err)
			}
			switch {
			case n%17 == 0:
				i := w.any()
				w.start()
				w.kill(i)
			case n%7 == 0:
				w.cut()
			case n%11 == 0:
				if err := a.Use(others[n/11%len(others)]); err != nil {
					w.Fatal(err)
				}
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(total))
		a.expect(w, "the events", &a.added, upTo(total))
		if lost := a.lost; len(lost) > 0 {
			w.Fatalf("told of losses that were none: %v", lost)
		}
	})
}

// Where retention was exceeded the client is told, and goes on with what there is.
func TestI4ToldOfLoss(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger())
		a := w.account(nil)
		a.follow(w, "short/all")
		publish := func(from, to int) {
			for n := from; n <= to; n++ {
				if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return short.Publish(t, "all", n) }); err != nil {
					w.Fatal(err)
				}
			}
		}
		publish(1, 3)
		a.expect(w, "the topic", &a.lines, upTo(3))
		w.away.Store(true) // the client is away, for long
		w.cut()
		for _, i := range slices.Clone(w.instances) {
			w.start()
			w.kill(i)
		}
		publish(4, 30)
		w.away.Store(false)
		a.expect(w, "the topic", &a.lines, append(upTo(3), 26, 27, 28, 29, 30))
		if !slices.Equal(a.lost, []string{"short/all expired"}) {
			w.Fatalf("told %v, want that short/all expired", a.lost)
		}
	})
}

// A store that forgot everything is told too: the client goes on with a new socket, and knows.
func TestI4ToldOfWipe(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger())
		a := w.account(nil)
		id := a.ID()
		call[int](w, a.Client, "ledger.add", 1)
		w.wipe()
		w.cut()
		until(w, a.changed, "the loss was told", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.lost) > 0
		})
		call[int](w, a.Client, "ledger.add", 2)
		if a.ID() == id {
			w.Fatal("the conversation went on as if nothing had happened")
		}
	})
}

// A store that went back in time and wrote another history is found out, though the instance that holds the connection heard nothing of it and
// then goes on with that history itself.
func TestI4ToldOfRewind(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			w := newWorld(t, transport, "")
			m := w.open().(*memory.Store)
			w.run(2, ledger())
			holder, other := w.instances[0], w.instances[1]
			w.route(holder)
			a := w.account(nil)
			a.follow(w, "lines/all")
			publish := func(i *instance, n int) {
				if err := i.rt.Do(w.wait(), func(t *framework.Turn) error { return lines.Publish(t, "all", n) }); err != nil {
					t.Fatal(err)
				}
			}
			publish(holder, 1)
			a.expect(w, "the topic", &a.lines, []int{1})
			mark := m.Mark()
			publish(holder, 2)
			publish(holder, 3)
			a.expect(w, "the topic", &a.lines, upTo(3))
			holder.store.deaf.Store(true)
			m.Rewind(mark)
			publish(other, 22)
			publish(other, 33)
			publish(holder, 44)
			until(w, a.changed, "the loss was told", func() bool {
				a.mu.Lock()
				defer a.mu.Unlock()
				return slices.Contains(a.lost, "lines/all rewound")
			})
		})
	}
}

// Also when the store has forgotten what the connection before said of the topic.
func TestI4ToldOfRewindAtReconnect(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			w := newWorld(t, transport, "")
			m := w.open().(*memory.Store)
			w.run(3, ledger())
			w.route(w.instances[0])
			a := w.account(nil)
			a.follow(w, "lines/all")
			publish := func(i *instance, n int) {
				if err := i.rt.Do(w.wait(), func(t *framework.Turn) error { return lines.Publish(t, "all", n) }); err != nil {
					t.Fatal(err)
				}
			}
			move := func(to *instance) {
				from := w.any()
				w.route(to)
				w.kill(from)
				select {
				case <-to.store.attached:
				case <-w.wait().Done():
					t.Fatal("nobody came")
				}
			}
			first, second, third := w.instances[0], w.instances[1], w.instances[2]
			publish(first, 1)
			a.expect(w, "the topic", &a.lines, []int{1})
			mark := m.Mark()
			publish(first, 2)
			publish(first, 3)
			a.expect(w, "the topic", &a.lines, upTo(3))
			move(second) // which says that 3 has come
			second.store.deaf.Store(true)
			m.Rewind(mark)
			publish(third, 22)
			publish(third, 33)
			move(third)
			publish(third, 44)
			until(w, a.changed, "the loss was told", func() bool {
				a.mu.Lock()
				defer a.mu.Unlock()
				return slices.Contains(a.lost, "lines/all rewound")
			})
		})
	}
}

// For every socket whose connect committed exactly one goodbye commits, also when instances die at it.
func TestI5OneGoodbye(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(3, ledger())
		const sockets = 6
		for n := range sockets {
			a := w.account(nil)
			call[int](w, a.Client, "ledger.add", 1)
			if n%2 == 0 {
				if err := a.Close(w.wait()); err != nil {
					w.Fatal(err)
				}
				continue
			}
			a.Abandon()
		}
		for _, i := range slices.Clone(w.instances) { // nobody is left who held them
			w.start()
			w.kill(i)
		}
		w.advance(3 * time.Minute)
		var kills atomic.Int32
		kills.Store(3)
		var mu sync.Mutex
		r := rand.New(rand.NewPCG(5, 6))
		for _, i := range slices.Clone(w.instances) {
			w.mayhem(i, &kills, r, &mu)
		}
		visited := func() (hellos, goodbyes int, each map[string]int) {
			rt := w.start().rt
			if err := rt.Do(w.wait(), func(t *framework.Turn) (err error) { each, err = visits.Get(t, "all"); return err }); err != nil {
				w.Fatal(err)
			}
			for name, n := range each {
				if name[:5] == "hello" {
					hellos += n
				} else {
					goodbyes += n
				}
			}
			return hellos, goodbyes, each
		}
		for range 30 {
			var sweeps sync.WaitGroup
			for range 3 { // at the same time
				sweeps.Go(func() {
					ctx, cancel := context.WithTimeout(w.Context(), 50*time.Millisecond)
					defer cancel()
					_, _ = w.any().rt.Sweep(ctx)
				})
			}
			sweeps.Wait()
			if _, goodbyes, _ := visited(); goodbyes >= sockets {
				break
			}
			w.advance(11 * time.Second)
		}
		hellos, goodbyes, each := visited()
		if hellos != sockets || goodbyes != sockets || len(each) != 2*sockets {
			w.Fatalf("%d connects and %d goodbyes of %d sockets: %v", hellos, goodbyes, sockets, each)
		}
	})
}

// Killing every instance at once loses nothing that was acknowledged.
func TestI6NothingToLose(t *testing.T) {
	everywhere(t, func(w *world) {
		w.run(2, ledger())
		a := w.account(nil)
		a.follow(w, "lines/"+a.ID())
		for n := 1; n <= 20; n++ {
			call[int](w, a.Client, "ledger.add", n)
			if n%5 == 0 {
				for _, i := range slices.Clone(w.instances) {
					w.kill(i)
				}
				w.start()
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(20))
		if got := call[[]int](w, a.Client, "ledger.sum", a.ID()); !slices.Equal(got, upTo(20)) {
			w.Fatalf("what was acknowledged and is there: %v", got)
		}
	})
}

// Amnesia: every single request is served by a Server that was made for it. Nothing rests on what an instance remembers.
func TestI8Amnesia(t *testing.T) {
	everywhere(t, func(w *world) {
		w.amnesia = true
		w.run(0, ledger())
		a := w.account(nil)
		a.follow(w, "lines/"+a.ID())
		b := w.account(nil)
		b.follow(w, "lines/"+a.ID())
		for n := 1; n <= 15; n++ {
			if got := call[int](w, a.Client, "ledger.add", n); got != n {
				w.Fatalf("answer %d, want %d", got, n)
			}
			switch {
			case n%4 == 0:
				w.cut()
			case n%5 == 0:
				if err := b.Use([]string{"ws", "sse", "longpoll"}[n/5%3]); err != nil {
					w.Fatal(err)
				}
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(15))
		b.expect(w, "the topic, at another client", &b.lines, upTo(15))
		a.expect(w, "the events", &a.added, upTo(15))
		if err := a.Call(w.wait(), "ledger.ask", 7, nil); err != nil {
			w.Fatal(err)
		}
		a.expect(w, "the question's answer", &a.lines, append(upTo(15), 70))
		if err := a.Close(w.wait()); err != nil {
			w.Fatal(err)
		}
	})
}
