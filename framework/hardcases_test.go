package framework_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
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
		replies := make(chan string, 9)
		post := func() {
			_, text := w.post("/up", "K"+rawKey+",,0\nC1,slow.run")
			replies <- text
		}
		go post()
		<-entered
		for range 8 { // of which four may wait
			go post()
		}
		for range 4 {
			if text := <-replies; !strings.HasPrefix(text, "z4006,,one request at a time") {
				w.Errorf("one too many: %q", text)
			}
		}
		close(goOn)
		for range 5 {
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
		b := newBubble(t)
		st := b.mortal()
		rt := b.start()
		stream := b.stream(rt, hello(1, ""))
		time.Sleep(10 * time.Second)
		st.outage.Store(true)
		time.Sleep(10 * time.Minute)
		st.outage.Store(false)
		time.Sleep(time.Minute) // more than a grace
		if got := b.say(rt, "/up", "K"+keyOf(1)+",,0\nC1,ledger.push|1"); got != "a1,1\n" {
			t.Errorf("after the outage: %q; the stream said %q", got, stream)
		}
	})
}

// The store stays away until the instance gives up: nothing is acknowledged. When it is back the message takes effect, once.
func TestNothingIsAcknowledgedWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		st := b.mortal()
		rt := b.start()
		b.say(rt, "/lp", hello(1, ""))
		st.before = func(store.Turn) error { return errOutage }
		if text := b.say(rt, "/up", "K"+keyOf(1)+",,0\nC1,ledger.push|1"); !strings.HasPrefix(text, "z4006,") {
			t.Errorf("without the store: %q", text)
		}
		st.before = nil
		for range 2 {
			if text := b.say(rt, "/up", "K"+keyOf(1)+",,1\nC1,ledger.push|1"); text != "a1,1\n" {
				t.Errorf("with the store: %q", text)
			}
		}
	})
}

// What was sent to a client, on a connection that then said something else, is still there until the client says that it has it.
func TestI4SentIsNotReceived(t *testing.T) {
	b := newBubble(t)
	rt := b.start()
	l := b.connect(rt, hello(1, ""))
	b.pull(l)
	for n := 1; n <= 3; n++ {
		b.push(l, fmt.Sprintf("C%d,ledger.push|%d", n, n))
		if text := b.pull(l); !strings.Contains(text, "ledger.added") {
			t.Fatalf("after message %d: %q", n, text)
		}
	}
	text := b.pull(b.connect(rt, helloAgain(1, 2)))
	if n := strings.Count(text, "ledger.added"); n != 3 || strings.Contains(text, "\nl") {
		t.Errorf("a client that has had nothing is given %q", text)
	}
}

// An acknowledgement that the store did not take is said again.
func TestAcknowledgementIsSaidAgain(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(1, ledger())
	a := w.account(nil)
	i := w.first()
	var acks []store.Cursor
	var mu sync.Mutex
	i.store.mu.Lock()
	i.store.before = func(turn store.Turn) error {
		mu.Lock()
		defer mu.Unlock()
		if turn.Cause.Socket == a.ID() && !turn.Ack.IsZero() {
			if acks = append(acks, turn.Ack); len(acks) == 1 {
				return store.ErrClosed // not taken
			}
		}
		return nil
	}
	i.store.mu.Unlock()
	for n := 1; n <= 100; n++ { // the client acknowledges now and then
		call[int](w, a.Client, "ledger.add", n)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(acks) < 2 {
		t.Errorf("acknowledgements told: %v", acks)
	}
}
