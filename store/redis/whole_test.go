package redis_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// world is a store with something of everything in it, and all that is done to it in these tests.
type world struct {
	testing.TB
	*redis.Store
	client rueidis.Client
	clock  time.Duration
}

const worldCell = "world"

func newWorld(t testing.TB, url string) *world {
	w := &world{TB: t, client: plain(t, url)}
	w.Store = open(t, url, redis.Options{Cell: worldCell, OffsetClockForTests: func() time.Duration { return w.clock }})
	w.commit(turn(store.Cause{Socket: "a"}, store.Open{Secret: "s", Attach: 1, Inbox: "in", TTL: time.Minute, Groups: []store.Group{{Name: "g"}}},
		store.Append{Socket: "a", Data: []byte("1")}, store.Subscribe{Socket: "a", Topic: "t"},
		store.Put{Item: "mine", Socket: "a", By: "a", After: time.Hour}, store.Put{Item: "mine too", Socket: "a", After: time.Hour}))
	w.commit(turn(store.Cause{Socket: "b"}, store.Open{Secret: "s", Attach: 1, Inbox: "in", TTL: time.Hour, Groups: []store.Group{{Name: "g"}}}))
	w.commit(turn(store.Cause{Socket: "stone"}, store.Open{TTL: time.Hour}, store.Bye{Code: 4011, Why: "x"}))
	w.commit(turn(store.Cause{Key: "world"}, store.Publish{Topic: "t", Data: []byte("1"), Value: []byte("v")},
		store.Publish{Topic: "f", Fields: fields("a", "b")}, store.Put{Item: "due", After: time.Second}))
	if _, err := w.claim(); err != nil { // opens a time of grace
		t.Fatal(err)
	}
	w.clock += 90 * time.Second // past that, and past a's deadline
	return w
}

// fields returns fields that have a value.
func fields(names ...string) (list []store.Field) {
	for _, name := range names {
		list = append(list, store.Field{Name: name, Value: []byte("of " + name)})
	}
	return list
}

// turn returns a turn with an attempt of its own.
func turn(cause store.Cause, effects ...store.Effect) store.Turn {
	return store.Turn{Cause: cause, Attempt: fmt.Sprintf("%+v", cause), Effects: effects}
}

func (w *world) commit(t store.Turn) store.Outcome {
	w.Helper()
	out, err := w.Commit(context.Background(), t)
	if err != nil || out.Status != store.Applied {
		w.Fatalf("%+v: %+v, %v", t.Cause, out, err)
	}
	return out
}

func (w *world) dump() [][]string { return dump(w, w.client, worldCell) }

// claim claims what is due, as an instance does that was always there.
func (w *world) claim() (store.Claimed, error) {
	return w.Claim(context.Background(), 100, time.Minute)
}

// operations are what can be done to a world, with the keys that each touches.
func operations() map[string]struct {
	keys []string
	do   func(w *world) error
} {
	type operation = struct {
		keys []string
		do   func(w *world) error
	}
	commit := func(t store.Turn) func(*world) error {
		return func(w *world) error {
			out, err := w.Commit(context.Background(), t)
			if err == nil && out.Status != store.Applied {
				return fmt.Errorf("status %v", out.Status)
			}
			return err
		}
	}
	message := store.Cause{Socket: "a", Number: 1}
	everything := turn(message,
		store.Append{Socket: "a", Data: []byte("x")}, store.Append{Socket: "b", Data: []byte("x")},
		store.Publish{Topic: "t", Data: []byte("x"), Value: []byte("y"), Keep: 1}, store.Publish{Topic: "new", Data: []byte("x")},
		store.Publish{Topic: "f", Fields: append(fields("b", "c"), store.Field{Name: "a"}), MaxFields: 9},
		store.Subscribe{Socket: "b", Topic: "t2"}, store.Unsubscribe{Socket: "a", Topic: "t"},
		store.Put{Item: "i", Socket: "b", After: time.Hour}, store.Cancel{Item: "mine"}, store.End{Socket: "b"})
	everything.Guards = []store.Guard{{Item: "due"}, {Topic: "none"}, {Topic: "none", Field: "a"}}
	return map[string]operation{
		"open":           {[]string{"d", "m", "g", "s:c"}, commit(turn(store.Cause{Socket: "c"}, store.Open{TTL: time.Hour, Groups: []store.Group{{Name: "g", Max: 9}}}))},
		"put by":         {[]string{"e", "g", "i:i"}, commit(turn(store.Cause{Key: "once"}, store.Put{Item: "i", By: "a"}))},
		"turn":           {[]string{"d", "e", "g", "m", "e", "s:a", "s:b", "t:t", "t:f", "t:new", "t:t2", "t:none", "i:i", "i:mine", "i:due"}, commit(everything)},
		"answer":         {[]string{"m", "s:a"}, commit(turn(message, store.Append{Socket: "a", Data: []byte("x")}))},
		"bye":            {[]string{"d", "e", "g", "s:a", "i:mine", "i:mine too"}, commit(turn(message, store.Publish{Topic: "t"}, store.Bye{Code: 4011, Why: "x"}))},
		"key":            {[]string{"k:once", "m", "s:b"}, commit(turn(store.Cause{Key: "once"}, store.Append{Socket: "b"}))},
		"another's item": {[]string{"g", "i:mine", "s:a"}, commit(turn(store.Cause{Key: "once"}, store.Append{Socket: "b"}, store.Cancel{Item: "mine"}))},
		"a group":        {[]string{"m", "g", "s:a", "s:b"}, commit(turn(store.Cause{Key: "once"}, store.Append{Socket: "a"}, store.AppendAll{Group: "g", Data: []byte("x")}))},
		"attach": {[]string{"d", "m", "s:a"}, func(w *world) error {
			_, err := w.Attach(context.Background(), store.Attach{Socket: "a", Secret: "s", Number: 2, TTL: time.Hour,
				Topics: map[string]store.Cursor{"t": {Offset: 1, Tag: "x"}}})
			return err
		}},
		"keep": {[]string{"d", "m", "s:a", "s:b"}, func(w *world) error {
			_, err := w.Keep(context.Background(), []store.Held{{Socket: "a", Attach: 1, TTL: time.Hour}, {Socket: "b", Attach: 1, TTL: time.Hour},
				{Socket: "a", Ack: store.Cursor{Offset: 1, Tag: "other"}}})
			return err
		}},
		"read": {[]string{"g", "t:t", "t:f", "s:a", "s:stone", "i:due"}, func(w *world) error {
			_, err := w.Read(context.Background(), []store.Query{{Topic: "t"}, {Topic: "t", Value: true}, {Topic: "f", Fields: true}, {Topic: "f", Field: "a"},
				{Socket: "a"}, {Socket: "a", Entries: true}, {Item: "due"}, {Group: "g"}, {Socket: "stone"}})
			return err
		}},
		"claim": {[]string{"d", "e", "g", "m", "e", "s:a", "i:mine", "i:mine too", "i:due"}, func(w *world) error {
			c, err := w.claim()
			if err == nil && len(c.Due) != 2 {
				return fmt.Errorf("%d things were due", len(c.Due))
			}
			return err
		}},
	}
}

// A script that fails after its first write keeps what it wrote. So no script may: not when any of the keys that it touches is
// of a type that it should not be.
func TestAllOrNoneWithForeignKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		fresh := w.dump()
		for name, op := range operations() {
			for _, k := range op.keys {
				restore(t, w.client, worldCell, fresh)
				key := "sj1:{" + worldCell + "}:" + k
				do(t, w.client, "DEL", key)
				do(t, w.client, "RPUSH", key, "planted")
				before := w.dump()
				if err := op.do(w); err == nil {
					t.Errorf("%s: a %s that is a list is no error", name, k)
				}
				if after := w.dump(); !reflect.DeepEqual(after, before) {
					t.Errorf("%s: with a %s that is a list half of it was done:\nbefore %q\nafter  %q", name, k, before, after)
				}
			}
			restore(t, w.client, worldCell, fresh)
			if err := op.do(w); err != nil {
				t.Errorf("%s: without a list in its way: %v", name, err)
			}
		}
	})
}

// Redis refuses a script's first write, or none.
func TestAllOrNoneWhenRefused(t *testing.T) {
	refusals := map[string]struct{ on, off []string }{
		"no memory":   {[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		"no replicas": {[]string{"CONFIG", "SET", "min-replicas-to-write", "1"}, []string{"CONFIG", "SET", "min-replicas-to-write", "0"}},
		"read-only":   {[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
	}
	w := newWorld(t, redistest.Start(t))
	fresh := w.dump()
	for name, op := range operations() {
		restore(t, w.client, worldCell, fresh)
		if err := op.do(w); err != nil {
			t.Fatal(err)
		}
		whole := shape(w.dump())
		for why, refusal := range refusals {
			restore(t, w.client, worldCell, fresh)
			do(t, w.client, refusal.on...)
			err := op.do(w)
			after := w.dump()
			do(t, w.client, refusal.off...)
			switch {
			case err == nil && name == "read":
			case err == nil && why == "no memory": // a script that begins with a deletion is let through to its end
				if got := shape(after); !reflect.DeepEqual(got, whole) {
					t.Errorf("%s: %s: half of it was done:\n got %q\nwant %q", why, name, got, whole)
				}
			case err == nil || name == "read":
				t.Errorf("%s: %s: %v", why, name, err)
			case !reflect.DeepEqual(after, fresh):
				t.Errorf("%s: %s: half of it was done:\nbefore %q\nafter  %q", why, name, fresh, after)
			default:
				if err := op.do(w); err != nil {
					t.Errorf("%s: %s: once it is over: %v", why, name, err)
				}
			}
		}
	}
}

// shape returns a dump without what differs from run to run: instants and tokens.
func shape(commands [][]string) (shaped [][]string) {
	for _, command := range commands {
		command = slices.Clone(command)
		for i := 2; i+1 < len(command); i += 2 {
			switch {
			case command[0] == "ZADD":
				command[i] = "*"
			case command[i] == "exp" || command[i] == "tok" || command[i] == "claimed" || command[i] == "next":
				command[i+1] = "*"
			}
		}
		if command[0] == "SET" {
			command[2] = "*"
		}
		shaped = append(shaped, command)
	}
	return shaped
}

// A user who may not publish loses notices, and nothing else.
func TestAllOrNoneWithoutPublish(t *testing.T) {
	s := redistest.StartT(t)
	w := newWorld(t, s.URL())
	do(t, w.client, "ACL", "SETUSER", "quiet", "on", ">secret", "~*", "+@all", "resetchannels")
	w.Store = open(t, "redis://quiet:secret@"+s.Addr()+"/0", redis.Options{Cell: worldCell})
	out := w.commit(turn(store.Cause{Socket: "b", Number: 1}, store.Append{Socket: "a"}, store.Publish{Topic: "t"}))
	if out.Number != 1 {
		t.Fatalf("the message was not applied: %+v", out)
	}
	if _, err := w.Watch(t.Context(), func(store.Notice) {}); err == nil {
		t.Fatal("a watch that may not subscribe is no error")
	}
}
