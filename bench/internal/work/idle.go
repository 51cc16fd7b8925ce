package work

import (
	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

var idle = Work{
	Name: "W5", Title: "idle",
	About: "A connection that follows, to which nothing is said: the server's resident memory after a collection of garbage, above what it was before there were any, for each.",
	Cases: []Case{
		{Name: "ws", Spec: held(10_000), Servers: followers, Figures: []Figure{memory, goroutines}},
		{Name: "sse", Spec: held(5_000), Servers: streamers, Figures: []Figure{memory, goroutines}},
	},
	Bars: []Bar{
		{Name: "W5-ws", Case: "ws", Server: "sojourn", Figure: memory, Limit: 7.5},
		{Name: "W5-sse", Case: "sse", Server: "sojourn-sse", Against: "sse", Figure: memory, Limit: 1},
	},
}

func held(connections int) generate.Spec {
	return generate.Spec{Work: generate.Hold, Connections: connections, Bytes: 64}
}

var (
	memory     = Figure{Name: "memory", Of: measure.Growth, Unit: " KB", Scale: 1e-3}
	goroutines = Figure{Name: "goroutines", Of: measure.Goroutines}
)
