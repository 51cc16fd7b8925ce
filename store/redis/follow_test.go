package redis_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// follower follows a topic as an instance does: it believes a notice that follows on what it has, and reads for all others.
type follower struct {
	*watched
	store *redis.Store
	topic string
	at    store.Cursor
	got   []string
}

func follow(t testing.TB, s *redis.Store, probe time.Duration, topic string) *follower {
	t.Helper()
	return &follower{watched: watch(t, s, probe, topic), store: s, topic: topic}
}

func (f *follower) take(e store.Entry) { f.at, f.got = e.Cursor, append(f.got, string(e.Data)) }

func (f *follower) read() {
	f.Helper()
	for {
		replies, err := f.store.Read(context.Background(), []store.Query{{Topic: f.topic, After: f.at}})
		if err != nil {
			f.Fatal(err)
		}
		r := replies[0]
		if r.Status == store.Missing {
			return
		}
		if r.Status != store.Applied {
			f.Fatalf("read after %v: %+v", f.at, r)
		}
		for _, e := range r.Entries {
			f.take(e)
		}
		if f.at == r.Top {
			return
		}
	}
}

// until follows until an entry has come.
func (f *follower) until(last string) {
	f.Helper()
	for !slices.Contains(f.got, last) {
		select {
		case n := <-f.notices:
			switch {
			case n.Kind == store.Added && n.Entry.Offset <= f.at.Offset:
			case n.Kind == store.Added && n.Entry.Offset == f.at.Offset+1 && n.Prev == f.at.Tag && n.Entry.Data != nil:
				f.take(n.Entry)
			default:
				f.read()
			}
		case <-time.After(20 * time.Second):
			f.Fatalf("%q did not come", last)
		}
	}
}

// all checks that everything came, once and in order: numbers.
func (f *follower) all(first, last int) {
	f.Helper()
	f.until(fmt.Sprint(last))
	var want []string
	for i := first; i <= last; i++ {
		want = append(want, fmt.Sprint(i))
	}
	if !slices.Equal(f.got, want) {
		f.Errorf("came %v", f.got)
	}
}

// talkers are sockets that say one message after the other, at once. Each publishes to a topic that has its name.
type talkers struct {
	testing.TB
	store   *redis.Store
	last    []uint64        // that each has said; for others when all have ended
	next    []chan struct{} // yields now and then when one has said something
	unknown atomic.Int64    // outcomes
	wait    sync.WaitGroup
}

// talk lets sockets say so many messages each, and more until enough is closed.
func talk(t testing.TB, s *redis.Store, sockets, messages int, enough <-chan struct{}) *talkers {
	t.Helper()
	k := &talkers{TB: t, store: s, last: make([]uint64, sockets), next: make([]chan struct{}, sockets)}
	for i := range sockets {
		k.next[i] = make(chan struct{}, 1)
		name := fmt.Sprint("talker-", i)
		certainly(t, s, turn(store.Cause{Socket: name}, store.Open{TTL: time.Hour}))
		k.wait.Go(func() {
			defer close(k.next[i])
			for n := uint64(1); n <= uint64(messages) || !closed(enough); n++ {
				if !k.say(i, name, n) {
					return
				}
			}
		})
	}
	return k
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return c == nil
	}
}

// say commits a message until it is known that it was applied.
func (k *talkers) say(i int, name string, n uint64) bool {
	text := []byte(fmt.Sprint(n))
	t := turn(store.Cause{Socket: name, Number: n}, store.Publish{Topic: name, Data: text, Keep: 100_000},
		store.Put{Item: name, After: time.Hour, Data: text}) // replaces the one before
	for deadline := time.Now().Add(30 * time.Second); ; {
		out, err := k.store.Commit(context.Background(), t)
		switch {
		case err != nil && time.Now().Before(deadline):
			k.unknown.Add(1)
			continue
		case err != nil:
			k.Errorf("message %d of %s: %v", n, name, err)
			return false
		case out.Number != n || out.Status != store.Applied && out.Status != store.Repeated:
			k.Errorf("message %d of %s: %+v", n, name, out)
			return false
		}
		k.last[i] = n
		select {
		case k.next[i] <- struct{}{}:
		default:
		}
		return true
	}
}

// goneOn returns when each has said something more.
func (k *talkers) goneOn() {
	for _, next := range k.next {
		<-next // one that was before this call
		<-next
	}
}

// once waits for the last message and checks that each took effect once, in order.
func (k *talkers) once() {
	k.Helper()
	k.wait.Wait()
	for i, last := range k.last {
		name := fmt.Sprint("talker-", i)
		var want, got []string
		for n := range last {
			want = append(want, fmt.Sprint(n+1))
		}
		replies, err := k.store.Read(context.Background(), []store.Query{{Topic: name, Max: 100_000}, {Item: name}})
		if err != nil {
			k.Fatal(err)
		}
		for _, e := range replies[0].Entries {
			got = append(got, string(e.Data))
		}
		if !slices.Equal(got, want) || string(replies[1].Item.Data) != fmt.Sprint(last) {
			k.Errorf("%s said %d messages; came %v, and last %q", name, last, got, replies[1].Item.Data)
		}
	}
}
