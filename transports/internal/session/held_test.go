package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// slowKeeper is a store that takes a second to hear that somebody receives.
type slowKeeper struct{ store.Store }

func (s slowKeeper) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	if held[0].Inbox != "" {
		time.Sleep(time.Second)
	}
	return s.Store.Keep(ctx, held)
}

// That it is kept is on its way to the store when a receiver lets go, of which the other instance's would else hear too late that it has.
func TestWhoHasLetGoIsNotKept(t *testing.T) {
	around := func(s store.Store) store.Store { return slowKeeper{s} }
	for name, letGo := range map[string]func(*world, *session.Receiver){
		"Deadline": func(w *world, r *session.Receiver) {
			ctx, cancel := context.WithTimeout(w.Context(), 500*time.Millisecond)
			defer cancel()
			_, err := r.Next(ctx)
			w.is(err, context.DeadlineExceeded)
		},
		"Message": func(w *world, r *session.Receiver) {
			w.must(w.say(w.b, "1"))
			got, err := r.Next(w.Context())
			w.must(err)
			w.same(texts(got), "re 1")
		},
		"Leave": func(w *world, r *session.Receiver) {
			_, err := r.Leave(w.Context())
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, session.Config{}, around, func(w *world) {
				w.open(w.b)
				w.polled(w.b)
				r, err := w.a.Receive(request(w.Context()), sid, session.Carrier{Once: name != "Leave"})
				w.must(err)
				time.Sleep(away)
				synctest.Wait() // the store is being told
				letGo(w, r)
				time.Sleep(2 * time.Second)
				w.must(w.say(w.a, "2"))
				w.same(w.polled(w.b), "re 2")
			})
		})
	}
}
