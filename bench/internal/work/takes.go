package work

import (
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// What a run takes beside the time that is measured, about: from tries.
const (
	starting   = 600 * time.Millisecond // processes, and their end
	settling   = 1300 * time.Millisecond
	connecting = 250 * time.Microsecond // each connection, until it follows
	returning  = 400 * time.Microsecond // each connection in a storm
	catchingUp = time.Second
)

// Takes is how long it takes, about, to measure the case in so many rounds, if none is dropped.
func (c Case) Takes(rounds int) time.Duration {
	s := c.Spec
	run := starting*time.Duration(max(1, c.Instances)) + time.Duration(s.Connections)*connecting
	switch s.Work {
	case generate.Hold:
		run += settling
	case generate.Storm:
		run += time.Duration(s.Connections) * returning
	default:
		run += s.Warm + s.Measure
	}
	if s.Stuck > 0 {
		run += catchingUp
	}
	return run * time.Duration(rounds*len(c.Servers))
}
