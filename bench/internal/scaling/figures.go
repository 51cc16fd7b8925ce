// Package scaling works out, from what was measured, how far a program gets with one Redis, and what it costs where time and memory are paid for.
package scaling

import (
	"fmt"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/report"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Figures are what all else is worked out from: medians.
type Figures struct {
	Turn       float64 // seconds of an instance's processor for a numbered call over a WebSocket, its commit in Redis
	StoreTurn  float64 // seconds of Redis' for it
	Delivery   float64 // seconds of an instance's for what is published, to each of 1,000
	Say        float64 // seconds of an instance's for what is published to ten, Redis between them, with its commit
	StoreSay   float64 // seconds of Redis' for it
	Connection float64 // seconds of an instance's to open a WebSocket, with what is its
	Base       float64 // bytes of an instance without connections
	Socket     float64 // bytes of an instance for an idle WebSocket that follows a topic
	StoreEntry float64 // bytes of Redis for it
	Machine    measure.Machine
	Tried      []string // cases that were not measured by the rules, and why
}

// source is where a figure comes from.
type source struct {
	work, name, server string
	of                 func(measure.Sample) float64
	to                 func(*Figures) *float64
}

func storeSay(s measure.Sample) float64 { return s.Store / float64(max(1, s.Sent)) }

func before(s measure.Sample) float64 { return float64(s.Memory.Before) }

var sources = []source{
	{"W7", "calls-128", "sojourn-redis", measure.Cost, func(f *Figures) *float64 { return &f.Turn }},
	{"W7", "calls-128", "sojourn-redis", measure.StoreCost, func(f *Figures) *float64 { return &f.StoreTurn }},
	{"W2", "saturated-1k", "sojourn", measure.Cost, func(f *Figures) *float64 { return &f.Delivery }},
	{"G2", "10", "sojourn-redis", measure.PublishCost, func(f *Figures) *float64 { return &f.Say }},
	{"G2", "10", "sojourn-redis", storeSay, func(f *Figures) *float64 { return &f.StoreSay }},
	{"W6", "anew", "sojourn", measure.Cost, func(f *Figures) *float64 { return &f.Connection }},
	{"W5", "ws", "sojourn-redis", before, func(f *Figures) *float64 { return &f.Base }},
	{"W5", "ws", "sojourn-redis", measure.Each, func(f *Figures) *float64 { return &f.Socket }},
	{"W5", "ws", "sojourn-redis", measure.EachInStore, func(f *Figures) *float64 { return &f.StoreEntry }},
}

// Read takes the figures from results. It is an error if one is missing.
func Read(have report.Results) (Figures, error) {
	var f Figures
	var missing []string
	seen := map[string]bool{}
	for _, s := range sources {
		name := s.work + " " + s.name
		r, ok := have.Of(s.work, s.name)
		switch {
		case !ok && !seen[name]:
			missing = append(missing, name)
		case ok:
			*s.to(&f) = r.Series.Of(s.server, s.of).Median
			f.Machine = r.Machine
		}
		if w, err := work.Find(s.work); err == nil && ok && !seen[name] {
			if why := report.Tried(w, w.Case(s.name), r); why != "" {
				f.Tried = append(f.Tried, name+" ("+why+")")
			}
		}
		seen[name] = true
	}
	if len(missing) > 0 {
		return f, fmt.Errorf("scaling: nothing is known of %s: measure it by go run . report, with the names of these works", strings.Join(missing, ", "))
	}
	return f, nil
}
