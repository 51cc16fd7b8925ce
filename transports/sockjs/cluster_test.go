package sockjs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// Each request reaches the next of three instances.
func TestAnyInstanceServesEachRequest(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{ResponseLimit: 200}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			var got, want []string
			for i := range 200 {
				text := fmt.Sprint("message ", i)
				want = append(want, text)
				w.send("/000/one", bodyOf(text))
			}
			for len(got) < len(want) {
				frame, err := s.next()
				if err != nil {
					s = w.receive("/000/one", way) // it was long enough, or a poll
					continue
				}
				ms, err := messagesIn(frame)
				w.must(err)
				got = append(got, ms...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %s came %q", way, got)
			}
			w.same("heard", len(w.noted(&w.heard)), 200)
			w.same("sessions ended", len(w.noted(&w.closed)), 0)
		}, 3)
	}
}

// An instance that dies between two requests takes nothing with it.
func TestAnInstanceThatDiesHasNothing(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		w.kill()
		w.send("/000/one", `["a"]`)
		w.kill()
		w.same("a poll", w.poll("/000/one"), "a[\"a\"]\n")
		w.send("/000/one", `["close"]`)
		w.same("a poll", w.poll("/000/one"), "c[3000,\"Go away!\"]\n")
		w.same("goodbyes", w.noted(&w.closed), []string{"3000 Go away!"})
	}, 3)
}

// Who held a stream and died is not known to be dead: others hear of it when the session's time is over, and say goodbye once.
func TestAnInstanceThatDiesWithAReceiver(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			w.receive("/000/old", "xhr").gives("o", "") // a store that nobody has looked at waits with its first end
			w.pass(time.Minute)
			w.receive("/000/one", "xhr").gives("o", "")
			if receivings[way].prelude == "" {
				go w.request(w.Context(), receivings[way].method, "/000/one"+receivings[way].path, "")
			} else {
				w.receive("/000/one", way)
			}
			synctest.Wait()
			w.kill()
			w.receive("/000/one", way).gives(`c[2010,"Another connection still open"]`, "")
			w.pass(20 * time.Second)
			w.same("goodbyes", w.noted(&w.closed), []string{"1002 nobody receives", "1002 nobody receives"})
			w.receive("/000/one", way).gives("o")
		}, 3)
	}
}

func TestAnyInstanceSends(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.receive("/000/one", "eventsource")
		s.gives("o")
		ws := w.websocket("/000/one/websocket")
		ws.gives("o")
		for i, id := range w.noted(&w.opened) {
			for _, by := range w.instances {
				w.must(by.Send(w.Context(), id, "x"))
				if i == 0 {
					s.gives(`a["x"]`)
				} else {
					ws.gives(`a["x"]`)
				}
			}
			w.must(w.instances[i].End(w.Context(), id, 3000, "Go away!"))
		}
		s.gives(`c[3000,"Go away!"]`, "")
		ws.gives(`c[3000,"Go away!"]`)
		w.same("goodbyes", w.noted(&w.closed), []string{"3000 Go away!", "3000 Go away!"})
	}, 3)
}

// Requests that come at once, at any instances, all take effect.
func TestSendsAtOnce(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		var all sync.WaitGroup
		for _, i := range w.instances {
			for range 20 {
				all.Go(func() {
					client := world{T: w.T, instances: []*instance{i}}
					client.send("/000/one", `["x"]`)
				})
			}
		}
		all.Wait()
		var got []string
		for len(got) < 60 {
			frame, err := w.receive("/000/one", "xhr").next()
			w.must(err)
			ms, err := messagesIn(frame)
			w.must(err)
			got = append(got, ms...)
		}
		w.same("heard", len(w.noted(&w.heard)), 60)
	}, 3)
}

// Who receives is let go in order, and goes on elsewhere; a WebSocket ends with its instance.
func TestShutdown(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			w.next = 1 // all that follows reaches the first instance
			first := &world{T: w.T, instances: w.instances[:1]}
			s := first.receive("/000/one", way)
			s.gives("o")
			if v.prelude == "" {
				answered := make(chan *stream)
				go func() { answered <- first.receive("/000/one", way) }()
				synctest.Wait()
				w.must(w.instances[0].Shutdown(w.Context()))
				poll := <-answered
				w.same("the connection is closed", poll.Close, true) // the next may go elsewhere
				poll.gives("h", "")
			} else {
				w.must(w.instances[0].Shutdown(w.Context()))
				s.gives("")
			}
			if v.prelude == "" {
				w.same("a request", first.do(v.method, "/000/two"+v.path, "").status, 503)
			} else {
				first.receive("/000/two", way).gives("") // of which its client thinks nothing
			}
			second := &world{T: w.T, instances: w.instances[1:]}
			second.send("/000/one", `["x"]`)
			second.receive("/000/one", way).gives(`a["x"]`)
			w.same("goodbyes", len(w.noted(&w.closed)), 0)
		}, 2)
	}
	inWorld(t, sockjs.Options{}, func(w *world) {
		s, raw := w.websocket("/000/one/websocket"), w.websocket("/websocket")
		s.gives("o")
		raw.say("x")
		raw.gives("x")
		go func() { w.must(w.instances[0].Shutdown(context.Background())) }()
		s.gives(`c[1001,"Going away"]`)
		raw.ends(websocket.CloseGoingAway, "Going away")
		w.same("a websocket", w.do("GET", "/000/one/websocket", "").status, 503)
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 transport close", "1002 transport close"})
	}, 1)
}

// However many WebSockets end with their instance, and whatever their goodbyes take, it is done when Shutdown returns.
func TestShutdownSaysAllGoodbyes(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		closed := w.instances[0].OnClose
		w.instances[0].OnClose = func(id string, code int, reason string) {
			<-time.After(100 * time.Millisecond)
			closed(id, code, reason)
		}
		const many = 100
		for range many {
			s := w.websocket("/000/one/websocket")
			go func() {
				for {
					if _, _, err := s.ReadMessage(); err != nil {
						return
					}
				}
			}()
		}
		synctest.Wait()
		w.must(w.instances[0].Shutdown(w.Context()))
		w.same("goodbyes", len(w.closed), many)
	})
}

// An instance that does not run between requests finds what is overdue when it is asked to.
func TestSweep(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		w.kill() // its timer is gone
		w.pass(time.Minute)
		_, err := w.instances[0].Sweep(w.Context())
		w.must(err)
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 nobody receives"})
	}, 2)
}
