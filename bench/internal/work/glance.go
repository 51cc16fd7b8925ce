package work

// Column is a figure that most readers want to know.
type Column struct {
	Title      string
	Work, Case string
	Figure     Figure
}

// Glance are the columns of the first table, of which each says of a server over WebSockets what it costs.
var Glance = []Column{
	{"a call: CPU", "W1", "saturated", cost},
	{"a delivery to one of 1,000: CPU", "W2", "saturated-1k", cost},
	{"a connection: CPU", "W6", "anew", cost},
	{"idle: memory", "W5", "ws", memory},
	{"99th percentile of 10,000 calls a second", "W1", "paced", p99},
}

// Glancing are its rows: the first is the one that the others are compared with.
var Glancing = followers
