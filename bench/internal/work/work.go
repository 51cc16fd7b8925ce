// Package work says what is measured: pieces of work (W1, W2 ...), the servers that do it, the figures that are read, and the bars that ours is to
// hold. It is all tables; package measure runs them.
package work

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
)

// Work is a piece of work.
type Work struct {
	Name   string // "W1"
	Title  string // "echo"
	About  string // what is done, in a sentence or two
	Along  string // what there is more of from case to case, "sockets": they are points of a curve. "": they are different things
	Cases  []Case
	Bars   []Bar
	Rounds int // that count; 0 is Rounds
}

// Case is a way in which the work is done.
type Case struct {
	Name      string // "saturated"; unique within its work
	At        int    // how much there is of what a curve is along
	Spec      generate.Spec
	Instances int      // of each server; 0 is 1
	Servers   []string // names of servers; the first is the one that the others are compared with
	Figures   []Figure // the columns of its table; the first is the one that matters
	Parts     []Part   // what is stated apart
}

// Part is what one server of a case has more of a figure than another.
type Part struct {
	Name         string // "the memory store"
	Figure       Figure // one of the case's
	Server, Less string
}

// Figure is something that is read from samples.
type Figure struct {
	Name     string
	Of       func(measure.Sample) float64
	Relative bool    // to the case's first server, in the same round
	More     bool    // more of it is better; else less
	Unit     string  // behind the number; "" for none
	Scale    float64 // of the number; 0 is 1
}

// Bar is what ours is to hold.
type Bar struct {
	Name    string // "W1-saturated-once"
	Case    string
	Server  string
	Against string // the server that it is compared with; "" for none
	Figure  Figure
	Limit   float64
	AtLeast bool // else it is at most
}

// How long things are measured, unless the program is told otherwise.
const (
	warm    = time.Second
	seconds = 4 * time.Second
	Rounds  = 5
)

// All are the pieces of work, in their order.
var All = slices.Concat([]Work{echo, fanout, sse, poll, idle, connects, overRedis, reconnects, slow, stack, allocs}, growth)

// Named returns the works that a name stands for: that of one, in any case of letters, or "growth", all curves.
func Named(name string) ([]Work, error) {
	if strings.EqualFold(name, "growth") {
		return growth, nil
	}
	w, err := Find(name)
	return []Work{w}, err
}

// Find returns the work of a name, in any case of letters.
func Find(name string) (Work, error) {
	for _, w := range All {
		if strings.EqualFold(w.Name, name) || strings.EqualFold(w.Title, name) {
			return w, nil
		}
	}
	names := make([]string, 0, len(All))
	for _, w := range All {
		names = append(names, w.Name+" "+w.Title)
	}
	return Work{}, fmt.Errorf("work: there is no %q, but %s", name, strings.Join(names, ", "))
}

// FindBar returns the bar of a name, with its work.
func FindBar(name string) (Work, Bar, error) {
	var names []string
	for _, w := range All {
		for _, b := range w.Bars {
			if strings.EqualFold(b.Name, name) {
				return w, b, nil
			}
			names = append(names, b.Name)
		}
	}
	return Work{}, Bar{}, fmt.Errorf("work: there is no bar %q, but %s", name, strings.Join(names, ", "))
}

// CountedRounds is how many rounds that count a figure is of.
func (w Work) CountedRounds() int { return cmp.Or(w.Rounds, Rounds) }

// Case returns the case of a name.
func (w Work) Case(name string) Case {
	return w.Cases[slices.IndexFunc(w.Cases, func(c Case) bool { return c.Name == name })]
}

// Servers are those that a bar needs.
func (b Bar) Servers() []string {
	if b.Against == "" {
		return []string{b.Server}
	}
	return []string{b.Against, b.Server}
}

// Read reads the bar's figure, and tells whether it holds: by the median.
func (b Bar) Read(s measure.Series) (measure.Spread, bool) {
	spread := b.Figure.read(s, b.Server, b.Against)
	if b.AtLeast {
		return spread, spread.Median >= b.Limit
	}
	return spread, spread.Median <= b.Limit
}

// Says words the bar.
func (b Bar) Says() string {
	word := "at most"
	if b.AtLeast {
		word = "at least"
	}
	limit := fmt.Sprintf("%.10g%s", b.Limit, b.Figure.Unit)
	if b.Against != "" {
		limit = fmt.Sprintf("%.10g times that of %s", b.Limit, b.Against)
	}
	return fmt.Sprintf("%s of %s %s %s", b.Figure.Name, b.Server, word, limit)
}

// Due is how many messages should have come while a sample was measured; 0 if nothing says so.
func (c Case) Due(s measure.Sample) float64 {
	due := c.Spec.Rate * s.Seconds
	if c.Spec.Work == generate.Follow {
		due *= float64(s.Connections - c.Spec.Stuck)
	}
	return due
}

// Read reads a figure of a case's server.
func (c Case) Read(f Figure, s measure.Series, server string) measure.Spread {
	if !f.Relative {
		return f.read(s, server, "")
	}
	return f.read(s, server, c.Servers[0])
}

// Read reads the figure of a server, as it is.
func (f Figure) Read(s measure.Series, server string) measure.Spread { return f.read(s, server, "") }

func (f Figure) read(s measure.Series, server, against string) measure.Spread {
	if against != "" {
		return s.Relative(server, against, f.Of)
	}
	return f.scaled(s.Of(server, f.Of))
}

// Read reads the part.
func (p Part) Read(s measure.Series) measure.Spread {
	return p.Figure.scaled(s.Difference(p.Server, p.Less, p.Figure.Of))
}

func (f Figure) scaled(s measure.Spread) measure.Spread {
	scale := cmp.Or(f.Scale, 1)
	return measure.Spread{Median: s.Median * scale, Low: s.Low * scale, High: s.High * scale}
}

// The figures that most tables have.
var (
	norm      = Figure{Name: "norm", Of: measure.Effort, Relative: true}
	cost      = Figure{Name: "CPU each", Of: measure.Cost, Unit: " µs", Scale: 1e6}
	rate      = Figure{Name: "rate", Of: measure.Rate, Unit: " /s", More: true}
	p50       = Figure{Name: "p50", Of: measure.P50, Unit: " µs", Scale: 1e6}
	p99       = Figure{Name: "p99", Of: measure.P99, Unit: " µs", Scale: 1e6}
	storeCost = Figure{Name: "Redis CPU each", Of: measure.StoreCost, Unit: " µs", Scale: 1e6}
	missing   = Figure{Name: "missing", Of: func(s measure.Sample) float64 { return float64(s.Missing) }}
	calling   = []Figure{norm, rate, cost} // saturated, one message a write
	fanning   = []Figure{rate, cost, norm} // saturated, several messages a write, perhaps
	paced     = []Figure{norm, cost, p50, p99}
)
