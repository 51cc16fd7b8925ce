package session_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

func TestWhoEntersMakesTheSession(t *testing.T) {
	inWorld(t, session.Config{}, nil, func(w *world) {
		got, opened, err := w.a.Enter(request(w.Context()), sid, session.Carrier{Once: true})
		w.must(err)
		if got != nil || !opened {
			t.Errorf("a poll that makes a session has %v to receive, opened %v", got, opened)
		}
		got, opened, err = w.b.Enter(request(w.Context()), sid, session.Carrier{})
		w.must(err)
		b, err := got.Next(w.Context())
		w.must(err)
		w.same(texts(b), "welcome")
		if opened {
			t.Error("a session was made twice")
		}
		got.Broken()
		w.same(w.endings(), "0 transport close")
	})
}

func TestOfThoseWhoEnterAtOnceOneMakesTheSession(t *testing.T) {
	var mu sync.Mutex
	made := 0
	program := &session.Program{Opened: func(*session.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		made++
	}}
	inWorld(t, session.Config{Program: program}, nil, func(w *world) {
		var receivers []*session.Receiver
		for range 20 {
			go func() {
				got, _, err := w.a.Enter(request(w.Context()), sid, session.Carrier{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					receivers = append(receivers, got)
				} else if err != session.ErrBusy {
					t.Errorf("the error is %v", err)
				}
			}()
		}
		synctest.Wait()
		if made != 1 || len(receivers) != 1 {
			t.Fatalf("%d made it, %d receive it", made, len(receivers))
		}
		receivers[0].Broken()
	})
}

// Sessions of which nobody receives any more leave nothing behind that runs: the bubble would wait for it.
func TestNothingRunsWhileNobodyReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := session.New(session.Config{Name: "test", Away: away, Board: echo()})
		r, err := s.Open(request(t.Context()), sid, &session.Carrier{})
		if err != nil {
			t.Fatal(err)
		}
		r.Broken()
	})
}

func TestAPanicOfTheProgramsHoldsNothing(t *testing.T) {
	panics := true
	program := &session.Program{Opened: func(*session.Exchange) {
		if panics {
			panic("program")
		}
	}}
	inWorld(t, session.Config{Program: program}, nil, func(w *world) {
		open := func() (*session.Receiver, error) {
			defer func() { _ = recover() }()
			return w.a.Open(request(w.Context()), sid, &session.Carrier{})
		}
		if got, _ := open(); got != nil {
			t.Fatal("it did not panic")
		}
		panics = false
		got, err := open()
		w.must(err)
		got.Broken()
	})
}
