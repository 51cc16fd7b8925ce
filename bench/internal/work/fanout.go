package work

import (
	"slices"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

var fanout = Work{
	Name: "W2", Title: "fanout",
	About: "What is published reaches all who follow, over WebSockets: 128 bytes of JSON. Paced, so many are published a second whatever the server does; saturated, " +
		"16 are under way at any time, and a server may write several at once.",
	Cases: []Case{
		{Name: "paced-1k", Spec: follow(1000, 50), Servers: followers, Figures: slices.Concat(paced, []Figure{missing})},
		{Name: "saturated-1k", Spec: follow(1000, 0), Servers: followers, Figures: slices.Concat(fanning, []Figure{missing})},
		{Name: "paced-10k", Spec: follow(10_000, 5), Servers: followers, Figures: slices.Concat(paced, []Figure{missing})},
		{Name: "saturated-10k", Spec: follow(10_000, 0), Servers: followers, Figures: slices.Concat(fanning, []Figure{missing})},
	},
	Bars: slices.Concat(
		fanoutBars("", "sojourn"),
		fanoutBars("-volatile", "sojourn-volatile"),
	),
}

var followers = []string{"raw", "raw-chan", "echo", "gws", "melody", "sockjs-go", "node-ws", "socketio", "sojourn", "sojourn-volatile"}

// follow is a fan-out to so many, paced or (0) saturated.
func follow(connections int, rate float64) generate.Spec {
	return generate.Spec{Work: generate.Follow, Connections: connections, Bytes: 128, Rate: rate, Ahead: 16, Warm: warm, Measure: seconds}
}

func fanoutBars(suffix, server string) []Bar {
	return []Bar{
		{Name: "W2-paced" + suffix, Case: "paced-1k", Server: server, Against: "gws", Figure: norm, Limit: 1},
		{Name: "W2-saturated" + suffix, Case: "saturated-1k", Server: server, Against: "gws", Figure: rate, Limit: 2, AtLeast: true},
		{Name: "W2-10k" + suffix, Case: "saturated-10k", Server: server, Against: "raw", Figure: rate, Limit: 1.5, AtLeast: true},
	}
}
