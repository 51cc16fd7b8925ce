package session_test

import (
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/store/storetest"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// onRedis runs a test whose instances have a Redis in common.
func onRedis(t *testing.T, cfg session.Config, around func(store.Store) store.Store, test func(*world)) {
	url := redistest.Start(t)
	var stores [2]store.Store
	for i := range stores {
		s, err := redis.Open(t.Context(), url, redis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	newWorld(t, stores[1], cfg, func(store.Store) store.Store {
		if around != nil {
			return around(stores[0])
		}
		return stores[0]
	}, test)
}

func TestConversationOnRedis(t *testing.T) {
	onRedis(t, session.Config{Serial: true}, nil, converse)
}

func TestWhoWasReplacedTakesNothingOnRedis(t *testing.T) {
	var gate storetest.Gate
	onRedis(t, session.Config{}, func(s store.Store) store.Store { return storetest.Late(s, &gate) }, func(w *world) {
		w.open(w.b)
		w.polled(w.b)
		r, err := w.a.Receive(request(w.Context()), sid, session.Carrier{Once: true})
		w.must(err)
		gate.Shut()
		w.must(w.say(w.b, "1"))
		poll := begin(func() (session.Batch, error) { return r.Next(w.Context()) })
		gate.Waiting(w.Context(), 1)
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

func TestOneClosedOnRedis(t *testing.T) {
	onRedis(t, session.Config{}, nil, func(w *world) {
		w.open(w.a)
		var both sync.WaitGroup
		for _, s := range []*session.Sessions{w.a, w.b} {
			both.Go(func() {
				w.must(s.End(w.Context(), s.ID(sid), session.Gone{Why: "enough"}))
			})
		}
		both.Wait()
		w.close(w.a)
		w.close(w.b)
		w.same(w.endings(), "0 enough")
	})
}
