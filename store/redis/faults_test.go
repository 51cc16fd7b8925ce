package redis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// everyMethod are calls of all methods that talk to the server, each possible many times over.
func everyMethod(s *redis.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, turn(store.Cause{Socket: "a"}, store.Open{Inbox: "x", TTL: time.Hour}, store.Append{Socket: "a"}, store.Publish{Topic: "t"}))
			return err
		},
		"attach": func(ctx context.Context) error {
			_, err := s.Attach(ctx, store.Attach{Socket: "a", Number: 1, TTL: time.Hour})
			return err
		},
		"read": func(ctx context.Context) error {
			_, err := s.Read(ctx, []store.Query{{Topic: "t"}, {Topic: "t", Value: true}, {Socket: "a"}, {Socket: "a", Entries: true}, {Item: "i"}})
			return err
		},
		"keep": func(ctx context.Context) error {
			_, err := s.Keep(ctx, []store.Held{{Socket: "a"}, {Socket: "b"}})
			return err
		},
		"claim": func(ctx context.Context) error {
			_, err := s.Claim(ctx, 10, time.Minute)
			return err
		},
		"volatile":    func(ctx context.Context) error { return s.Volatile(ctx, "", "a", []byte("x")) },
		"volatile to": func(ctx context.Context) error { return s.Volatile(ctx, "t", "", []byte("x")) },
	}
}

func TestOneRoundTrip(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	proxy.Commands()
	for name, do := range everyMethod(s) {
		if err := do(t.Context()); err != nil {
			t.Fatal(name, err)
		}
		if sent := proxy.Commands(); len(sent) != 1 {
			t.Errorf("%s: %d round trips: %v", name, len(sent), sent)
		}
	}
}

func TestForgottenScripts(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, c := open(t, url, redis.Options{}), plain(t, url)
		for name, run := range everyMethod(s) {
			do(t, c, "SCRIPT", "FLUSH")
			if err := run(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// An error says whose it is and what was tried, and what the server said.
func TestErrors(t *testing.T) {
	server := miniredis.RunT(t)
	s := open(t, "redis://"+server.Addr(), redis.Options{})
	check := func(text string) {
		t.Helper()
		for name, run := range everyMethod(s) {
			name, _, _ = strings.Cut(name, " ")
			err := run(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), "redis: "+name+": ") || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	server.SetError("LOADING Redis is loading the dataset in memory")
	check("LOADING")
	server.SetError("READONLY You can't write against a read only replica.")
	check("READONLY")
	server.SetError("")
	server.Close()
	check("")
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for name, run := range everyMethod(s) {
		if err := run(t.Context()); err != nil {
			t.Errorf("%s: after the server has come back: %v", name, err)
		}
	}
}

// A network that holds everything back ends every call: when its context does, or by itself.
func TestStalledNetwork(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL()+"?write_timeout=200ms", redis.Options{})
	release := proxy.Stall()
	defer release()
	for name, run := range everyMethod(s) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	for name, run := range everyMethod(s) {
		if err := run(context.Background()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	release()
	for _, run := range everyMethod(s) {
		run(t.Context()) // the first may meet what is left of the connections that stalled
	}
	for name, run := range everyMethod(s) {
		if err := run(t.Context()); err != nil {
			t.Errorf("%s: after the stall: %v", name, err)
		}
	}
}

// What means something else the second time is not sent twice behind the caller's back. What does not is, once.
func TestLostReply(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	for name, run := range everyMethod(s) {
		if err := run(t.Context()); err != nil {
			t.Fatal(name, err)
		}
		proxy.Commands()
		proxy.LoseReply()
		err := run(t.Context())
		sent := len(proxy.Commands())
		switch name {
		case "attach", "read", "keep":
			if err != nil || sent != 2 {
				t.Errorf("%s: sent %d times, %v", name, sent, err)
			}
		default:
			if err == nil || sent != 1 {
				t.Errorf("%s: sent %d times, %v", name, sent, err)
			}
		}
	}
}

// A turn whose outcome is unknown is sent again, and is applied once.
func TestUnknownOutcome(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	const key, item = "key", "item"
	certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{TTL: time.Hour}, store.Put{Item: item}))
	claimed, err := s.Claim(t.Context(), 1, time.Hour)
	if err != nil || len(claimed.Due) != 1 {
		t.Fatal(claimed, err)
	}
	for _, c := range []struct {
		cause store.Cause
		again store.Status
	}{
		{store.Cause{Socket: "b"}, store.Repeated},
		{store.Cause{Socket: "a", Number: 1}, store.Repeated},
		{store.Cause{Socket: "a", Number: 2}, store.Repeated},
		{store.Cause{Key: key}, store.Repeated},
		{store.Cause{Item: item, Token: claimed.Due[0].Token}, store.Gone},
	} {
		effects := []store.Effect{store.Publish{Topic: "t"}}
		if c.cause.Socket == "b" {
			effects = append([]store.Effect{store.Open{TTL: time.Hour}}, effects...)
		}
		proxy.LoseReply()
		if _, err := s.Commit(t.Context(), turn(c.cause, effects...)); err == nil {
			t.Errorf("%+v: a lost reply is no error", c.cause)
		}
		if out := certainly(t, s, turn(c.cause, effects...)); out.Status != c.again {
			t.Errorf("%+v: sent again: %+v", c.cause, out)
		}
	}
	r, err := s.Read(t.Context(), []store.Query{{Topic: "t"}})
	if err != nil || len(r[0].Entries) != 5 {
		t.Errorf("5 turns were applied %d times, %v", len(r[0].Entries), err)
	}
}
