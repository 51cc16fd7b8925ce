package redis_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// restart starts a server again that was stopped or killed.
func restart(t testing.TB, server *redistest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
}

// ask reads one thing, again if the connection was broken.
func ask(t testing.TB, s *redis.Store, q store.Query) store.Reply {
	t.Helper()
	var err error
	for range 10 {
		var replies []store.Reply
		if replies, err = s.Read(context.Background(), []store.Query{q}); err == nil {
			return replies[0]
		}
	}
	t.Fatal(err)
	return store.Reply{}
}

// A Redis without a disk came up again with nothing: everybody is told.
func TestRedisEmptied(t *testing.T) {
	server := redistest.StartT(t)
	s := open(t, server.URL(), redis.Options{})
	w := watch(t, s, time.Hour, "t")
	message := turn(store.Cause{Socket: "a", Number: 1}, store.Publish{Topic: "t", Data: []byte("1")})
	certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{Secret: "s", TTL: time.Hour}))
	seen := certainly(t, s, message).At[0]
	server.Kill()
	restart(t, server)
	w.next(store.Resync)

	if r := ask(t, s, store.Query{Topic: "t", After: seen}); r.Status != store.Missing {
		t.Errorf("a topic: %+v", r)
	}
	if out := certainly(t, s, message); out.Status != store.Gone {
		t.Errorf("a message: %+v", out)
	}
	if found, err := s.Attach(t.Context(), store.Attach{Socket: "a", Secret: "s", Number: 2, In: 1}); err != nil || found.Status != store.Gone {
		t.Errorf("an attach: %+v, %v", found, err)
	}
	if kept, err := s.Keep(t.Context(), []store.Held{{Socket: "a"}}); err != nil || kept[0].Status != store.Gone {
		t.Errorf("a connection: %+v, %v", kept, err)
	}
	publish(t, s, "other")
	if r := ask(t, s, store.Query{Topic: "t", After: seen}); r.Status != store.Lost || !r.Rewound {
		t.Errorf("a cursor of before, though its offset is there again: %+v", r)
	}
	if n := w.next(store.Added); string(n.Entry.Data) != "other" {
		t.Errorf("notice: %+v", n)
	}
}

// A Redis came up again with a snapshot that is older than what it has acknowledged: who saw more is told, and nobody else.
func TestRedisRewound(t *testing.T) {
	server := redistest.StartT(t)
	s := open(t, server.URL(), redis.Options{})
	say := func(n uint64, data string) store.Turn {
		message := turn(store.Cause{Socket: "a", Number: n}, store.Publish{Topic: "t", Data: []byte(data)}, store.Append{Socket: "a", Data: []byte(data)})
		message.Attempt = data
		return message
	}
	certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{Secret: "s", Attach: 1, TTL: time.Hour}))
	kept := certainly(t, s, say(1, "kept")).At
	do(t, plain(t, server.URL()), "SAVE")
	lost := certainly(t, s, say(2, "lost")).At
	server.Kill()
	restart(t, server)

	again := func(when string) {
		t.Helper()
		for which, at := range map[bool][]store.Cursor{false: kept, true: lost} {
			if r := ask(t, s, store.Query{Topic: "t", After: at[0]}); r.Rewound != which {
				t.Errorf("%s, a topic's cursor that was lost (%t): %+v", when, which, r)
			}
			held, err := s.Keep(t.Context(), []store.Held{{Socket: "a", Attach: 1, TTL: time.Hour, Ack: at[1]}})
			if err != nil || (held[0].Status == store.Rewound) != which {
				t.Errorf("%s, a connection that has seen what was lost (%t): %+v, %v", when, which, held, err)
			}
		}
	}
	again("at once")
	if out := certainly(t, s, say(3, "next")); out.Status != store.Gap || out.Number != 1 {
		t.Errorf("a message after the one that was lost: %+v", out)
	}
	if out := certainly(t, s, say(2, "anew")); out.Status != store.Applied || out.At[0].Offset != lost[0].Offset {
		t.Errorf("the message that was lost, sent again: %+v", out)
	}
	again("when offsets were given out again")
	found, err := s.Attach(t.Context(), store.Attach{Socket: "a", Secret: "s", Number: 2, TTL: time.Hour, Cursor: lost[1]})
	if err != nil || found.Status != store.Rewound {
		t.Errorf("a client that has seen what was lost: %+v, %v", found, err)
	}
	found, err = s.Attach(t.Context(), store.Attach{Socket: "a", Secret: "s", Number: 2, TTL: time.Hour, Cursor: kept[1]})
	if err != nil || found.Status != store.Applied || len(found.Entries) != 1 || string(found.Entries[0].Data) != "anew" {
		t.Errorf("a client that has not: %+v, %v", found, err)
	}
}

// Redis was away for longer than any socket lives without its client. Connections that were held are kept by the grace.
func TestOutageLongerThanTheTimeToLive(t *testing.T) {
	server := redistest.StartT(t)
	var clock atomic.Int64
	s := open(t, server.URL(), redis.Options{OffsetClockForTests: func() time.Duration { return time.Duration(clock.Load()) }})
	for _, socket := range []string{"held", "left"} {
		certainly(t, s, turn(store.Cause{Socket: socket}, store.Open{Attach: 1, TTL: time.Minute}))
	}
	claimed := func() (due []string) {
		t.Helper()
		c, err := s.Claim(t.Context(), 10, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range c.Due {
			due = append(due, d.Socket.ID)
		}
		return due
	}
	claimed()
	do(t, plain(t, server.URL()), "SAVE")
	server.Kill()
	if _, err := s.Keep(t.Context(), []store.Held{{Socket: "held", Attach: 1, TTL: time.Minute}}); err == nil {
		t.Fatal("a Redis that is not there is no error")
	}
	clock.Add(int64(time.Hour))
	restart(t, server)
	ask(t, s, store.Query{Topic: "t"}) // finds the broken connection: a claim is not sent twice

	if due := claimed(); len(due) != 0 {
		t.Errorf("due at once: %v", due)
	}
	clock.Add(int64(5 * time.Second))
	kept, err := s.Keep(t.Context(), []store.Held{{Socket: "held", Attach: 1, TTL: time.Minute}})
	if err != nil || kept[0].Status != store.Applied {
		t.Fatalf("kept in the grace: %+v, %v", kept, err)
	}
	clock.Add(int64(7 * time.Second))
	if due := claimed(); len(due) != 1 || due[0] != "left" {
		t.Errorf("due after the grace: %v", due)
	}
}

// causes are turns of every kind, and what each is when it was applied before.
func causes(t testing.TB, s *redis.Store) map[store.Status][]store.Turn {
	t.Helper()
	certainly(t, s, turn(store.Cause{Socket: "a"}, store.Open{TTL: time.Hour}, store.Put{Item: "i"}))
	certainly(t, s, turn(store.Cause{Socket: "b"}, store.Open{TTL: time.Hour}, store.End{Socket: "b"}))
	claimed, err := s.Claim(t.Context(), 2, time.Hour)
	if err != nil || len(claimed.Due) != 2 {
		t.Fatal(claimed, err)
	}
	log := store.Publish{Topic: "log"}
	all := map[store.Status][]store.Turn{store.Repeated: {
		turn(store.Cause{Socket: "c"}, store.Open{TTL: time.Hour}, log),
		turn(store.Cause{Socket: "a", Number: 1}, log),
		turn(store.Cause{Key: "k"}, log),
	}}
	for _, d := range claimed.Due {
		all[store.Gone] = append(all[store.Gone], turn(store.Cause{Socket: d.Socket.ID, Item: d.Item.ID, Token: d.Token}, log))
	}
	return all
}

// refused checks that turns of every kind are errors while Redis refuses, and that each takes effect once when that is over.
func refused(t *testing.T, s *redis.Store, because string, all map[store.Status][]store.Turn, over func()) {
	t.Helper()
	for _, turns := range all {
		for _, next := range turns {
			said := ""
			for tries := 0; tries < 10 && !strings.Contains(said, because); tries++ { // the first may find broken connections
				out, err := s.Commit(t.Context(), next)
				if err == nil {
					t.Fatalf("%+v: %+v", next.Cause, out)
				}
				said = err.Error()
			}
			if !strings.Contains(said, because) {
				t.Errorf("%+v: %s", next.Cause, said)
			}
		}
	}
	over()
	for again, turns := range all {
		for _, next := range turns {
			if out := certainly(t, s, next); out.Status != store.Applied {
				t.Errorf("%+v: when it is over: %+v", next.Cause, out)
			}
			if out := certainly(t, s, next); out.Status != again {
				t.Errorf("%+v: again: %+v", next.Cause, out)
			}
		}
	}
	if r := ask(t, s, store.Query{Topic: "log"}); len(r.Entries) != 5 {
		t.Errorf("5 turns left %d entries", len(r.Entries))
	}
}

// What was the primary is a replica now, as after a failover, and becomes one again.
func TestReadOnly(t *testing.T) {
	server := redistest.StartT(t)
	s, c := open(t, server.URL(), redis.Options{}), plain(t, server.URL())
	all := causes(t, s)
	do(t, c, "REPLICAOF", "127.0.0.1", "1")
	refused(t, s, "READONLY", all, func() { do(t, c, "REPLICAOF", "NO", "ONE") })
}

// Redis answers that it is loading while it reads a large file.
func TestLoading(t *testing.T) {
	// It takes 20 ms for each of 2,000 keys, and answers in between, until it is told to be quick.
	server := redistest.StartT(t, "--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
	s, c := open(t, server.URL(), redis.Options{}), plain(t, server.URL())
	all := causes(t, s)
	for i := range 2000 {
		do(t, c, "SET", fmt.Sprint("ballast", i), strings.Repeat(fmt.Sprintf("%08x", i*i), 128))
	}
	do(t, c, "CONFIG", "SET", "rdbcompression", "no")
	do(t, c, "SAVE")
	server.Kill()
	restart(t, server)
	refused(t, s, "LOADING", all, func() {
		for _, command := range []string{"CONFIG SET key-load-delay 0", "INFO persistence"} {
			for answer := "loading:1"; strings.Contains(answer, "loading:1"); {
				var err error
				if answer, err = server.Do(strings.Fields(command)...); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Redis forgets its scripts again and again while messages are committed.
func TestScriptFlush(t *testing.T) {
	url := redistest.Start(t)
	s, c := open(t, url, redis.Options{}), plain(t, url)
	enough := make(chan struct{})
	k := talk(t, s, 4, 50, enough)
	for range 20 {
		k.goneOn()
		do(t, c, "SCRIPT", "FLUSH")
	}
	close(enough)
	k.once()
	if errs := k.unknown.Load(); errs > 0 {
		t.Errorf("%d errors", errs)
	}
}

// Redis closes all subscriptions again and again.
func TestClientKillPubsub(t *testing.T) {
	url := redistest.Start(t)
	s, c := open(t, url, redis.Options{}), plain(t, url)
	f := follow(t, s, time.Hour, "t")
	for i := range 20 {
		if i%4 == 3 {
			do(t, c, "CLIENT", "KILL", "TYPE", "pubsub")
		}
		publish(t, s, fmt.Sprint(i))
		f.until(fmt.Sprint(i))
	}
	f.all(0, 19)
}

// The network stops carrying what is subscribed to, and does not say so.
func TestPubSubSilentlyStopped(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	f := follow(t, s, 20*time.Millisecond, "t")
	for i := range 40 {
		if i%20 == 10 {
			f.until(fmt.Sprint(i - 1))
			proxy.Mute()
		}
		publish(t, s, fmt.Sprint(i))
	}
	f.all(0, 39)
}

// All connections break again and again, in the middle of whatever they carry.
func TestConnectionsCut(t *testing.T) {
	server := redistest.StartT(t)
	proxy := redistest.StartProxy(t, server.Addr())
	s := open(t, proxy.URL(), redis.Options{})
	enough := make(chan struct{})
	k := talk(t, s, 4, 1, enough)
	for cuts := 0; k.unknown.Load() < 20; cuts++ {
		if cuts == 1000 {
			t.Error("outcomes are never unknown")
			break
		}
		k.goneOn()
		proxy.Cut()
	}
	close(enough)
	k.once()
}
