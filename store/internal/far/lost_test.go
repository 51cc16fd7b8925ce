package far_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/internal/far"
	"github.com/sojourn-go/sojourn/store/storetest"
)

// lossy returns a store between which and its process the answer to the next call that it is told of is lost.
func lossy(t *testing.T) (s *far.Store, lose func(path string)) {
	var next atomic.Value
	next.Store("")
	all := far.Serve(storetest.Memory(t).Store)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next.CompareAndSwap(r.URL.Path, "") {
			all.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		all.ServeHTTP(w, r)
	}))
	s = far.Open(server.URL)
	t.Cleanup(func() { s.Close(); server.Close() })
	return s, func(path string) { next.Store(path) }
}

func TestAnswersAreLost(t *testing.T) {
	s, lose := lossy(t)
	open := store.Turn{Cause: store.Cause{Socket: "a"}, Attempt: "x", Effects: []store.Effect{store.Open{Secret: "s", TTL: time.Hour}}}
	lose("/commit")
	if out, err := s.Commit(t.Context(), open); err == nil {
		t.Errorf("a commit was sent again behind the caller's back: %+v", out)
	}
	if out, err := s.Commit(t.Context(), open); err != nil || out.Status != store.Repeated {
		t.Errorf("a commit whose answer was lost, sent again: %+v, %v", out, err)
	}
	lose("/attach")
	if found, err := s.Attach(t.Context(), store.Attach{Socket: "a", Secret: "s", Number: 1}); err != nil || found.Status != store.Applied {
		t.Errorf("an attach whose answer was lost: %+v, %v", found, err)
	}
	lose("/claim")
	if _, err := s.Claim(t.Context(), 1, time.Minute); err == nil {
		t.Error("a claim was sent again behind the caller's back")
	}
}

func TestNoticesAreLost(t *testing.T) {
	s, lose := lossy(t)
	heard := make(chan store.Notice, 10)
	lose("/notices")
	w, err := s.Watch(t.Context(), func(n store.Notice) { heard <- n })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Topics(t.Context(), []string{"t"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []store.NoticeKind{store.Resync, store.Added} {
		out, err := s.Commit(t.Context(), store.Turn{Cause: store.Cause{Key: t.Name() + string(rune('0'+want))}, Attempt: "x", Effects: []store.Effect{store.Publish{Topic: "t"}}})
		if err != nil || out.Status != store.Applied {
			t.Fatal(out, err)
		}
		if n := <-heard; n.Kind != want {
			t.Errorf("heard %+v", n)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
