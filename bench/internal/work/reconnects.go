package work

import (
	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

var reconnects = Work{
	Name: "W8", Title: "storm",
	About: "A deploy: 10,000 who follow a topic over WebSockets are cut, ten messages are published while nobody is there, and all come back at once, 512 at a time; it is over when each has what was " +
		"published after all were back. With Redis they come back to another instance, which nobody had been connected to. Raw has nothing to go on with: its time is what 10,000 bare connects take.",
	Cases: []Case{
		{Name: "memory", Spec: reconnect, Servers: []string{"raw", "gws", "sojourn-counted"}, Figures: reconnected},
		{Name: "redis", Spec: reconnect, Servers: []string{"raw", "sojourn-redis-counted"}, Figures: reconnected},
	},
	Bars: []Bar{
		{Name: "W8-memory", Case: "memory", Server: "sojourn-counted", Against: "raw", Figure: duration, Limit: 2},
		{Name: "W8-memory-reads", Case: "memory", Server: "sojourn-counted", Figure: reads, Limit: 1},
		{Name: "W8-redis", Case: "redis", Server: "sojourn-redis-counted", Against: "raw", Figure: duration, Limit: 2},
		{Name: "W8-redis-reads", Case: "redis", Server: "sojourn-redis-counted", Figure: reads, Limit: 1},
	},
}

var (
	reconnect   = generate.Spec{Work: generate.Storm, Connections: 10_000, Bytes: 128}
	duration    = Figure{Name: "time", Of: measure.Duration, Unit: " ms", Scale: 1e3}
	reads       = Figure{Name: "reads of the topic", Of: measure.Reads}
	reconnected = []Figure{duration, norm, reads, missing}
)
