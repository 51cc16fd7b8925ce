package redis_test

import (
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// When something is due next is kept beside the deadlines. Whatever moves those moves it, and where it is lost they tell.
func TestNextDueFollowsTheDeadlines(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url, redis.Options{})
		c := plain(t, url)
		n := uint64(0)
		due := func(what string, want time.Duration) {
			t.Helper()
			n++
			out := certainly(t, s, turn(store.Cause{Socket: "a", Number: n}))
			if got := out.NextDue; out.Status != store.Applied || got > want || got < want-time.Minute {
				t.Errorf("%s: %v, and due in %v instead of %v", what, out.Status, got, want)
			}
		}
		if _, err := s.Claim(t.Context(), 1, time.Minute); err != nil { // opens a time of grace
			t.Fatal(err)
		}
		certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{Attach: 1, TTL: 10 * time.Minute}))
		due("opened", 10*time.Minute)
		if _, err := s.Keep(t.Context(), []store.Held{{Socket: "a", Attach: 1, TTL: 20 * time.Minute}}); err != nil {
			t.Fatal(err)
		}
		due("kept", 20*time.Minute)
		if _, err := s.Attach(t.Context(), store.Attach{Socket: "a", Number: 2, TTL: 30 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		due("attached", 30*time.Minute)
		certainly(t, s, turn(store.Cause{Key: "put"}, store.Put{Item: "i", After: 5 * time.Minute}))
		due("an item was put", 5*time.Minute)
		certainly(t, s, turn(store.Cause{Key: "cancel"}, store.Cancel{Item: "i"}))
		due("it was cancelled", 30*time.Minute)
		do(t, c, "DEL", "sj1:{0}:m")
		due("what was kept beside is lost", 30*time.Minute)
	})
}
