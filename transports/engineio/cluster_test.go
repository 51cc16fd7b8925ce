package engineio_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/storetest"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

// inCluster runs a test of three instances that share a store. Each request goes to the next one. around is put around the store of the first; nil: nothing.
func inCluster(t *testing.T, p program, around func(store.Store) store.Store, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{MaxBytes: 8 << 20})
		t.Cleanup(func() { s.Close() })
		w := &world{T: t, next: 2}
		for i := range 3 {
			p.Store = s
			if i == 0 && around != nil {
				p.Store = around(s)
			}
			w.add(p)
		}
		test(w)
	})
}

// to makes the next request go to an instance.
func (w *world) to(instance int) *world {
	w.next = instance + len(w.at) - 1
	return w
}

func TestEachRequestMayReachAnotherInstance(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		var got []string
		pings := 0
		began := time.Now()
		const n = 100
		for i := range n {
			poll := s.poll()
			time.Sleep(time.Second)
			w.is(s.post(fmt.Sprintf("4%d\x1e4", i)), 200, "ok")
			answer := <-poll
			for packet := range strings.SplitSeq(answer.body, "\x1e") {
				if packet == "2" {
					pings++
					w.is(s.post("3"), 200, "ok")
				} else {
					got = append(got, packet)
				}
			}
		}
		for len(got) < 2*n {
			got = append(got, strings.Split(s.get().body, "\x1e")...)
		}
		for i := range n {
			if got[2*i] != fmt.Sprint("4", i) || got[2*i+1] != "4" {
				t.Fatalf("message %d came back as %q", i, got[2*i:2*i+2])
			}
		}
		if most := 3 * (2 + int(time.Since(began)/(25*time.Second))); pings < 4 || pings > most {
			t.Errorf("it was pinged %d times in %v", pings, time.Since(began))
		}
		w.ends()
	})
}

// A client closes itself when it has not been pinged for the interval and the timeout.
func TestAClientIsPingedInTimeWhereverItPolls(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		last := time.Now()
		for range 50 {
			got := w.to(rand.N(3)).ask("GET", s.query, "")
			if got.status != 200 {
				t.Fatalf("a poll is answered %v", got)
			}
			if late := time.Since(last); late > 25*time.Second {
				t.Errorf("it was pinged after %v", late)
			}
			if got.body == "2" {
				last = time.Now()
			}
			w.is(s.post("3"), 200, "ok")
		}
	})
}

func TestUpgradeOnAnotherInstance(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		w.is(w.to(0).ask("GET", s.query, ""), 200, "2") // it has not pinged this one yet
		poll := w.to(0).begin("GET", s.query, "")
		ws, _ := w.to(1).dial(s.sid)
		ws.say("2probe")
		ws.hear("3probe")
		w.is(<-poll, 200, "6")
		second, _ := w.to(2).dial(s.sid)
		second.say("2probe") // another instance learns that one is under way
		second.over()
		w.is(w.to(2).ask("POST", s.query, "4queued"), 200, "ok")
		ws.say("5")
		ws.hear("4queued", "2")
		ws.say("4hello")
		ws.hear("4hello")
		for i := range 3 {
			w.bad(w.to(i).ask("GET", s.query, ""))
			w.bad(w.to(i).ask("POST", s.query, "4hello"))
			third, _ := w.to(i).dial(s.sid)
			third.over()
		}
		ws.say("1")
		ws.over()
		w.ends("transport close")
		for i := range 3 {
			w.unknown(w.to(i).ask("GET", s.query, ""))
		}
	})
}

// An instance that has not met the session does not know when it was pinged.
func TestAnUpgradeOnAnotherInstancePingsAtOnce(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		time.Sleep(20 * time.Second)
		w.to(1)
		ws := s.upgrade()
		ws.hear("2")
		ws.say("3")
		ws.say("4hello")
		ws.hear("4hello")
	})
}

func TestTwoPollsAtTwoInstances(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		w.to(1).ask("GET", s.query, "") // a ping
		first := w.to(1).begin("GET", s.query, "")
		w.bad(w.to(2).ask("GET", s.query, ""))
		w.is(<-first, 200, "1")
		w.unknown(s.get())
		w.ends("transport error")
	})
}

func TestTwoPostsAtTwoInstances(t *testing.T) {
	inside := make(chan struct{})
	p := program{OnMessage: func(s *engineio.Socket, m engineio.Message) {
		if string(m.Data) == "slow" {
			<-inside
		}
		s.Send(m)
	}}
	inCluster(t, p, nil, func(w *world) {
		inside = make(chan struct{}) // of this bubble
		s := w.open()
		slow := w.to(0).begin("POST", s.query, "4slow")
		w.is(w.to(1).ask("POST", s.query, "4quick"), 200, "ok")
		close(inside)
		w.bad(<-slow)
		w.unknown(s.get())
		w.ends("transport error")
	})
}

func TestGoodbyeAtAnotherInstance(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		w.to(1).ask("GET", s.query, "") // a ping
		poll := w.to(1).begin("GET", s.query, "")
		w.is(w.to(2).ask("POST", s.query, "1"), 200, "ok")
		w.is(<-poll, 200, "6")
		for i := range 3 {
			w.unknown(w.to(i).ask("GET", s.query, ""))
		}
		w.ends("transport close")
	})
}

// slow is a store that takes its time to answer questions.
type slow struct{ store.Store }

func (s slow) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Store.Read(ctx, queries)
}

// Of an end a poll hears by a notice, and asks what it was: that is known for long enough.
func TestAGoodbyeIsToldToWhoAsksLate(t *testing.T) {
	inCluster(t, program{}, func(s store.Store) store.Store { return slow{s} }, func(w *world) {
		s := w.to(1).open()
		w.to(0).ask("GET", s.query, "") // a ping
		poll := w.to(0).begin("GET", s.query, "")
		w.is(w.to(1).ask("POST", s.query, "1"), 200, "ok")
		w.is(<-poll, 200, "6")
		w.ends("transport close")
	})
}

func TestAnyInstanceSends(t *testing.T) {
	ids := make(chan string, 2)
	p := program{OnOpen: func(s *engineio.Socket) { ids <- s.ID() }}
	inCluster(t, p, nil, func(w *world) {
		s := w.open()
		ws, _ := w.to(1).connect()
		for range 2 {
			id := <-ids
			for i, server := range w.servers {
				if err := server.Send(t.Context(), id, engineio.Message{Data: fmt.Append(nil, i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.is(w.to(0).ask("GET", s.query, ""), 200, "40\x1e41\x1e42")
		ws.hear("40", "41", "42")
	})
}

func TestAnInstanceIsShutDown(t *testing.T) {
	inCluster(t, program{}, nil, func(w *world) {
		s := w.open()
		w.is(w.to(1).ask("POST", s.query, "4before"), 200, "ok")
		w.is(w.to(0).ask("GET", s.query, ""), 200, "4before")
		poll := w.to(0).begin("GET", s.query, "")
		ws, _ := w.to(0).connect()
		silent, _ := w.to(0).dial(s.sid)
		synctest.Wait()
		w.shutdown(w.servers[0])
		w.is(<-poll, 200, "6")
		ws.over()
		if got := <-silent.in; !strings.Contains(got, "close 1001") {
			t.Errorf("a websocket that was to upgrade: %s", got)
		}
		for _, query := range []string{polling, s.query} {
			if got := w.to(0).ask("GET", query, ""); got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("an instance that is shut down answers %v", got)
			}
		}
		w.is(w.to(1).ask("POST", s.query, "4after"), 200, "ok")
		if got := w.to(2).ask("GET", s.query, ""); got.body != "4after\x1e2" {
			t.Errorf("elsewhere it goes on with %v", got)
		}
		w.ends("transport close") // the websocket's
	})
}

// An instance is gone without a word while it holds a poll and a websocket: their clients see that, and what is left of the sessions ends at its time, once.
func TestAnInstanceDies(t *testing.T) {
	var gate storetest.Gate
	frozen := func(s store.Store) store.Store { return storetest.Late(s, &gate) }
	inCluster(t, program{}, frozen, func(w *world) {
		s, other := w.to(0).open(), w.to(1).open()
		w.to(0).begin("GET", s.query, "")
		w.to(0).connect()
		gate.Shut()
		w.is(w.to(1).ask("POST", other.query, "4hello"), 200, "ok") // nobody else notices
		w.is(w.to(2).ask("GET", other.query, ""), 200, "4hello\x1e2")
		for range 20 { // the other instances look after what is due
			time.Sleep(10 * time.Second)
			w.is(w.to(1).ask("POST", other.query, "4x"), 200, "ok")
			w.to(2).ask("GET", other.query, "")
		}
		w.ends("ping timeout", "ping timeout")
		gate.Open()
	})
}

func TestNoticesAreHints(t *testing.T) {
	for name, around := range map[string]func(store.Store) store.Store{
		"Lost":    func(s store.Store) store.Store { return storetest.Deaf(s, func(store.Notice) int { return 0 }) },
		"Commits": func(s store.Store) store.Store { return storetest.Twice(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, program{}, around, func(w *world) {
				s := w.open()
				var got []string
				for i := range 30 {
					poll := w.to(0).begin("GET", s.query, "")
					w.is(w.to(1+i%2).ask("POST", s.query, fmt.Sprint("4", i)), 200, "ok")
					got = append(got, strings.Split((<-poll).body, "\x1e")...)
				}
				for len(got) < 30 || got[len(got)-1] != "429" {
					got = append(got, strings.Split(w.to(0).ask("GET", s.query, "").body, "\x1e")...)
				}
				got = slices.DeleteFunc(got, func(packet string) bool { return packet == "2" })
				for i, packet := range got {
					if packet != fmt.Sprint("4", i) {
						t.Fatalf("message %d is %q", i, packet)
					}
				}
			})
		})
	}
}

// away is a store that cannot be reached for a while.
type away struct {
	store.Store
	is *atomic.Bool
}

var errAway = errors.New("the store is away")

func (a away) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if a.is.Load() {
		return store.Outcome{}, errAway
	}
	return a.Store.Commit(ctx, t)
}

func (a away) Attach(ctx context.Context, at store.Attach) (store.Attached, error) {
	if a.is.Load() {
		return store.Attached{}, errAway
	}
	return a.Store.Attach(ctx, at)
}

func (a away) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	if a.is.Load() {
		return nil, errAway
	}
	return a.Store.Read(ctx, queries)
}

func (a away) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	if a.is.Load() {
		return nil, errAway
	}
	return a.Store.Keep(ctx, held)
}

func TestTheStoreIsAway(t *testing.T) {
	var is atomic.Bool
	inCluster(t, program{}, func(s store.Store) store.Store { return away{s, &is} }, func(w *world) {
		s := w.to(1).open()
		is.Store(true)
		for _, request := range [][2]string{{"GET", polling}, {"GET", s.query}, {"POST", s.query}, {"PUT", s.query}} {
			got := w.to(0).ask(request[0], request[1], "4hello")
			if got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("%s%s is answered %v", request[0], request[1], got)
			}
		}
		if ws, got := w.to(0).dial(s.sid); ws != nil || got.status != 503 || got.header.Get("Connection") != "close" {
			t.Errorf("an upgrade is answered %v", got)
		}
		fresh, _ := w.to(0).dial("")
		fresh.over()
		time.Sleep(20 * time.Second)
		is.Store(false)
		w.unknown(w.to(0).ask("GET", s.query, "")) // its time was over
		s = w.to(0).open()
		w.is(w.to(0).ask("POST", s.query, "4hello"), 200, "ok")
		w.is(w.to(0).ask("GET", s.query, ""), 200, "4hello")
	})
}

// A poll that waits does not need the store, until there is something to take.
func TestTheStoreIsAwayWhileAPollWaits(t *testing.T) {
	var is atomic.Bool
	inCluster(t, program{}, func(s store.Store) store.Store { return away{s, &is} }, func(w *world) {
		s := w.to(0).open()
		poll := w.to(0).begin("GET", s.query, "")
		ws, _ := w.to(0).connect()
		is.Store(true)
		time.Sleep(5 * time.Second)
		w.is(w.to(1).ask("POST", s.query, "4hello"), 200, "ok")
		time.Sleep(5 * time.Second)
		is.Store(false)
		w.is(<-poll, 200, "4hello")
		ws.say("4hello")
		ws.hear("4hello")

		poll = w.to(0).begin("GET", s.query, "")
		is.Store(true)
		w.is(w.to(1).ask("POST", s.query, "4lost"), 200, "ok")
		if got := <-poll; got.status != 503 {
			t.Errorf("a poll that could not take what there is: %v", got)
		}
		is.Store(false)
		time.Sleep(time.Second)
		if got := w.to(1).ask("GET", s.query, ""); got.status == 200 {
			t.Errorf("after an error the client begins anew, but its session goes on with %v", got)
		}
	})
}
