package work

import (
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

var slow = Work{
	Name: "W9", Title: "slow",
	About: "51 follow 100 messages a second, of 16 KiB; five seconds all read, and for the next ten one of them does not. For the other 50: the 99th percentile of latency with it, for that " +
		"without. What has not come at the end counts as late as it is by then. And the memory that the server takes meanwhile. Then the slow one reads again, and comes back if it was cut off: " +
		"what it got, and what it got or knows to have missed, of all that was published since it stopped. It knows where the server says so, or where its connection was cut and conversations do not go on.",
	Cases: []Case{
		{Name: "ws", Spec: sticky, Servers: followers, Figures: slowed},
		{Name: "sse", Spec: sticky, Servers: streamers, Figures: slowed},
	},
	Bars: []Bar{
		{Name: "W9-others", Case: "ws", Server: "sojourn", Figure: slowdown, Limit: 1.2},
		{Name: "W9-memory", Case: "ws", Server: "sojourn", Figure: grown, Limit: 1},
		{Name: "W9-told", Case: "ws", Server: "sojourn", Figure: told, Limit: 100, AtLeast: true},
		{Name: "W9-others-sse", Case: "sse", Server: "sojourn-sse", Figure: slowdown, Limit: 1.2},
		{Name: "W9-memory-sse", Case: "sse", Server: "sojourn-sse", Figure: grown, Limit: 1},
		{Name: "W9-told-sse", Case: "sse", Server: "sojourn-sse", Figure: told, Limit: 100, AtLeast: true},
	},
}

var (
	sticky   = generate.Spec{Work: generate.Follow, Connections: 51, Stuck: 1, Bytes: 16 << 10, Rate: 100, Warm: warm, Measure: 15 * time.Second}
	slowdown = Figure{Name: "others' p99", Of: measure.Slowdown, Unit: " times"}
	grown    = Figure{Name: "memory", Of: measure.Grown, Unit: " MiB", Scale: 1. / (1 << 20)}
	got      = Figure{Name: "the slow one got", Of: measure.Got, Unit: " %", Scale: 100, More: true}
	told     = Figure{Name: "got, or was told", Of: measure.Told, Unit: " %", Scale: 100, More: true}
	cutOff   = Figure{Name: "cut off", Of: measure.Cut}
	slowed   = []Figure{slowdown, p50, p99, grown, got, told, cutOff}
)
