package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// measure is what an instance has, in bytes.
type measure struct{ resident, heap, goroutines, store int }

func (m *measure) max(other measure) {
	m.resident = max(m.resident, other.resident)
	m.goroutines = max(m.goroutines, other.goroutines)
	m.store = max(m.store, other.store)
}

// row is what came of an attack.
type row struct {
	name                      string
	before, highest, after    measure
	callsWithout, callsWith   latency
	eventsWithout, eventsWith latency
	cpuWithout, cpuWith       time.Duration  // of the instance, in the rounds
	timeWithout, timeWith     time.Duration  // of the rounds
	got                       map[string]int // what the attacker did, and was told
	logged                    int
	rested                    chan error // sends once, when after is known; nil: it will not be
}

func (r *row) spend(attacked bool, cpu, round time.Duration) {
	if attacked {
		r.cpuWith += cpu
		r.timeWith += round
		return
	}
	r.cpuWithout += cpu
	r.timeWithout += round
}

func (r *row) count(got map[string]int) {
	if r.got == nil {
		r.got = map[string]int{}
	}
	for what, n := range got {
		r.got[what] += n
	}
}

func (r *row) rest() error {
	if r.rested == nil {
		return nil
	}
	return <-r.rested
}

// maxResident is several times what any attack has made an instance take.
const maxResident = 512 << 20

// bounded returns an error if an attack took or left more than it may.
func (r *row) bounded() error {
	switch {
	case r.highest.resident > maxResident:
		return fmt.Errorf("the instance had %s MiB", mib(r.highest.resident))
	case r.after.goroutines > r.before.goroutines:
		return fmt.Errorf("%d goroutines were left, there were %d with the honest clients", r.after.goroutines, r.before.goroutines)
	}
	return nil
}

// printTables prints what came of the attacks: the figures, and what the attackers were told.
func printTables(w io.Writer, rows []*row) {
	fmt.Fprintln(w, "| attack | resident | heap | goroutines | store | calls without | calls with | events without | events with | CPU |")
	fmt.Fprintln(w, "|"+strings.Repeat(" --- |", 10))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s, %s, %s | %s, %s | %d, %d, %d | %s, %s, %s | %s | %s | %s | %s | %s, %s |\n", r.name,
			mib(r.before.resident), mib(r.highest.resident), mib(r.after.resident), mib(r.before.heap), mib(r.after.heap),
			r.before.goroutines, r.highest.goroutines, r.after.goroutines,
			mib(r.before.store), mib(r.highest.store), mib(r.after.store),
			r.callsWithout, r.callsWith, r.eventsWithout, r.eventsWith,
			share(r.cpuWithout, r.timeWithout), share(r.cpuWith, r.timeWith))
	}
	fmt.Fprintln(w, "\n| attack | what the attacker got through, and was told |\n| --- | --- |")
	for _, r := range rows {
		var told []string
		for _, what := range slices.Sorted(maps.Keys(r.got)) {
			told = append(told, fmt.Sprintf("%s: %s", what, thousands(r.got[what])))
		}
		fmt.Fprintf(w, "| %s | %s |\n", r.name, strings.Join(append(told, "bytes logged: "+thousands(r.logged)), "; "))
	}
	fmt.Fprintln(w, `
resident, store: MiB before, at most, and after; heap: MiB of it after a collection, before and after; goroutines likewise;
calls, events: ms that half of them took at most, and 99 of 100; CPU: of the instance, in parts of one core, without and with.`)
}

func mib(bytes int) string {
	return fmt.Sprintf("%.0f", float64(bytes)/(1<<20))
}

func share(cpu, of time.Duration) string {
	return fmt.Sprintf("%.0f%%", 100*cpu.Seconds()/of.Seconds())
}

func (l latency) String() string { return millis(l.p50) + ", " + millis(l.p99) }

func millis(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.0f", d.Seconds()*1000)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
