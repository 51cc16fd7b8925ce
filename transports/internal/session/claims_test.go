package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// What was claimed is the claimer's for 30 s: goodbyes that waited for each other would be told again.
func TestASlowGoodbyeHoldsUpNoOther(t *testing.T) {
	var told sync.Map
	program := &session.Program{Closed: func(id string, _ session.Gone) {
		if _, again := told.LoadOrStore(id, true); again {
			t.Error("an end is told again")
		}
		time.Sleep(5 * time.Second)
	}}
	inWorld(t, session.Config{Program: program}, nil, func(w *world) {
		const n = 16
		for i := range n {
			_, err := w.a.Open(request(w.Context()), fmt.Sprint(i), nil)
			w.must(err)
		}
		for range 10 { // the other instance looks for what is due as well
			time.Sleep(10 * time.Second)
			_, err := w.b.Sweep(w.Context())
			w.must(err)
		}
		synctest.Wait()
		ended := 0
		for range told.Range {
			ended++
		}
		if ended != n {
			t.Errorf("%d ends were told, want %d", ended, n)
		}
	})
}

func TestCloseWaitsForGoodbyes(t *testing.T) {
	var begun chan struct{}
	var told atomic.Bool
	program := &session.Program{Closed: func(string, session.Gone) {
		close(begun)
		time.Sleep(time.Second)
		told.Store(true)
	}}
	inWorld(t, session.Config{Program: program}, nil, func(w *world) {
		begun = make(chan struct{}) // of this bubble
		w.open(w.a)
		<-begun // its time is over
		w.close(w.a)
		if !told.Load() {
			t.Error("Close has returned before the program was told")
		}
	})
}

// goodbyes is a program that only takes its time when sessions end.
type goodbyes struct {
	taking func()

	mu            sync.Mutex
	told          map[string]int
	running, most int
}

func (g *goodbyes) program() *session.Program {
	g.told = map[string]int{}
	return &session.Program{
		Received: func(x *session.Exchange, _ session.Message) { x.End(session.Gone{Code: 3000, Why: "Go away!"}) },
		Closed: func(id string, _ session.Gone) {
			g.mu.Lock()
			g.told[id]++
			g.running++
			g.most = max(g.most, g.running)
			g.mu.Unlock()
			g.taking()
			g.mu.Lock()
			g.running--
			g.mu.Unlock()
		},
	}
}

// openMany opens sessions that nobody receives.
func (w *world) openMany(n int) {
	w.Helper()
	for i := range n {
		_, err := w.a.Open(request(w.Context()), fmt.Sprint("sid ", i), nil)
		w.must(err)
	}
}

// However many sessions end together, and however long the program takes over each: a few at a time, and each once.
func TestManyEndsAtOnce(t *testing.T) {
	const many = 1000
	g := &goodbyes{taking: func() { <-time.After(5 * time.Second) }}
	inWorld(t, session.Config{Program: g.program()}, nil, func(w *world) {
		w.openMany(many)
		<-time.After(time.Hour)
		synctest.Wait()
		if len(g.told) != many {
			t.Errorf("%d sessions have ended, want %d", len(g.told), many)
		}
		for id, n := range g.told {
			if n != 1 {
				t.Fatalf("the end of %s is told %d times", id, n)
			}
		}
		if g.most > 16 {
			t.Errorf("%d ends are told at once", g.most)
		}
	})
}

// A goodbye that does not return holds up neither the client who is to be told of an end, nor, for long, the goodbyes of others.
func TestAGoodbyeThatHangsIsNotWaitedFor(t *testing.T) {
	var release chan struct{}
	g := &goodbyes{taking: func() { <-release }}
	inWorld(t, session.Config{Program: g.program()}, nil, func(w *world) {
		release = make(chan struct{})
		defer close(release)
		w.openMany(20)
		<-time.After(2 * away)
		w.open(w.a)
		w.must(w.say(w.a, "end"))
		began := time.Now()
		w.same(w.polled(w.a), "end 3000 Go away!")
		if waited := time.Since(began); waited > 3*time.Second {
			t.Errorf("the client waits for %v", waited)
		}
		<-time.After(2 * time.Minute)
		synctest.Wait()
		if len(g.told) != 21 {
			t.Errorf("%d goodbyes have begun, want all 21", len(g.told))
		}
	})
}

// Nor is it by an instance that is shut down longer than that has time.
func TestCloseHasItsTime(t *testing.T) {
	var release chan struct{}
	g := &goodbyes{taking: func() { <-release }}
	inWorld(t, session.Config{Program: g.program()}, nil, func(w *world) {
		release = make(chan struct{})
		defer close(release)
		w.openMany(1)
		<-time.After(2 * away)
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		defer cancel()
		if err := w.a.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close returns %v", err)
		}
	})
}
