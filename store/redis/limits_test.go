package redis_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// Options say how much a socket's stream holds.
func TestLimitsOfStreams(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url, redis.Options{MaxEntries: 4, MaxBytes: 100})
		certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{TTL: time.Hour}))
		certainly(t, s, turn(store.Cause{Socket: "b"}, store.Open{TTL: time.Hour}))
		turns := 0
		do := func(c store.Cause, socket string, size int, want store.Status, kept int) {
			t.Helper()
			turns++
			if c == (store.Cause{}) {
				c.Key = fmt.Sprint("turn", turns)
			}
			out := certainly(t, s, turn(c, store.Append{Socket: socket, Data: make([]byte, size)}))
			r, err := s.Read(t.Context(), []store.Query{{Socket: socket, Entries: true}})
			if err != nil || out.Status != want || len(r[0].Entries) != kept {
				t.Errorf("turn %d: status %v and %d entries, want %v and %d; %v", turns, out.Status, len(r[0].Entries), want, kept, err)
			}
		}
		message := func(socket string, n uint64) store.Cause { return store.Cause{Socket: socket, Number: n} }
		from := store.Cause{}
		do(from, "a", 1, store.Applied, 1)
		do(from, "a", 1, store.Applied, 2)
		do(message("a", 1), "a", 1, store.Applied, 3) // half of it is not Full
		do(message("a", 2), "a", 1, store.Full, 3)
		do(from, "a", 1, store.Applied, 4)
		do(from, "a", 1, store.Applied, 1) // all is let go
		do(from, "b", 50, store.Applied, 1)
		do(message("b", 1), "b", 1, store.Applied, 2) // half of it is not Full
		do(message("b", 2), "b", 1, store.Full, 2)
		do(from, "b", 49, store.Applied, 3)
		do(from, "b", 1, store.Applied, 1) // all is let go
	})
}

// A reply names the first 10,000 members of a group.
func TestMembersAtMost(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url, redis.Options{})
		plant := []string{"ZADD", "sj1:{0}:g"}
		var want []string
		for i := range 10_001 {
			id := fmt.Sprintf("socket-%05d", i)
			plant = append(plant, "0", "s:crowd\x00"+id)
			want = append(want, id)
		}
		do(t, plain(t, url), plant...)
		r, err := s.Read(t.Context(), []store.Query{{Group: "crowd"}})
		if err != nil || !reflect.DeepEqual(r[0].Members, want[:10_000]) {
			t.Errorf("%d members, %v", len(r[0].Members), err)
		}
	})
}

// What Redis has let go, since nobody claimed it for so long, has not left its groups by itself, nor made room. The next claim sees to that.
func TestLetGoUnclaimed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var clock time.Duration
		s := open(t, url, redis.Options{Cell: "lost", OffsetClockForTests: func() time.Duration { return clock }})
		c := plain(t, url)
		claim := func() store.Claimed {
			t.Helper()
			claimed, err := s.Claim(t.Context(), 100, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return claimed
		}
		claim()
		groups := []store.Group{{Name: "g"}, {Name: "h"}}
		join := func(id string, ttl time.Duration) {
			t.Helper()
			certainly(t, s, turn(store.Cause{Socket: id}, store.Open{TTL: ttl, Groups: groups}))
		}
		join("lost", time.Second)
		join("kept", time.Hour)
		certainly(t, s, turn(store.Cause{Key: "put"},
			store.Put{Item: "lost item", By: "ann"}, store.Put{Item: "kept", By: "ann", After: time.Hour},
			store.Put{Item: "other", By: "lost", After: time.Hour}, store.Put{Item: "lost", By: "bob", After: time.Hour}))
		clock += 11 * time.Second
		for _, key := range []string{"s:lost", "i:lost item"} {
			do(t, c, "DEL", "sj1:{lost}:"+key)
		}
		if due := claim().Due; len(due) != 0 {
			t.Fatalf("what is not there any more was due: %+v", due)
		}
		want := []string{"i:ann\x00kept", "i:bob\x00lost", "i:lost\x00other", "s:g\x00kept", "s:h\x00kept"}
		if got, err := do(t, c, "ZRANGE", "sj1:{lost}:g", "0", "-1").AsStrSlice(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after a claim the rolls say %q, want %q; %v", got, want, err)
		}
		out := certainly(t, s, turn(store.Cause{Socket: "lost"}, store.Open{TTL: time.Hour, Groups: []store.Group{{Name: "g", Max: 2}}}))
		if out.Status != store.Applied {
			t.Errorf("there is no room where a lost socket was: %+v", out)
		}
	})
}
