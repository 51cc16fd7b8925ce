package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/store/storetest"
)

// In a cluster the client closes a connection that was redirected to its own server only five seconds later, and waits some seconds before it
// looks at the nodes again; both go on after its Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient).redirectOrNew.func1"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"))
}

// onBoth runs a test on miniredis and on a real server.
func onBoth(t *testing.T, run func(t *testing.T, url string)) {
	t.Run("miniredis", func(t *testing.T) { run(t, mini(t)) })
	t.Run("redis-server", func(t *testing.T) { run(t, redistest.Start(t)) })
}

func mini(t testing.TB) (url string) {
	return "redis://" + miniredis.RunT(t).Addr() + "/0"
}

// open opens a store that ends with the test.
func open(t testing.TB, url string, o redis.Options) *redis.Store {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := redis.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// plain opens a connection for what the store does not do.
func plain(t testing.TB, url string) rueidis.Client {
	t.Helper()
	o := rueidis.MustParseURL(url)
	o.DisableCache, o.AlwaysRESP2 = true, true
	c, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// do runs a command, whose first argument, if there is one, is a key: in a cluster that says where.
func do(t testing.TB, c rueidis.Client, command ...string) rueidis.RedisResult {
	t.Helper()
	cmd := c.B().Arbitrary(command[0])
	if len(command) > 1 {
		cmd = cmd.Keys(command[1]).Args(command[2:]...)
	}
	r := c.Do(context.Background(), cmd.Build())
	if err := r.Error(); err != nil && !rueidis.IsRedisNil(err) {
		t.Fatalf("%v: %v", command, err)
	}
	return r
}

func TestStore(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		storetest.Run(t, harness(url))
		t.Run("Against", func(t *testing.T) { storetest.RunAgainst(t, storetest.Memory, harness(url)) })
	})
}

var cells atomic.Int64

// harness returns what opens stores in cells of their own, two for each cell, that share a clock.
func harness(url string) func(testing.TB) storetest.Harness {
	return func(t testing.TB) storetest.Harness {
		var clock atomic.Int64
		o := redis.Options{
			Cell:                fmt.Sprint("cell", cells.Add(1)),
			OffsetClockForTests: func() time.Duration { return time.Duration(clock.Load()) },
		}
		c := plain(t, url)
		return storetest.Harness{
			Store:   open(t, url, o),
			Another: open(t, url, o),
			Advance: func(d time.Duration) { clock.Add(int64(d)) },
			Wipe:    func() { restore(t, c, o.Cell, nil) },
			Mark: func() func() {
				mark := dump(t, c, o.Cell)
				return func() { restore(t, c, o.Cell, mark) }
			},
		}
	}
}
