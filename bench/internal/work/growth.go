package work

import (
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

// growth are the curves: the same work again and again, with more of one thing. Rounds are fewer and shorter, since a curve's points speak for each other.
var growth = []Work{
	curve(Work{
		Name: "G1", Title: "sockets", Along: "sockets",
		About: "Connections that follow, and to which nothing is said, as in W5: resident memory of the server without its store, each above what it was before, and all together. " +
			"What a few take is lost in what a process has anyway. Where a process may not have so many files they are spread over several, at both ends.",
	}, []int{1, 10, 100, 1000, 10_000, 100_000}, func(n int) Case {
		return Case{Spec: held(n), Servers: []string{"raw", "sojourn", "sojourn-redis"}, Figures: []Figure{total, ofEach(memory), ofEach(inStore)}}
	}),
	curve(Work{
		Name: "G2", Title: "subscribers", Along: "subscribers",
		About: "A saturated fan-out as in W2, to more and more.",
	}, []int{10, 100, 1000, 10_000}, func(n int) Case {
		return Case{Spec: brief(follow(n, 0)), Servers: []string{"raw", "sojourn", "sojourn-volatile", "sojourn-redis"}, Figures: fanning[:2]}
	}),
	curve(Work{
		Name: "G3", Title: "topics", Along: "topics",
		About: "10,000 who follow, spread over more and more topics, to which one goroutine publishes in turn, saturated: what is published reaches all 10,000, or one of them.",
	}, []int{1, 10, 100, 1000, 10_000}, func(n int) Case {
		c := Case{Spec: brief(follow(10_000, 0)), Servers: []string{"raw", "sojourn", "sojourn-redis"}, Figures: []Figure{publishing, publishCost}}
		c.Spec.Topics = n
		return c
	}),
	curve(Work{
		Name: "G4", Title: "size of calls", Along: "bytes",
		About: "Calls as in W1, saturated, with more and more in them.",
	}, sizes, func(n int) Case {
		c := Case{Spec: brief(generate.Spec{Work: generate.Call, Connections: 100, Bytes: n}), Servers: []string{"raw", "sojourn", "sojourn-volatile"}, Figures: calling[1:]}
		return c
	}),
	curve(Work{
		Name: "G5", Title: "size of what is published", Along: "bytes",
		About: "A saturated fan-out to 100, four messages under way at a time, with more and more in them.",
	}, sizes, func(n int) Case {
		c := Case{Spec: brief(follow(100, 0)), Servers: []string{"raw", "sojourn", "sojourn-volatile"}, Figures: fanning[:2]}
		c.Spec.Bytes, c.Spec.Ahead = n, 4
		return c
	}),
	curve(Work{
		Name: "G6", Title: "instances", Along: "instances",
		About: "Numbered calls of 128 sockets, saturated, at more and more instances with one Redis, all on one machine with it and the load generator; beside commits that one process makes for as " +
			"many callers. What Redis takes is in parts of one processor.",
	}, []int{1, 2, 4, 8}, func(n int) Case {
		return Case{
			Spec: brief(generate.Spec{Work: generate.Call, Connections: 128, Bytes: 64}), Instances: n,
			Servers: []string{"commits", "sojourn-redis"}, Figures: []Figure{rate, storeShare, cost},
		}
	}),
	curve(Work{
		Name: "G7", Title: "delivery between instances", Along: "instances",
		About: "200 messages a second are published at one instance, and followed at more and more others, ten at each.",
	}, []int{1, 2, 4, 8}, func(n int) Case {
		return Case{Spec: brief(follow(10*n, 200)), Instances: n, Servers: []string{"raw-redis", "sojourn-redis-pair"}, Figures: []Figure{p50, p99, cost}}
	}),
}

var sizes = []int{1, 64, 1 << 10, 4 << 10, 16 << 10, 64 << 10}

// curve fills a work's cases.
func curve(w Work, at []int, point func(int) Case) Work {
	w.Rounds = 3
	for _, n := range at {
		c := point(n)
		c.At, c.Name = n, fmt.Sprint(n)
		w.Cases = append(w.Cases, c)
	}
	return w
}

// brief is a spec of a curve's point.
func brief(s generate.Spec) generate.Spec {
	s.Warm, s.Measure = time.Second, 3*time.Second
	return s
}

// ofEach is a figure beside one of all.
func ofEach(f Figure) Figure {
	f.Name += ", of each"
	return f
}

var (
	total       = Figure{Name: "memory of all", Of: measure.Total, Unit: " MiB", Scale: 1. / (1 << 20)}
	publishing  = Figure{Name: "published", Of: measure.Published, Unit: " /s", More: true}
	publishCost = Figure{Name: "CPU for each published", Of: measure.PublishCost, Unit: " µs", Scale: 1e6}
	storeShare  = Figure{Name: "Redis' processor", Of: measure.StoreShare, Unit: " %", Scale: 100}
)
