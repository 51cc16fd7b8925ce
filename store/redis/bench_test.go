package redis_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
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

func BenchmarkCall(b *testing.B) {
	benchmark(b, func(socket string, n uint64) store.Turn {
		return store.Turn{Effects: []store.Effect{store.Append{Socket: socket, Data: make([]byte, 128)}}}
	})
}

func BenchmarkPublish(b *testing.B) {
	benchmark(b, func(socket string, n uint64) store.Turn {
		return store.Turn{Effects: []store.Effect{
			store.Append{Socket: socket, Data: make([]byte, 32)},
			store.Publish{Topic: "room", Data: make([]byte, 128), Keep: 50},
		}}
	})
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

// benchmark commits turns of 64 sockets at once; each acknowledges the one before.
func benchmark(b *testing.B, turn func(socket string, n uint64) store.Turn) {
	ctx := context.Background()
	url := redistest.Start(b)
	s := open(b, url, redis.Options{})
	c := plain(b, url)
	var sockets atomic.Int64
	b.SetParallelism(32)
	do(b, c, "CONFIG", "RESETSTAT")
	b.RunParallel(func(pb *testing.PB) {
		socket := fmt.Sprint("socket", sockets.Add(1))
		_, err := s.Commit(ctx, store.Turn{Cause: store.Cause{Socket: socket}, Attempt: socket,
			Effects: []store.Effect{store.Open{Attach: 1, Inbox: "elsewhere", TTL: time.Hour}}})
		if err != nil {
			b.Fatal(err)
		}
		var ack store.Cursor
		for n := uint64(1); pb.Next(); n++ {
			t := turn(socket, n)
			t.Cause, t.Attempt, t.Ack = store.Cause{Socket: socket, Number: n}, fmt.Sprint(socket, n), ack
			out, err := s.Commit(ctx, t)
			if err != nil || out.Status != store.Applied {
				b.Fatal(out, err)
			}
			ack = out.Top
		}
	})
	b.ReportMetric(scriptCost(b, c), "script-µs")
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
