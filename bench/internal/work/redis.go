package work

import "github.com/sojourn-go/sojourn/bench/internal/generate"

var overRedis = Work{
	Name: "W7", Title: "redis",
	About: "With Redis as the store. Numbered calls as in W1, of 1, 16 and 128 sockets, saturated, beside commits that as many callers make without clients, frames and " +
		"handlers. And what is published at one instance and followed at another, 1,000 messages a second of 128 bytes.",
	Cases: []Case{
		callsOver("calls-1", 1), callsOver("calls-16", 16), callsOver("calls-128", 128),
		{Name: "cross-node", Spec: follow(1, 1000), Servers: []string{"raw-redis", "socketio-redis", "sojourn-redis-pair"}, Figures: []Figure{p50, p99, cost}},
	},
	Bars: []Bar{
		{Name: "W7-calls-1", Case: "calls-1", Server: "sojourn-redis", Against: "commits", Figure: rate, Limit: .5, AtLeast: true},
		{Name: "W7-calls-16", Case: "calls-16", Server: "sojourn-redis", Against: "commits", Figure: rate, Limit: .5, AtLeast: true},
		{Name: "W7-calls-128", Case: "calls-128", Server: "sojourn-redis", Against: "commits", Figure: rate, Limit: .5, AtLeast: true},
		{Name: "W7-cross-node", Case: "cross-node", Server: "sojourn-redis-pair", Against: "raw-redis", Figure: p50, Limit: 1.3},
	},
}

func callsOver(name string, sockets int) Case {
	return Case{
		Name: name, Spec: generate.Spec{Work: generate.Call, Connections: sockets, Bytes: 64, Warm: warm, Measure: seconds},
		Servers: []string{"commits", "sojourn-redis"}, Figures: []Figure{rate, cost, storeCost},
	}
}
