package work

import (
	"slices"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

var idle = Work{
	Name: "W5", Title: "idle",
	About: "A connection that follows, to which nothing is said: the server's resident memory after a collection of garbage, above what it was before there were any, for each. With Redis an " +
		"instance keeps of a conversation what it needs while it holds the connection: the bar is about that. What ours has more with the memory store that keeps; it is stated apart.",
	Cases: []Case{
		{
			Name: "ws", Spec: held(10_000), Servers: slices.Concat(followers, []string{"sojourn-redis"}), Figures: []Figure{memory, inStore, goroutines},
			Parts: []Part{{Name: "the memory store", Figure: memory, Server: "sojourn", Less: "sojourn-redis"}},
		},
		{
			Name: "sse", Spec: held(5_000), Servers: slices.Concat(streamers, []string{"sojourn-redis-sse"}), Figures: []Figure{memory, inStore, goroutines},
			Parts: []Part{{Name: "the memory store", Figure: memory, Server: "sojourn-sse", Less: "sojourn-redis-sse"}},
		},
	},
	Bars: []Bar{
		{Name: "W5-ws", Case: "ws", Server: "sojourn-redis", Figure: memory, Limit: 7.5},
		{Name: "W5-sse", Case: "sse", Server: "sojourn-redis-sse", Against: "sse", Figure: memory, Limit: 1},
	},
}

func held(connections int) generate.Spec {
	return generate.Spec{Work: generate.Hold, Connections: connections, Bytes: 64}
}

var (
	memory     = Figure{Name: "memory", Of: measure.Each, Unit: " KB", Scale: 1e-3}
	inStore    = Figure{Name: "in Redis", Of: measure.EachInStore, Unit: " KB", Scale: 1e-3}
	goroutines = Figure{Name: "goroutines", Of: measure.Goroutines}
)
