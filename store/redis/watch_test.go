package redis_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// watched is a watch whose notices can be waited for.
type watched struct {
	testing.TB
	store.Watch
	notices chan store.Notice
}

// watch begins a watch that probes so rarely, or so often.
func watch(t testing.TB, s *redis.Store, interval time.Duration, topics ...string) *watched {
	t.Helper()
	w := &watched{TB: t, notices: make(chan store.Notice, 10000)}
	inner, err := s.WatchProbing(context.Background(), func(n store.Notice) { w.notices <- n }, interval)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	if err := inner.Topics(context.Background(), topics, nil); err != nil {
		t.Fatal(err)
	}
	w.Watch = inner
	return w
}

// next waits for a notice of a kind, and lets others go by.
func (w *watched) next(kind store.NoticeKind) store.Notice {
	w.Helper()
	for {
		select {
		case n := <-w.notices:
			if n.Kind == kind {
				return n
			}
		case <-time.After(20 * time.Second):
			w.Fatalf("no notice of kind %d", kind)
		}
	}
}

// certainly commits a turn, again until its outcome is known: connections may have broken that nobody has used since.
func certainly(t testing.TB, s *redis.Store, next store.Turn) store.Outcome {
	t.Helper()
	var err error
	for range 10 {
		var out store.Outcome
		if out, err = s.Commit(context.Background(), next); err == nil {
			return out
		}
	}
	t.Fatal(err)
	return store.Outcome{}
}

func publish(t testing.TB, s *redis.Store, data string) {
	t.Helper()
	certainly(t, s, turn(store.Cause{Key: data}, store.Publish{Topic: "t", Data: []byte(data)}))
}

// still checks that a watch that has resynchronised is what it was: subscribed to its inbox and its topic.
func (w *watched) still(s *redis.Store) {
	w.Helper()
	publish(w, s, "after")
	if n := w.next(store.Added); n.Topic != "t" || string(n.Entry.Data) != "after" {
		w.Errorf("after a Resync: %+v", n)
	}
	certainly(w, s, turn(store.Cause{Socket: "a"}, store.Open{Inbox: w.Inbox(), TTL: time.Hour}))
	if err := s.Volatile(context.Background(), "", "a", []byte("hello")); err != nil {
		w.Fatal(err)
	}
	if n := w.next(store.Volatile); n.Socket != "a" || string(n.Entry.Data) != "hello" {
		w.Errorf("after a Resync: %+v", n)
	}
}

func TestResyncAfterKill(t *testing.T) {
	url := redistest.Start(t)
	s := open(t, url, redis.Options{})
	w := watch(t, s, time.Hour, "t")
	publish(t, s, "before")
	w.next(store.Added)
	do(t, plain(t, url), "CLIENT", "KILL", "TYPE", "pubsub")
	w.next(store.Resync)
	w.still(s)
}

func TestResyncAfterSilence(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	w := watch(t, s, 20*time.Millisecond, "t")
	publish(t, s, "before")
	w.next(store.Added)
	proxy.Mute()
	w.next(store.Resync)
	w.still(s)
}

func TestResyncAfterStall(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL()+"?write_timeout=200ms", redis.Options{})
	w := watch(t, s, time.Hour, "t")
	release := proxy.Stall()
	for found := false; !found; { // until it is the connection that fails, and not the context that ends
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := w.Topics(ctx, []string{"u"}, nil)
		found = err != nil && !errors.Is(err, context.DeadlineExceeded)
		cancel()
	}
	release()
	w.next(store.Resync)
	w.still(s)
}

func TestResyncAfterRestart(t *testing.T) {
	server := redistest.StartT(t)
	s := open(t, server.URL(), redis.Options{})
	w := watch(t, s, time.Hour, "t")
	server.Kill()
	if err := w.Topics(t.Context(), []string{"u"}, []string{"t"}); err == nil {
		// The break may not have been noticed. Then it is now.
		if err := w.Topics(t.Context(), nil, []string{"t"}); err == nil {
			t.Error("topics of a server that is not there")
		}
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.next(store.Resync)
	if err := w.Topics(t.Context(), []string{"t"}, nil); err != nil {
		t.Fatal(err)
	}
	// A read finds the broken connection for commands and is sent again; a volatile message would be lost with it.
	if _, err := s.Read(t.Context(), []store.Query{{Topic: "t"}}); err != nil {
		t.Fatal(err)
	}
	w.still(s)
}

// A watch that is silent for good reason is left alone.
func TestProbesAreAnswered(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	proxy.Commands()
	w := watch(t, s, 5*time.Millisecond)
	for probes := 0; probes < 20; {
		for _, c := range proxy.Commands() {
			if c == "PUBLISH" {
				probes++
			}
		}
	}
	if n := len(w.notices); n > 0 {
		t.Errorf("%d notices: %+v", n, <-w.notices)
	}
}

// Up to 8 KiB the notice has the entry's data.
func TestNoticesOfLargeEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url, redis.Options{})
		w := watch(t, s, time.Hour, "t")
		small, large := bytes.Repeat([]byte{0}, 8<<10), bytes.Repeat([]byte{'\n'}, 8<<10+1)
		_, err := s.Commit(t.Context(), turn(store.Cause{Socket: "a"}, store.Open{Inbox: w.Inbox(), TTL: time.Hour},
			store.Append{Socket: "a", Data: small}, store.Append{Socket: "a", Data: large},
			store.Publish{Topic: "t", Data: small}, store.Publish{Topic: "t", Data: large}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			n := w.next(store.Added)
			want := small
			if n.Entry.Offset == 2 {
				want = nil
			}
			if !bytes.Equal(n.Entry.Data, want) || (n.Entry.Data == nil) != (want == nil) || n.Prev == "" || n.Entry.Tag == "" {
				t.Errorf("notice %d: %+v with %d bytes", i, n.Entry.Cursor, len(n.Entry.Data))
			}
		}
	})
}
