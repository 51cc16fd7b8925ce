package work

import (
	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

var allocs = Work{
	Name: "W11", Title: "allocs",
	About: "What the Go servers allocate for a call, as in W1, and for a delivery, as in W2 to 1,000; net/http, and what publishes, included.",
	Cases: []Case{
		{
			Name: "calls", Spec: generate.Spec{Work: generate.Call, Connections: 100, Bytes: 64, Warm: warm, Measure: seconds}, Figures: allocated,
			Servers: []string{"raw", "echo", "gws", "melody", "sockjs-go", "sojourn", "sojourn-volatile"},
		},
		{
			Name: "deliveries", Spec: follow(1000, 50), Figures: allocated,
			Servers: []string{"raw", "raw-chan", "echo", "gws", "melody", "sockjs-go", "sojourn", "sojourn-volatile"},
		},
	},
	Bars: []Bar{
		{Name: "W11-deliveries", Case: "deliveries", Server: "sojourn", Figure: allocations, Limit: 2},
		{Name: "W11-deliveries-volatile", Case: "deliveries", Server: "sojourn-volatile", Figure: allocations, Limit: 2},
	},
}

var (
	allocations = Figure{Name: "allocations", Of: measure.Allocations}
	garbage     = Figure{Name: "garbage", Of: measure.Garbage, Unit: " B"}
	allocated   = []Figure{allocations, garbage}
)
