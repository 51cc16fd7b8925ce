package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/storetest"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

var onWebSocket = session.Carrier{WebSocket: true}

func TestRequestsReachAnyInstance(t *testing.T) {
	inWorld(t, session.Config{Serial: true}, nil, func(w *world) {
		w.open(w.a)
		w.same(w.polled(w.b), "welcome")
		w.must(w.say(w.a, "1", "2"))
		w.same(w.polled(w.a), "re 1", "re 2")
		waiting := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		w.must(w.say(w.b, "3"))
		b, err := waiting.wait()
		w.must(err)
		w.same(texts(b), "re 3")
		w.must(w.b.Deliver(request(w.Context()), sid, []session.Message{{Binary: true, Data: []byte("\x00")}}))
		b, err = w.poll(w.a, away)
		w.must(err)
		if len(b.Messages) != 1 || !b.Messages[0].Binary || string(b.Messages[0].Data) != "re \x00" {
			t.Errorf("got %+v", b)
		}
		if _, err := w.a.Open(request(w.Context()), sid, nil); err != session.ErrExists {
			t.Errorf("a session was opened twice: %v", err)
		}
	})
}

func TestNobodyKnowsASessionThatWasNotOpened(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		_, err := w.poll(w.a, away)
		w.is(err, session.ErrUnknown)
		w.is(w.say(w.a, "1"), session.ErrUnknown)
		_, err = w.a.Look(w.Context(), sid)
		w.is(err, session.ErrUnknown)
		w.is(w.a.Append(w.Context(), w.a.ID(sid), message("1")), session.ErrUnknown)
		w.is(w.a.Probe(w.Context(), sid, time.Second), session.ErrUnknown)
		w.same(w.heard)
	})
}

func TestTakenBeforeItIsWritten(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.same(w.polled(w.a), "welcome") // as if its instance had died here: nobody has written it
		if got := w.stream(); got != "" {
			t.Errorf("the stream still has %q", got)
		}
		w.must(w.say(w.b, "1"))
		w.same(w.polled(w.b), "re 1")
	})
}

// A receiver that was held up between finding a message and taking it finds that another has it.
func TestWhoWasReplacedTakesNothing(t *testing.T) {
	var gate storetest.Gate
	late := func(s store.Store) store.Store { return storetest.Late(s, &gate) }
	inWorld(t, session.Config{}, late, func(w *world) {
		w.open(w.b)
		w.polled(w.b)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		gate.Shut()
		w.must(w.say(w.b, "1"))
		gate.Waiting(w.Context(), 1) // it is about to take it
		ws, err := w.b.Receive(request(w.Context()), sid, onWebSocket)
		w.must(err)
		got, err := ws.Next(w.Context())
		w.must(err)
		gate.Open()
		w.same(texts(got), "re 1")
		_, err = poll.wait()
		w.is(err, session.ErrMoved)
		ws.Broken()
	})
}

func TestOneReceiverAtATime(t *testing.T) {
	inWorld(t, session.Config{Patience: 20 * time.Millisecond}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		first := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		for _, s := range []*session.Sessions{w.a, w.b} {
			_, err := w.poll(s, away)
			w.is(err, session.ErrBusy)
		}
		w.must(w.say(w.b, "1"))
		b, err := first.wait()
		w.must(err)
		w.same(texts(b), "re 1")
	})
}

func TestWhoComesWhileTheOtherGoesIsNotRefused(t *testing.T) {
	inWorld(t, session.Config{Patience: 20 * time.Millisecond}, nil, func(w *world) {
		w.open(w.a)
		first := begin(func() (session.Batch, error) { w.poll(w.a, away); return w.poll(w.a, 10*time.Millisecond) })
		synctest.Wait()
		_, err := w.poll(w.b, away/2)
		w.is(err, context.DeadlineExceeded)
		_, err = first.wait()
		w.is(err, context.DeadlineExceeded)
	})
}

func TestUpgradeElsewhere(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		w.must(w.b.Probe(w.Context(), sid, 10*time.Second))
		b, err := poll.wait()
		w.must(err)
		w.same(texts(b), "noop")
		w.is(w.a.Probe(w.Context(), sid, 10*time.Second), session.ErrBusy)
		poll = begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		w.must(w.b.Release(w.Context(), sid))
		b, err = poll.wait()
		w.must(err)
		w.same(texts(b), "noop")

		poll = begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		r, err := w.b.Receive(request(w.Context()), sid, onWebSocket)
		w.must(err)
		_, err = poll.wait()
		w.is(err, session.ErrMoved)
		_, err = w.poll(w.a, away)
		w.is(err, session.ErrUpgraded)
		w.is(w.say(w.a, "1"), session.ErrUpgraded)
		if state, err := w.a.Look(w.Context(), sid); state != session.Upgraded || err != nil {
			t.Errorf("it looks %v, %v", state, err)
		}
		w.must(r.Deliver(w.Context(), []session.Message{message("2"), message("3")}))
		w.must(w.a.Append(w.Context(), w.a.ID(sid), message("from outside")))
		synctest.Wait()
		b, err = r.Next(w.Context())
		w.must(err)
		w.same(texts(b), "re 2", "re 3", "from outside")
		time.Sleep(10 * away) // it is kept
		w.must(r.Deliver(w.Context(), []session.Message{message("4")}))
		b, err = r.Next(w.Context())
		w.must(err)
		w.same(texts(b), "re 4")
		r.Broken()
		w.same(w.endings(), "0 transport close")
	})
}

func TestUpgradeOnTheSameInstance(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		began := time.Now()
		r, err := w.a.Receive(request(w.Context()), sid, onWebSocket)
		w.must(err)
		_, err = poll.wait()
		w.is(err, session.ErrMoved)
		if late := time.Since(began); late > 0 {
			t.Errorf("the poll heard of it %v later", late)
		}
		w.must(r.Deliver(w.Context(), []session.Message{message("1")}))
		b, err := r.Next(w.Context())
		w.must(err)
		w.same(texts(b), "re 1")
		r.Broken()
	})
}

// The websocket has said that it comes, and the store has not answered yet.
func TestAPollBesideAWebSocketThatComesIsNotASecondPoll(t *testing.T) {
	var gate storetest.Gate
	late := func(s store.Store) store.Store { return storetest.Late(s, &gate) }
	inWorld(t, session.Config{}, late, func(w *world) {
		w.open(w.b)
		w.polled(w.a)
		gate.Shut()
		ws := begin(func() (session.Batch, error) {
			r, err := w.a.Receive(request(w.Context()), sid, onWebSocket)
			if err == nil {
				r.Broken()
			}
			return session.Batch{}, err
		})
		gate.Waiting(w.Context(), 1)
		_, err := w.a.Receive(request(w.Context()), sid, session.Carrier{Once: true})
		w.is(err, session.ErrUpgraded)
		gate.Open()
		_, err = ws.wait()
		w.must(err)
	})
}

func TestTwoRequestsAtOnce(t *testing.T) {
	for _, serial := range []bool{true, false} {
		var w *world
		inside := make(chan struct{})
		cfg := session.Config{Serial: serial, Program: &session.Program{Received: func(x *session.Exchange, m session.Message) {
			if string(m.Data) == "slow" {
				<-inside
			}
			x.Send(m)
		}}}
		for _, same := range []bool{true, false} {
			inside = make(chan struct{})
			inWorld(t, cfg, nil, func(in *world) {
				inside = make(chan struct{}) // of this bubble
				w = in
				w.open(w.a)
				slow := begin(func() (session.Batch, error) { return session.Batch{}, w.say(w.a, "slow") })
				synctest.Wait()
				other := w.b
				if same {
					other = w.a
				}
				quick := begin(func() (session.Batch, error) { return session.Batch{}, w.say(other, "quick") })
				synctest.Wait()
				close(inside)
				_, slowErr := slow.wait()
				_, quickErr := quick.wait()
				got := w.polled(w.b)
				switch {
				case !serial: // both take effect
					w.must(slowErr)
					w.must(quickErr)
					slices.Sort(got)
					w.same(got, "quick", "slow")
				case same: // refused before the callback
					w.must(slowErr)
					w.is(quickErr, session.ErrTwice)
					w.same(got, "slow")
				default: // who commits first
					w.must(quickErr)
					w.is(slowErr, session.ErrTwice)
					w.same(got, "quick")
				}
			})
		}
	}
}

func TestTheDeadlineIsExact(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		time.Sleep(away - time.Millisecond)
		w.same(w.polled(w.b), "welcome")
		_, err := w.poll(w.a, time.Second)
		w.is(err, context.DeadlineExceeded)
		time.Sleep(away)
		_, err = w.poll(w.b, away)
		w.isGone(err, "time is over")
		w.same(w.endings(), "0 time is over")
		time.Sleep(time.Second)
		_, err = w.poll(w.b, away)
		w.is(err, session.ErrUnknown)
	})
}

// An instance that let a session go looks when its time is over, though it had been longer while somebody received.
func TestASessionThatWasLetGoEndsInTime(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		_, err := w.b.Sweep(w.Context()) // the store is known to be looked at
		w.must(err)
		time.Sleep(10 * time.Second)
		r, err := w.a.Open(request(w.Context()), sid, &session.Carrier{})
		w.must(err)
		_, err = r.Leave(w.Context())
		w.must(err)
		time.Sleep(away - time.Millisecond)
		w.same(w.endings())
		time.Sleep(2 * time.Millisecond)
		w.same(w.endings(), "0 time is over")
	})
}

func TestOneClosed(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.b)
		time.Sleep(away + 11*time.Second) // nobody comes: after the store's grace somebody looks
		w.same(w.endings(), "0 time is over")
		w.open(w.b)
		w.must(w.a.End(w.Context(), w.a.ID(sid), session.Gone{Why: "two polls"}))
		w.must(w.b.End(w.Context(), w.a.ID(sid), session.Gone{Why: "again"}))
		time.Sleep(time.Minute)
		w.same(w.endings(), "0 time is over", "0 two polls")
	})
}

func TestWhoWaitsHearsOfTheEnd(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		w.must(w.b.End(w.Context(), w.b.ID(sid), session.Gone{Code: 1002, Why: "Connection interrupted"}))
		if _, err := poll.wait(); err == nil {
			t.Error("the poll has not heard")
		}
		w.same(w.endings(), "1002 Connection interrupted")
	})
}

func TestTheProgramEndsASession(t *testing.T) {
	inWorld(t, session.Config{Tombstone: 5 * time.Second}, nil, func(w *world) {
		w.open(w.a)
		w.must(w.say(w.b, "1", "end", "2"))
		w.same(w.heard, "1", "end")
		w.same(w.polled(w.a), "welcome", "re 1", "end 3000 Go away!")
		w.same(w.endings(), "3000 Go away!")
		for range 2 {
			time.Sleep(2 * time.Second)
			_, err := w.poll(w.b, away)
			w.isGone(err, "Go away!")
		}
		time.Sleep(2 * time.Second)
		_, err := w.poll(w.b, away)
		w.is(err, session.ErrUnknown)
	})
}

func TestWhatIsLostIsTold(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		id := w.a.ID(sid)
		for range store.MaxEntries + 1 {
			w.must(w.b.Append(w.Context(), id, message("1")))
		}
		_, err := w.poll(w.a, away)
		w.isGone(err, "transport error")
		w.same(w.endings(), "0 transport error")
	})
}

func TestWhoTakesNothingInIsHeldBack(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		var many []string
		for range store.MaxEntries / 2 {
			many = append(many, "1")
		}
		w.must(w.say(w.a, many...))
		waiting := begin(func() (session.Batch, error) { return session.Batch{}, w.say(w.a, "2") })
		time.Sleep(time.Second)
		if got := w.polled(w.b); len(got) != len(many)+1 {
			t.Errorf("got %d messages", len(got))
		}
		_, err := waiting.wait()
		w.must(err)
		w.same(w.polled(w.b), "re 2")
		w.must(w.say(w.a, append(many, "1")...))
		w.isGone(w.say(w.a, "3"), "transport error")
	})
}

// What one request brings about may be more than a stream holds, if somebody receives meanwhile.
func TestManyMessagesInOneRequest(t *testing.T) {
	inWorld(t, session.Config{Serial: true}, nil, func(w *world) {
		w.open(w.a)
		w.same(w.polled(w.a), "welcome")
		var many, want []string
		for i := range 3 * store.MaxEntries {
			many = append(many, fmt.Sprint(i))
			want = append(want, fmt.Sprint("re ", i))
		}
		post := begin(func() (session.Batch, error) { return session.Batch{}, w.say(w.a, append(many, "end", "late")...) })
		var got []string
		for len(got) <= len(want) {
			got = append(got, w.polled(w.b)...)
		}
		if !slices.Equal(got, append(want, "end 3000 Go away!")) {
			t.Errorf("got %d answers, not those to %d messages", len(got), len(want))
		}
		_, err := post.wait()
		w.must(err)
		if slices.Contains(w.heard, "late") {
			t.Error("the program heard what came after it had ended the session")
		}
	})
}

// lossy is a store whose Keep takes effect, and takes too long to say so, until a time.
type lossy struct {
	store.Store
	until *time.Time
}

func (l lossy) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	kept, err := l.Store.Keep(ctx, held)
	if err == nil && time.Now().Before(*l.until) {
		err = fmt.Errorf("far away: %w", context.DeadlineExceeded)
	}
	return kept, err
}

// Whether it was taken is not known, so that it is not passed over in silence.
func TestTheStoresTimeIsNotTheReceivers(t *testing.T) {
	var until time.Time
	inWorld(t, session.Config{}, func(s store.Store) store.Store { return lossy{s, &until} }, func(w *world) {
		w.open(w.a)
		until = time.Now().Add(10*time.Second + time.Millisecond)
		r, err := w.a.Receive(request(w.Context()), sid, session.Carrier{Once: true})
		w.must(err)
		if b, err := r.Next(w.Context()); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %q, %v", texts(b), err)
		}
		r.Broken()
		w.same(w.endings(), "0 transport close")
	})
}

func TestAClientThatGoesEndsItsSession(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		ctx, cancel := context.WithCancel(w.Context())
		r, err := w.a.Receive(request(ctx), sid, session.Carrier{Once: true})
		w.must(err)
		next := begin(func() (session.Batch, error) { return r.Next(ctx) })
		synctest.Wait()
		cancel()
		_, err = next.wait()
		w.is(err, context.Canceled)
		r.Broken()
		w.same(w.endings(), "0 transport close")
		_, err = w.poll(w.b, away)
		w.isGone(err, "transport close")
	})
}

func TestCloseLetsOthersReceive(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		w.polled(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, away) })
		synctest.Wait()
		w.must(w.a.Close(w.Context()))
		_, err := poll.wait()
		w.is(err, session.ErrClosed)
		_, err = w.poll(w.a, away)
		w.is(err, session.ErrClosed)
		w.must(w.say(w.b, "1"))
		w.same(w.polled(w.b), "re 1")
	})
}

func TestAStreamLeavesInOrder(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		r, err := w.a.Open(request(w.Context()), sid, &session.Carrier{})
		w.must(err)
		b, err := r.Next(w.Context())
		w.must(err)
		w.same(texts(b), "welcome")
		for _, text := range []string{"1", "2"} {
			w.must(w.say(w.b, text))
			b, err = r.Next(w.Context())
			w.must(err)
			w.same(texts(b), "re "+text)
		}
		w.must(w.say(w.b, "3"))
		synctest.Wait()
		b, err = r.Leave(w.Context())
		w.must(err)
		w.same(texts(b))
		w.same(w.polled(w.b), "re 3")
	})
}

// A conversation with polls and posts at both instances in turn.
func converse(w *world) {
	w.open(w.a)
	all := []*session.Sessions{w.a, w.b}
	w.same(w.polled(w.a), "welcome")
	for i := range 20 {
		poll := begin(func() (session.Batch, error) { return w.poll(all[i%2], 15*time.Second) })
		text := strings.Repeat("x", i*800) // later ones are noticed without their data
		w.must(w.say(all[i/2%2], text))
		b, err := poll.wait()
		for err == context.DeadlineExceeded {
			b, err = w.poll(all[i%2], 15*time.Second)
		}
		w.must(err)
		w.same(texts(b), "re "+text)
	}
}

func TestConversation(t *testing.T) {
	var losing, deaf atomic.Int64
	for name, around := range map[string]func(store.Store) store.Store{
		"":                nil,
		"EachCommitTwice": func(s store.Store) store.Store { return storetest.Twice(t, s) },
		"RepliesLost": func(s store.Store) store.Store {
			return storetest.Forget(s, func(storetest.Call) bool { return losing.Add(1)%3 == 0 })
		},
		"NoticesLost": func(s store.Store) store.Store { return storetest.Deaf(s, func(store.Notice) int { return 0 }) },
		"NoticesRepeated": func(s store.Store) store.Store {
			return storetest.Deaf(s, func(store.Notice) int { return int(deaf.Add(1) % 3) })
		},
	} {
		t.Run(name, func(t *testing.T) { inWorld(t, session.Config{Serial: true}, around, converse) })
	}
}
