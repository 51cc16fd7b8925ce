package work

import "github.com/sojourn-go/sojourn/bench/internal/generate"

var connects = Work{
	Name: "W6", Title: "connects",
	About: "Connections that are opened, until calls can be made, and left, 16 at a time; with a resume, by conversations that go on: whoever has none begins anew, and follows.",
	Cases: []Case{
		{Name: "anew", Spec: connect(generate.Connect), Servers: connectors, Figures: calling},
		{Name: "resume", Spec: connect(generate.Resume), Servers: connectors, Figures: calling},
	},
	Bars: []Bar{
		{Name: "W6-anew", Case: "anew", Server: "sojourn", Against: "raw", Figure: norm, Limit: 1.15},
		{Name: "W6-resume", Case: "resume", Server: "sojourn", Against: "raw", Figure: norm, Limit: 1.3},
	},
}

var connectors = []string{"raw", "echo", "gws", "melody", "sockjs-go", "node-ws", "socketio", "sojourn"}

func connect(work generate.Work) generate.Spec {
	return generate.Spec{Work: work, Connections: 16, Bytes: 64, Warm: warm, Measure: seconds}
}
