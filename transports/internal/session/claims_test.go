package session_test

import (
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
