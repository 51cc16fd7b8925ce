package work

import "github.com/sojourn-go/sojourn/bench/internal/generate"

var stack = Work{
	Name: "W10", Title: "stack",
	About: "What a service adds to the numbered call of W1, saturated: middleware of the server and of the service, of which one reads the session's data, and a handler that " +
		"takes and returns a Go value instead of JSON as it came.",
	Cases: []Case{{
		Name: "calls", Spec: generate.Spec{Work: generate.Call, Connections: 100, Bytes: 64, Warm: warm, Measure: seconds},
		Servers: []string{"sojourn", "sojourn-stack"}, Figures: calling,
	}},
	Bars: []Bar{{Name: "W10-stack", Case: "calls", Server: "sojourn-stack", Against: "sojourn", Figure: norm, Limit: 1.2}},
}
