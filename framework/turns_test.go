package framework_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// The tests below are the rows of the table "What becomes of a turn that does not succeed" in docs/design.md.

// rawKey is the credential of a client that these tests play by hand.
const rawKey = "AAAAAAAAAAAAAAAAAAAAAA"

// event makes a service with one method, test.run.
func event(f func(t *framework.Turn) error) framework.Service {
	return framework.Service{Name: "test", Methods: framework.Methods{
		"run": framework.Event(func(t *framework.Turn, _ any) error { return f(t) }),
	}}
}

func TestTurnErrorIsRecorded(t *testing.T) {
	onEachStore(t, func(w *world) {
		var runs atomic.Int32
		w.run(2, event(func(*framework.Turn) error {
			runs.Add(1)
			return framework.Errorf("mine", "not today")
		}))
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		for range 3 { // the client repeats: its acknowledgement was lost
			if _, text := w.post("/up", "K"+rawKey+",,0\nC1,test.run"); text != "a1,1\n" {
				t.Errorf("reply %q, want that message 1 is handled", text)
			}
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0."}`)
		if !strings.Contains(text, `,1|{"code":"mine","message":"not today"}`) || countLines(text, 'x') != 1 {
			t.Errorf("the answer is %q", text)
		}
		if n := runs.Load(); n > 2 { // once on each instance at most: the second could not know
			t.Errorf("the handler ran %d times", n)
		}
	})
}

func TestTurnPanicIsInternal(t *testing.T) {
	onEachStore(t, func(w *world) {
		var log bytes.Buffer
		w.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		var id string
		w.run(1, event(func(t *framework.Turn) error {
			id = t.ID()
			panic("the password is hunter2")
		}))
		err := w.dial(nil).Call(w.wait(), "test.run", nil, nil)
		if codeOf(err) != "internal" || !strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the client is told %v, want code internal, turn %s and no secret", err, id)
		}
		w.instances[0].close() // the log is written
		if !strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), id) {
			t.Errorf("the log lacks the cause or the turn's id:\n%s", &log)
		}
	})
}

// grenade panics when it is encoded.
type grenade struct{}

func (grenade) MarshalJSON() ([]byte, error) { panic("on purpose") }

func TestTurnPanicInEncodingIsInternal(t *testing.T) {
	everywhere(t, func(w *world) {
		throw := func(*framework.Turn, any) (grenade, error) { return grenade{}, nil }
		w.run(1, ledger(), framework.Service{Name: "war", Methods: framework.Methods{
			"call": framework.Call(throw), "quick": framework.Call(throw).Volatile(),
		}})
		a := w.account(nil)
		if err := a.Call(w.wait(), "war.call", nil, nil); codeOf(err) != "internal" {
			w.Errorf("a call: %v", err)
		}
		if err := a.Volatile(w.wait(), "war.quick", nil, nil); codeOf(err) != "internal" {
			w.Errorf("a volatile call: %v", err)
		}
		call[int](w, a.Client, "ledger.add", 1)
	})
}

func TestTurnEndedByDrainIsNotRecorded(t *testing.T) {
	everywhere(t, func(w *world) {
		began := make(chan struct{}, 1)
		gone := make(chan struct{}) // the old instance is: else the new one could be the first to commit
		var stuck atomic.Bool
		var cause atomic.Value
		w.run(1, event(func(t *framework.Turn) error {
			if !stuck.CompareAndSwap(false, true) {
				<-gone
				return nil
			}
			began <- struct{}{}
			<-t.Done()
			cause.Store(context.Cause(t))
			return t.Err()
		}))
		c := w.dial(nil)
		p := c.Send("test.run", nil)
		<-began
		old := w.instances[0]
		w.start()
		w.leave(old)
		ctx, cancel := context.WithTimeout(w.Context(), 3500*time.Millisecond) // 3 s of which belong to what comes after the turns
		defer cancel()
		if err := old.rt.Drain(ctx); err != nil {
			t.Error("Drain: ", err)
		}
		old.close()
		close(gone)
		if err := p.Wait(w.wait(), nil); err != nil {
			t.Errorf("the message was not handled elsewhere: %v", err)
		}
		if err, _ := cause.Load().(error); !errors.Is(err, framework.ErrDraining) {
			t.Errorf("the turn ended with %v", err)
		}
	})
}

func TestTurnTimeIsRecorded(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.TurnTime = 20 * time.Millisecond
		var runs atomic.Int32
		w.run(1, event(func(t *framework.Turn) error {
			runs.Add(1)
			<-t.Done()
			if !errors.Is(context.Cause(t), framework.ErrTurnTime) {
				w.Errorf("the turn ended with %v", context.Cause(t))
			}
			return t.Err()
		}))
		if err := w.dial(nil).Call(w.wait(), "test.run", nil, nil); codeOf(err) != "timeout" || runs.Load() != 1 {
			t.Errorf("told %v after %d runs", err, runs.Load())
		}
	})
}

// So it is with a handler that only finds out when it asks for a state: that is no fault of the store's, and nothing to try again.
func TestTurnTimeIsRecordedWhenItReads(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.TurnTime = 20 * time.Millisecond
		var runs atomic.Int32
		w.run(1, ledger(), event(func(t *framework.Turn) error {
			runs.Add(1)
			<-t.Done()
			_, err := visits.Get(t, "x")
			return err
		}))
		if err := w.dial(nil).Call(w.wait(), "test.run", nil, nil); codeOf(err) != "timeout" || runs.Load() != 1 {
			t.Errorf("told %v after %d runs", err, runs.Load())
		}
	})
}

func TestTurnConflictRunsAgain(t *testing.T) {
	onEachStore(t, func(w *world) {
		var runs atomic.Int32
		var attempts []int
		w.run(2, ledger(), event(func(t *framework.Turn) error {
			n := int(runs.Add(1))
			attempts = append(attempts, t.Attempt())
			err := visits.Update(t, "x", func(m *map[string]int) error { return count(m, "turn") })
			if n <= 3 { // somebody else is quicker, on the other instance
				if err := w.instances[1].rt.Do(context.Background(), func(t *framework.Turn) error {
					return visits.Update(t, "x", func(m *map[string]int) error { return count(m, "other") })
				}); err != nil {
					w.Error(err)
				}
			}
			return err
		}))
		other := w.instances[1]
		w.mu.Lock()
		w.only = w.instances[0]
		w.mu.Unlock()
		if err := w.dial(nil).Call(w.wait(), "test.run", nil, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(attempts, []int{1, 2, 3, 4}) {
			t.Errorf("attempts %v, want 1 to 4", attempts)
		}
		_ = other.rt.Do(w.wait(), func(t *framework.Turn) error {
			if m, err := visits.Get(t, "x"); err != nil || m["turn"] != 1 || m["other"] != 3 {
				w.Errorf("the state is %v, %v", m, err)
			}
			return nil
		})
	})
}

func TestTurnConflictForeverIsBusy(t *testing.T) {
	onEachStore(t, func(w *world) {
		var runs atomic.Int32
		w.run(2, ledger(), event(func(t *framework.Turn) error {
			runs.Add(1)
			err := visits.Update(t, "x", func(m *map[string]int) error { return count(m, "turn") })
			_ = w.instances[1].rt.Do(context.Background(), func(t *framework.Turn) error {
				return visits.Update(t, "x", func(m *map[string]int) error { return count(m, "other") })
			})
			return err
		}))
		w.only = w.instances[0]
		if err := w.dial(nil).Call(w.wait(), "test.run", nil, nil); codeOf(err) != "busy" || runs.Load() != 8 {
			t.Errorf("told %v after %d runs, want busy after 8", err, runs.Load())
		}
	})
}

// An open whose hooks read what changes under every run is not refused for good.
func TestOpenInConflictComesAgain(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		one, two := w.instances[0], w.instances[1]
		one.store.mu.Lock()
		one.store.before = func(store.Turn) error {
			return two.rt.Do(w.Context(), func(t *framework.Turn) error {
				return visits.Update(t, "all", func(m *map[string]int) error { return count(m, "meanwhile") })
			})
		}
		one.store.mu.Unlock()
		if status, text := w.postTo(one, "/lp", hello(1, "")); status != http.StatusServiceUnavailable || !strings.HasPrefix(text, "z4006,") {
			t.Errorf("in conflict: %d %q, want that the client comes again", status, text)
		}
		if status, text := w.postTo(two, "/lp", hello(1, "")); status != http.StatusOK {
			t.Errorf("elsewhere: %d %q", status, text)
		}
	})
}

func TestTurnUnknownOutcomeIsSentAgain(t *testing.T) {
	onEachStore(t, func(w *world) {
		var runs, lost atomic.Int32
		tried := make(chan struct{}, 10)
		w.run(1, ledger(), event(func(t *framework.Turn) error {
			runs.Add(1)
			_, err := add(t, 1)
			return err
		}))
		w.instances[0].store.after = func(turn store.Turn, _ store.Outcome) error {
			if turn.Cause.Number != 1 {
				return nil
			}
			defer func() { tried <- struct{}{} }()
			if lost.Add(1) <= 2 {
				return errors.New("the answer was lost")
			}
			return nil
		}
		a := w.account(nil)
		if err := a.Call(w.wait(), "test.run", nil, nil); err != nil {
			t.Fatal(err)
		}
		a.expect(w, "the event", &a.added, []int{1})
		// The client may have learnt of it before the instance did: by a poll that came between.
		until(w, tried, "the instance knew as well", func() bool { return lost.Load() == 3 })
		if runs.Load() != 1 {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

func TestTurnStoreDownAcknowledgesNothing(t *testing.T) {
	everywhere(t, func(w *world) {
		var down atomic.Bool
		tried := make(chan struct{}, 100)
		w.run(1, ledger())
		w.instances[0].store.before = func(store.Turn) error {
			if down.Load() {
				tried <- struct{}{}
				return errors.New("the store is away")
			}
			return nil
		}
		a := w.account(nil)
		down.Store(true)
		p := a.Send("ledger.add", 1)
		<-tried
		select {
		case <-p.Done():
			t.Error("acknowledged while the store was away")
		default:
		}
		down.Store(false)
		if err := p.Wait(w.wait(), nil); err != nil {
			t.Error(err)
		}
		a.expect(w, "the event", &a.added, []int{1})
	})
}

func TestTurnUnknownMethod(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Build = "2"
		w.run(1, ledger())
		same := w.dial(&client.Options{Build: "2"})
		if err := same.Call(w.wait(), "ledger.later", nil, nil); codeOf(err) != "not_found" {
			t.Errorf("a page of the same build is told %v", err)
		}
		newer := w.dial(&client.Options{Build: "3"})
		p := newer.Send("ledger.later", nil)
		later := ledger()
		later.Methods["later"] = framework.Event(func(*framework.Turn, any) error { return nil })
		w.cfg.Build, w.cfg.Services = "3", []framework.Service{later}
		w.start() // the deploy goes on: requests reach either build
		if err := p.Wait(w.wait(), nil); err != nil {
			t.Errorf("a page of a newer build is told %v", err)
		}
	})
}

func TestTurnPoison(t *testing.T) {
	everywhere(t, func(w *world) {
		var runs atomic.Int32
		w.run(1, ledger(), event(func(*framework.Turn) error {
			runs.Add(1)
			w.start()
			w.kill(w.first()) // the message kills every instance that it meets
			return nil
		}))
		a := w.account(nil)
		if err := a.Call(w.wait(), "test.run", nil, nil); codeOf(err) != "poison" {
			t.Errorf("told %v", err)
		}
		// The client counts connections that broke without a word. One on which a word (that another took over) came in the same moment is not counted.
		if n := runs.Load(); n < 5 || n > 7 {
			w.Errorf("it ran %d times, want 5, or little more", n)
		}
		call[int](w, a.Client, "ledger.add", 1) // and the conversation goes on
	})
}

func TestTurnEffectsAfterTheEndAreErrors(t *testing.T) {
	onEachStore(t, func(w *world) {
		late := make(chan *framework.Turn, 1)
		w.run(1, ledger(), event(func(t *framework.Turn) error { late <- t; return nil }))
		if err := w.dial(nil).Call(w.wait(), "test.run", nil, nil); err != nil {
			t.Fatal(err)
		}
		turn := <-late
		if err := turn.Send("x", "test.x", 1); !errors.Is(err, framework.ErrTurnOver) {
			t.Errorf("Send after the end: %v", err)
		}
		if err := lines.Publish(turn, "x", 1); !errors.Is(err, framework.ErrTurnOver) {
			t.Errorf("Publish after the end: %v", err)
		}
		if err := sums.Update(turn, "x", func(*[]int) error { return nil }); !errors.Is(err, framework.ErrTurnOver) {
			t.Errorf("Update after the end: %v", err)
		}
	})
}

// A client that goes away while its message is handled does not stop that: it asks again, and learns that it took effect.
func TestTurnOutlivesItsRequest(t *testing.T) {
	onEachStore(t, func(w *world) {
		entered, goOn := make(chan struct{}), make(chan struct{})
		w.run(1, ledger(), framework.Service{Name: "slow", Methods: framework.Methods{
			"add": framework.Event(func(t *framework.Turn, _ struct{}) error {
				close(entered)
				<-goOn
				_, err := add(t, 1)
				return err
			}),
		}})
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		ctx, cancel := context.WithCancel(w.Context())
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/up", strings.NewReader("K"+rawKey+",,0\nC1,slow.add"))
			w.first().rt.ServeHTTP(httptest.NewRecorder(), r)
		}()
		<-entered
		cancel()
		close(goOn)
		<-gone
		if _, text := w.post("/up", "K"+rawKey+",,1\nC1,slow.add"); text != "a1,1\n" {
			w.Errorf("asked again: %q", text)
		}
		if _, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"now":true}`); countLines(text, 'e') != 1 || countLines(text, 'x') != 0 {
			w.Errorf("the own stream: %q", text)
		}
	})
}
