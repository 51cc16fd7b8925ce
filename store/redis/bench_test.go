package redis_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// The benchmarks report, beside the time a caller waits, what one operation costs the server ("script-µs"): there one core does
// everything.

// BenchmarkCommit is a numbered call: its answer is appended to the stream of the socket that it came from, whose connection the committing instance holds.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			data := make([]byte, 64)
			benchmark(b, callers, func(socket string) []store.Effect {
				return []store.Effect{store.Append{Socket: socket, Data: data}}
			})
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	benchmark(b, 64, func(socket string) []store.Effect {
		return []store.Effect{
			store.Append{Socket: socket, Data: make([]byte, 32)},
			store.Publish{Topic: "room", Data: make([]byte, 128), Keep: 50},
		}
	})
}

// BenchmarkPublishAlone is what the program's own code publishes, one after the other.
func BenchmarkPublishAlone(b *testing.B) {
	url := redistest.Start(b)
	s := open(b, url, redis.Options{})
	c := plain(b, url)
	data := make([]byte, 128)
	do(b, c, "CONFIG", "RESETSTAT")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		key := fmt.Sprint("turn/", n)
		certainly(b, s, store.Turn{
			Cause: store.Cause{Key: key, KeepKey: 2 * time.Minute}, Attempt: key, From: "here",
			Effects: []store.Effect{store.Publish{Topic: "room", Data: data, Keep: 50}},
		})
	}
	b.ReportMetric(scriptCost(b, c), "script-µs")
}

func BenchmarkOpen(b *testing.B) {
	ctx := context.Background()
	url := redistest.Start(b)
	s := open(b, url, redis.Options{})
	c := plain(b, url)
	var sockets atomic.Int64
	b.SetParallelism(32)
	do(b, c, "CONFIG", "RESETSTAT")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := sockets.Add(1)
			socket := fmt.Sprint("socket", n)
			groups := []store.Group{
				{Name: fmt.Sprint("user", n%100), Max: b.N}, {Name: fmt.Sprint("address", n%1000), Max: b.N}, {Name: fmt.Sprint("session", n)},
			}
			out, err := s.Commit(ctx, store.Turn{Cause: store.Cause{Socket: socket}, Attempt: socket,
				Effects: []store.Effect{store.Open{Attach: 1, Inbox: "elsewhere", TTL: time.Hour, Groups: groups}}})
			if err != nil || out.Status != store.Applied {
				b.Fatal(out, err)
			}
		}
	})
	b.ReportMetric(scriptCost(b, c), "script-µs")
}

// benchmark commits turns of as many sockets at once as there are callers; each acknowledges the one before.
func benchmark(b *testing.B, callers int, effects func(socket string) []store.Effect) {
	ctx := context.Background()
	url := redistest.Start(b)
	s := open(b, url, redis.Options{})
	c := plain(b, url)
	const inbox = "here"
	for i := range callers {
		socket := fmt.Sprint("socket", i)
		certainly(b, s, store.Turn{Cause: store.Cause{Socket: socket}, Attempt: socket, Effects: []store.Effect{store.Open{Attach: 1, Inbox: inbox, TTL: time.Hour}}})
	}
	do(b, c, "CONFIG", "RESETSTAT")
	b.ReportAllocs()
	b.ResetTimer()
	var turns atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			socket := fmt.Sprint("socket", i)
			attempt := make([]byte, 16)
			var ack store.Cursor
			for n := uint64(1); turns.Add(1) <= int64(b.N); n++ {
				_, _ = rand.Read(attempt)
				out, err := s.Commit(ctx, store.Turn{Cause: store.Cause{Socket: socket, Number: n}, Attempt: string(attempt), From: inbox, Ack: ack, Effects: effects(socket)})
				if err != nil || out.Status != store.Applied {
					b.Error(out, err)
					return
				}
				ack = out.Top
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(scriptCost(b, c), "script-µs")
}

// BenchmarkNotice is what comes for a socket that is held here, of a turn of another instance. The server makes a thousand of them at once.
func BenchmarkNotice(b *testing.B) {
	url := redistest.Start(b)
	s := open(b, url, redis.Options{})
	c := plain(b, url)
	all := make(chan struct{})
	seen := 0 // by one goroutine
	w, err := s.Watch(b.Context(), func(n store.Notice) {
		if n.Socket != "socket" || len(n.Entry.Data) != 64 {
			b.Error(n)
		}
		if seen++; seen == b.N {
			close(all)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	const thousand = `for i = 1, ARGV[2] do redis.call('PUBLISH', KEYS[1], ARGV[1]) end`
	message := "a\nsocket\naaaaa\n123456.bbbbb\n" + string(make([]byte, 64))
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= 1000 {
		do(b, c, "EVAL", thousand, "1", "sj1:{0}:I:"+w.Inbox(), message, strconv.Itoa(min(left, 1000)))
	}
	<-all
}

func scriptCost(b *testing.B, c rueidis.Client) float64 {
	info, err := do(b, c, "INFO", "commandstats").ToString()
	if err != nil {
		b.Fatal(err)
	}
	m := regexp.MustCompile(`cmdstat_evalsha:.*usec_per_call=([0-9.]+)`).FindStringSubmatch(info)
	if m == nil {
		b.Fatal("no evalsha")
	}
	cost, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return cost
}
