package work

import "github.com/sojourn-go/sojourn/bench/internal/generate"

var poll = Work{
	Name: "W4", Title: "poll",
	About: "The same to 200 long-pollers, each of whom asks again when it was answered; saturated, the next is published when all have got the last. Volatile topics are left out: between two polls they reach nobody.",
	Cases: []Case{
		{Name: "paced", Spec: follow(200, 20), Servers: pollers, Figures: paced},
		{Name: "saturated", Spec: one(follow(200, 0)), Servers: pollers, Figures: fanning},
	},
	Bars: []Bar{
		{Name: "W4-paced", Case: "paced", Server: "sojourn-poll", Against: "poll", Figure: norm, Limit: 1},
		{Name: "W4-saturated", Case: "saturated", Server: "sojourn-poll", Against: "poll", Figure: rate, Limit: 1, AtLeast: true},
	},
}

var pollers = []string{"poll", "echo-poll", "sockjs-go-poll", "sojourn-poll"}

// one has one message under way at a time, lest several share a response.
func one(s generate.Spec) generate.Spec {
	s.Ahead = 1
	return s
}
