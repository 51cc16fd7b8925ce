package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// Data is any bytes, and names are any text without control characters.
func TestAnyBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := t.Context()
		s := open(t, url, redis.Options{Cell: "日本"})
		var all []byte
		for i := range 256 {
			all = append(all, byte(i))
		}
		const name = "a,b|c*d:e{f} é.日本"
		w := watch(t, s, time.Hour, name)
		certainly(t, s, turn(store.Cause{Socket: name},
			store.Open{Secret: name, User: all, Session: name, Attach: 1<<53 - 1, Inbox: w.Inbox(), TTL: time.Hour,
				Groups: []store.Group{{Name: name}, {Name: name + "2", Max: 1}, {Name: "\xff\xfe"}}},
			store.Append{Socket: name, Data: all}, store.Publish{Topic: name, Data: all, Value: all},
			store.Subscribe{Socket: name, Topic: name, Data: all}, store.Put{Item: name, By: name, Max: 1, Data: all},
			store.Publish{Topic: "empty", Data: nil, Value: []byte{}}))
		if n := w.next(store.Added); n.Socket != name || !bytes.Equal(n.Entry.Data, all) {
			t.Errorf("notice of a socket: %+v", n)
		}
		if n := w.next(store.Added); n.Topic != name || !bytes.Equal(n.Entry.Data, all) {
			t.Errorf("notice of a topic: %+v", n)
		}
		a, err := s.Attach(ctx, store.Attach{Socket: name, Secret: name, Number: 1<<53 - 1, Inbox: w.Inbox(), TTL: time.Hour})
		if err != nil || a.Status != store.Applied {
			t.Fatal(a, err)
		}
		if s := a.Socket; s.ID != name || !bytes.Equal(s.User, all) || s.Session != name || s.Attach != 1<<53-1 {
			t.Errorf("socket: %+v", s)
		}
		if !bytes.Equal(a.Entries[0].Data, all) || !bytes.HasPrefix(a.Entries[1].Data, all) {
			t.Errorf("entries: %q", a.Entries)
		}
		if len(a.Subs) != 1 || a.Subs[0].Topic != name {
			t.Errorf("subscriptions: %+v", a.Subs)
		}
		r, err := s.Read(ctx, []store.Query{{Topic: name}, {Topic: name, Value: true}, {Item: name}, {Topic: "empty", Value: true}, {Topic: "empty"},
			{Group: name}, {Group: name + "2"}, {Group: "\xff\xfe"}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r[0].Entries[0].Data, all) || !bytes.Equal(r[1].Value, all) || r[2].Item.ID != name || !bytes.Equal(r[2].Item.Data, all) {
			t.Errorf("read: %+v", r)
		}
		if r[3].Value == nil || len(r[3].Value) != 0 || len(r[4].Entries) != 1 || len(r[4].Entries[0].Data) != 0 {
			t.Errorf("a value and an entry that are empty: %+v", r[3:])
		}
		for _, group := range r[5:] {
			if !slices.Equal(group.Members, []string{name}) {
				t.Errorf("a group: %+v", group)
			}
		}
		if out := certainly(t, s, turn(store.Cause{Key: "2"}, store.Put{Item: "2", By: name, Max: 1})); out.Over != "2" {
			t.Errorf("an item by %q: %+v", name, out)
		}
		if err := s.Volatile(ctx, name, "", all); err != nil {
			t.Fatal(err)
		}
		if err := s.Volatile(ctx, "", name, all); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if n := w.next(store.Volatile); n.Topic+n.Socket != name || !bytes.Equal(n.Entry.Data, all) {
				t.Errorf("volatile: %+v", n)
			}
		}
	})
}

// More of everything than one command can carry as arguments from Lua.
func TestMany(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const many = 2500
		ctx := context.Background()
		var clock time.Duration
		s := open(t, url+"?write_timeout=1m", redis.Options{OffsetClockForTests: func() time.Duration { return clock }})
		claim := func(max int) store.Claimed {
			c, err := s.Claim(ctx, max, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		claim(0)
		first := store.Open{TTL: time.Hour, Attach: 1}
		effects, names := []store.Effect{nil}, []string(nil)
		for i := range many {
			first.Groups = append(first.Groups, store.Group{Name: fmt.Sprint("g", i), Max: 1})
			effects = append(effects,
				store.Subscribe{Socket: "a", Topic: fmt.Sprint("t", i), Max: many},
				store.Put{Item: fmt.Sprint("i", i), Socket: "a", By: "a", Max: many, After: time.Hour},
				store.Publish{Topic: "long", Data: []byte("x"), Keep: 2 * many})
			names = append(names, fmt.Sprint("f", i))
		}
		effects = append(effects, store.Publish{Topic: "wide", Fields: fields(names...), MaxFields: many})
		effects[0] = first
		out := certainly(t, s, turn(store.Cause{Socket: "a"}, effects...))
		if out.Status != store.Applied || out.Top.Offset != many {
			t.Fatalf("%+v", out.Status)
		}
		a, err := s.Attach(ctx, store.Attach{Socket: "a", Number: 2, TTL: time.Hour, Max: many})
		if err != nil || a.Status != store.Lost || len(a.Subs) != many || len(a.Entries) > store.MaxEntries || len(a.Entries) < store.MaxEntries/2 {
			t.Fatal(a.Status, len(a.Subs), len(a.Entries), err)
		}
		last := store.Query{Group: fmt.Sprint("g", many-1)}
		r, err := s.Read(ctx, []store.Query{{Topic: "long", Max: 2 * many}, last})
		if err != nil || len(r[0].Entries) != many || len(r[1].Members) != 1 {
			t.Fatal(len(r[0].Entries), r[1].Members, err)
		}
		wide := store.Query{Topic: "wide", Fields: true}
		if r, err := s.Read(ctx, []store.Query{wide}); err != nil || len(r[0].Fields) != many {
			t.Fatal(len(r[0].Fields), err)
		}
		certainly(t, s, turn(store.Cause{Key: "shorten"}, store.Publish{Topic: "long", Keep: 1}, store.Publish{Topic: "wide", Value: []byte{}}))
		r, err = s.Read(ctx, []store.Query{{Topic: "long", Max: 2 * many}, wide})
		if err != nil || len(r[0].Entries) != 1 || len(r[1].Fields) != 0 {
			t.Fatal(len(r[0].Entries), len(r[1].Fields), err)
		}

		clock += 11 * time.Second
		certainly(t, s, turn(store.Cause{Key: "end"}, store.End{Socket: "a"}))
		var items, sockets int
		for _, d := range claim(2 * many).Due {
			if d.Item.Gone {
				items++
			} else if d.Socket.ID == "a" && len(d.Subs) == many {
				sockets++
			}
		}
		if r, err := s.Read(ctx, []store.Query{last}); err != nil || len(r[0].Members) != 0 {
			t.Fatal(r[0].Members, err)
		}
		if items != many || sockets != 1 {
			t.Errorf("%d items and %d sockets came out, not %d and 1", items, sockets, many)
		}
		if left := len(claim(2 * many).Due); left != 0 {
			t.Errorf("%d things came out twice", left)
		}
	})
}

func TestLargeEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url, redis.Options{})
		large := bytes.Repeat([]byte("0123456789abcdef"), store.MaxBytes/16)
		out := certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{TTL: time.Hour}, store.Append{Socket: "a", Data: large},
			store.Publish{Topic: "t", Data: large, Value: large, KeepBytes: 1}))
		if out.Status != store.Applied {
			t.Fatal(out.Status)
		}
		r, err := s.Read(t.Context(), []store.Query{{Socket: "a", Entries: true}, {Topic: "t"}, {Topic: "t", Value: true}})
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range [][]byte{r[0].Entries[0].Data, r[1].Entries[0].Data, r[2].Value} {
			if !bytes.Equal(got, large) {
				t.Errorf("%d: %d bytes", i, len(got))
			}
		}
	})
}

// What is left of a store that nobody uses any more is let go: all keys but the agendas have a time to live.
func TestTimesToLive(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		if _, err := w.claim(); err != nil {
			t.Fatal(err)
		}
		certainly(t, w.Store, turn(store.Cause{Socket: "gone"}, store.Open{TTL: time.Hour}, store.Bye{}))
		const day = 24 * time.Hour
		want := map[string]time.Duration{
			"k:world": day, "t:t": day, "s:gone": day,
			"s:a": time.Minute + 7*day, "s:b": time.Hour + 7*day, "i:due": time.Minute + 7*day,
		}
		got := map[string]time.Duration{}
		for _, key := range keys(t, w.client, worldCell) {
			name := key[len("sj1:{"+worldCell+"}:"):]
			ms, err := do(t, w.client, "PTTL", key).ToInt64()
			if err != nil {
				t.Fatal(err)
			}
			if agenda := len(name) == 1; agenda != (ms < 0) {
				t.Errorf("%s lives for %d ms", name, ms)
			}
			if _, ok := want[name]; ok {
				got[name] = (time.Duration(ms) * time.Millisecond).Round(time.Minute)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("times to live\n got %v\nwant %v", got, want)
		}
	})
}
