package main

import (
	"slices"
	"sync"
	"time"
)

// times is how long calls and events took, by the round in which they began. Its methods may be called at once.
type times struct {
	mu     sync.Mutex
	rounds []*round
}

type round struct {
	begin, end    time.Time // end: zero while it lasts
	calls, events []time.Duration
}

func (t *times) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds = append(t.rounds, &round{begin: time.Now()})
}

func (t *times) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds[len(t.rounds)-1].end = time.Now()
}

// roundLocked returns the round of a time; nil if it was between two.
func (t *times) roundLocked(at time.Time) *round {
	for _, r := range slices.Backward(t.rounds) {
		if !at.Before(r.begin) && (r.end.IsZero() || at.Before(r.end)) {
			return r
		}
	}
	return nil
}

// call notes that a call was answered that began then.
func (t *times) call(began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.roundLocked(began); r != nil {
		r.calls = append(r.calls, time.Since(began))
	}
}

// event notes that an event was heard that was published then.
func (t *times) event(published time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.roundLocked(published); r != nil {
		r.events = append(r.events, time.Since(published))
	}
}

// latency is a half and 99 of 100 of all.
type latency struct{ p50, p99 time.Duration }

func latencyOf(all []time.Duration) latency {
	if len(all) == 0 {
		return latency{}
	}
	all = slices.Sorted(slices.Values(all))
	return latency{all[(len(all)-1)/2], all[(len(all)-1)*99/100]}
}

// median is that of two rounds: between them.
func median(a, b latency) latency { return latency{(a.p50 + b.p50) / 2, (a.p99 + b.p99) / 2} }

// summary returns the medians of the rounds without the attack, which are the even ones, and with it.
func (t *times) summary(of func(*round) []time.Duration) (without, with latency) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all [rounds]latency
	for n, r := range t.rounds {
		all[n] = latencyOf(of(r))
	}
	return median(all[0], all[2]), median(all[1], all[3])
}
