package peers

import (
	"context"
	"sync/atomic"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
)

var (
	_ = register(Peer{"sojourn-counted", ours, "memory store, whose reads of topics are counted", func(Options) (server, error) {
		return makeCounted(memory.New(memory.Options{}), nil)
	}})
	_ = register(Peer{"sojourn-redis-counted", ours, "Redis, whose reads of topics are counted", func(o Options) (server, error) {
		return makeCounted(redis.Open(context.Background(), o.Redis, redis.Options{}))
	}})
)

// counted is a store whose reads of topics' entries are counted.
type counted struct {
	store.Store
	reads atomic.Uint64
}

func (c *counted) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	for _, q := range queries {
		if q.Topic != "" && q.Entries {
			c.reads.Add(1)
		}
	}
	return c.Store.Read(ctx, queries)
}

func makeCounted(st store.Store, err error) (server, error) {
	if err != nil {
		return server{}, err
	}
	c := &counted{Store: st}
	s, err := makeSojourn(c, false)
	s.reads = c.reads.Load
	return s, err
}
