package work

var sse = Work{
	Name: "W3", Title: "sse",
	About: "The same over 1,000 event streams.",
	Cases: []Case{
		{Name: "paced", Spec: follow(1000, 50), Servers: streamers, Figures: paced},
		{Name: "saturated", Spec: follow(1000, 0), Servers: streamers, Figures: fanning},
	},
	Bars: []Bar{
		{Name: "W3-paced", Case: "paced", Server: "sojourn-sse", Against: "sse", Figure: norm, Limit: 1},
		{Name: "W3-saturated", Case: "saturated", Server: "sojourn-sse", Against: "sse", Figure: rate, Limit: 1, AtLeast: true},
	},
}

var streamers = []string{"sse", "echo-sse", "r3labs", "sojourn-sse", "sojourn-sse-volatile"}
