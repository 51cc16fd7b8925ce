package work

import "github.com/sojourn-go/sojourn/bench/internal/generate"

var echo = Work{
	Name: "W1", Title: "echo",
	About: "A call and its answer over a WebSocket: 64 bytes of JSON, which the handler answers with. 100 connections; saturated, each makes the next call when it has " +
		"the answer; paced, 10,000 calls a second come whatever the server does, and latency counts from when a call was due.",
	Cases: []Case{
		{Name: "saturated", Spec: generate.Spec{Work: generate.Call, Connections: 100, Bytes: 64, Warm: warm, Measure: seconds}, Servers: callers, Figures: calling},
		{Name: "paced", Spec: generate.Spec{Work: generate.Call, Connections: 100, Bytes: 64, Rate: 10_000, Warm: warm, Measure: seconds}, Servers: callers, Figures: paced},
	},
	Bars: []Bar{
		{Name: "W1-saturated-volatile", Case: "saturated", Server: "sojourn-volatile", Against: "raw", Figure: norm, Limit: 1.15},
		{Name: "W1-saturated-once", Case: "saturated", Server: "sojourn", Against: "raw", Figure: norm, Limit: 1.3},
		{Name: "W1-paced-volatile", Case: "paced", Server: "sojourn-volatile", Against: "raw", Figure: norm, Limit: 1.15},
		{Name: "W1-paced-once", Case: "paced", Server: "sojourn", Against: "raw", Figure: norm, Limit: 1.3},
	},
}

var callers = []string{"raw", "echo", "gws", "melody", "sockjs-go", "node-ws", "socketio", "sojourn", "sojourn-volatile"}
