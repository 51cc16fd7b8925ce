package peers

import (
	"context"
	"encoding/json"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

const ours = "github.com/sojourn-go/sojourn"

var (
	_ = register(Peer{"sojourn", ours, "memory store, topics that keep", inMemory(false)})
	_ = register(Peer{"sojourn-volatile", ours, "memory store, volatile topics", inMemory(true)})
	_ = register(Peer{"sojourn-redis", ours, "Redis, topics that keep", inRedis(false)})
	_ = register(Peer{"sojourn-redis-volatile", ours, "Redis, volatile topics", inRedis(true)})
)

func inMemory(volatile bool) func(Options) (server, error) {
	return func(Options) (server, error) { return makeSojourn(memory.New(memory.Options{}), volatile) }
}

func inRedis(volatile bool) func(Options) (server, error) {
	return func(o Options) (server, error) {
		st, err := redis.Open(context.Background(), o.Redis, redis.Options{})
		if err != nil {
			return server{}, err
		}
		return makeSojourn(st, volatile)
	}
}

// Ours has the default limits but for two, since others count neither: it does not hold back who sends more than 1,000 frames a second, nor refuse who has more than 16
// volatile calls under way.
var (
	unpaced   = transports.Limits{Rate: -1}
	unlimited = framework.Limits{Volatile: -1}
)

func makeSojourn(st store.Store, volatile bool) (server, error) {
	news := &framework.Topic[json.RawMessage]{Name: "news", Volatile: volatile, Subscribe: framework.Anyone}
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{Limits: unpaced}, sse.Transport{Limits: unpaced}, longpoll.Transport{Limits: unpaced}},
		Services: []framework.Service{{
			Name:    "bench",
			Methods: framework.Methods{"echo": framework.Call(same).Volatile()}, // it may be called either way
			Topics:  []framework.Stream{news},
		}},
		Store:  st,
		Limits: unlimited,
	})
	if err != nil {
		return server{}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	publishTo := func(topic string, b []byte) error {
		return rt.Do(ctx, func(t *framework.Turn) error { return news.Publish(t, topic, b) })
	}
	return server{
		Handler:   rt,
		publish:   func(b []byte) error { return publishTo("all", b) },
		publishTo: publishTo,
		close: func() {
			cancel()
			st.Close()
		},
	}, nil
}

// same answers a call with what it was given: JSON, as it came.
func same(_ *framework.Turn, in json.RawMessage) (json.RawMessage, error) { return in, nil }
