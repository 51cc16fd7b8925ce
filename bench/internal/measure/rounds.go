// Package measure runs servers and the load generator as processes, one server after the other, round after round, and says which rounds count.
package measure

import (
	"context"
	"fmt"
	"slices"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// The rule by which rounds are dropped, written before anything was measured. A round is one run of every server, one after the other. If processes other than ours took
// more than ForeignShare of the machine's processor time during any of its runs the round is dropped, for all servers alike. Rounds are run until
// enough count, at most three times as many.
const (
	ForeignShare = 0.05
	MaxAttempts  = 3 // for each round that shall count
)

// Round is one run of each server, by its name.
type Round map[string]Sample

// counts tells whether the round counts.
func (r Round) counts() bool {
	for _, s := range r {
		if s.Foreign > ForeignShare {
			return false
		}
	}
	return true
}

// Series are the rounds of one piece of work.
type Series struct {
	Rounds  []Round // those that count
	Dropped int     // those that do not
}

// Plan is what is to be run.
type Plan struct {
	Generator []string // the command that starts the load generator
	Servers   []Server
	Instances int // of each; 0 is 1
	Spec      generate.Spec
	Rounds    int                           // that shall count
	Any       bool                          // dropped rounds count too: for trying, never for figures
	Told      func(server string, s Sample) // of each run; may be nil
}

// Measure runs the plan. It is an error if too few rounds count. When the context ends it ends after the run that is under way.
func (p Plan) Measure(ctx context.Context) (Series, error) {
	var series Series
	for attempt := 0; len(series.Rounds) < p.Rounds; attempt++ {
		if attempt == MaxAttempts*p.Rounds {
			return series, fmt.Errorf("measure: %d of %d rounds count: the machine is busy with something else", len(series.Rounds), attempt)
		}
		round := Round{}
		for _, s := range p.Servers {
			if ctx.Err() != nil {
				return series, context.Cause(ctx)
			}
			sample, err := Run(p.Generator, s, max(1, p.Instances), p.Spec)
			if err != nil {
				return series, fmt.Errorf("%s: %w", s.Name, err)
			}
			round[s.Name] = sample
			if p.Told != nil {
				p.Told(s.Name, sample)
			}
		}
		if p.Any || round.counts() {
			series.Rounds = append(series.Rounds, round)
		} else {
			series.Dropped++
		}
	}
	return series, nil
}

// Spread is a figure over rounds.
type Spread struct{ Median, Low, High float64 }

// SpreadOf returns the median and the range of values, of which there is one at least.
func SpreadOf(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	middle := v[len(v)/2]
	if len(v)%2 == 0 {
		middle = (v[len(v)/2-1] + middle) / 2
	}
	return Spread{middle, v[0], v[len(v)-1]}
}

// Of returns the spread of a server's figure.
func (s Series) Of(server string, figure func(Sample) float64) Spread {
	return s.relative(func(r Round) float64 { return figure(r[server]) })
}

// Relative returns the spread of a server's figure relative to another's of the same round.
func (s Series) Relative(server, to string, figure func(Sample) float64) Spread {
	return s.relative(func(r Round) float64 { return figure(r[server]) / figure(r[to]) })
}

// Difference returns the spread of what a server's figure is above another's of the same round.
func (s Series) Difference(server, less string, figure func(Sample) float64) Spread {
	return s.relative(func(r Round) float64 { return figure(r[server]) - figure(r[less]) })
}

func (s Series) relative(of func(Round) float64) Spread {
	values := make([]float64, 0, len(s.Rounds))
	for _, r := range s.Rounds {
		values = append(values, of(r))
	}
	return SpreadOf(values)
}
