package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Measures of a plot of lines, in pixels.
const (
	plotLeft   = 70
	plotRight  = chartWidth - 30
	plotHeight = 240
	keyHeight  = 20 // of a row of the key, which has two servers
)

// line is a server's curve.
type line struct {
	server string
	at     []float64
	of     []measure.Spread
}

// look is how a server's curve is drawn: the same in all plots, and told apart by dashes where colours do not.
type look struct{ colour, dash string }

func lookOf(server string) look {
	switch {
	case !isOurs(server):
		return look{"#616e7c", ""}
	case strings.Contains(server, "redis"):
		return look{"#c2571a", "6 3"}
	case strings.Contains(server, "volatile"):
		return look{"#1f8a5f", "2 3"}
	}
	return look{"#2f6db5", ""}
}

// linePlot draws curves on logarithmic axes: a point for each median, with its range. What is not above zero has no place there.
func linePlot(title, along string, lines []line) string {
	x, y := axisOf(lines, func(l line, i int) []float64 { return l.at[i : i+1] }), axisOf(lines, func(l line, i int) []float64 { return []float64{l.of[i].Low, l.of[i].Median, l.of[i].High} })
	top := headHeight + keyHeight*((len(lines)+1)/2) + 8
	x.from, x.to, y.from, y.to = plotLeft, plotRight, float64(top+plotHeight), float64(top)
	var b strings.Builder
	begin(&b, top+plotHeight+50, title)
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1[2]f" stroke="#e4e7eb"/>`+"\n", plotLeft, y.place(v), plotRight)
		text(&b, plotLeft-6, y.place(v)+5, "end", number(v))
	}
	for _, at := range places(lines) {
		text(&b, x.place(at), y.from+20, "middle", amount(along, int(at)))
	}
	text(&b, (plotLeft+plotRight)/2, y.from+42, "middle", along)
	for i, l := range lines {
		key := float64(10 + (chartWidth-20)/2*(i%2))
		row := float64(headHeight + keyHeight*(i/2) + 6)
		look := lookOf(l.server)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1[2]f" stroke="%[4]s" stroke-width="2" stroke-dasharray="%[5]s"/>`+"\n", key, row-5, key+28, look.colour, look.dash)
		text(&b, key+36, row, "start", l.server)
		l.draw(&b, x, y, look)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (l line) draw(b *strings.Builder, x, y axis, look look) {
	var path []string
	for i, at := range l.at {
		v := l.of[i]
		if v.Median <= 0 {
			continue
		}
		path = append(path, fmt.Sprintf("%.1f,%.1f", x.place(at), y.place(v.Median)))
		if v.Low > 0 {
			fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1[1]f" y2="%.1[3]f" stroke="%[4]s"/>`+"\n", x.place(at), y.place(v.Low), y.place(v.High), look.colour)
		}
	}
	fmt.Fprintf(b, `<polyline fill="none" points="%s" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", strings.Join(path, " "), look.colour, look.dash)
}

// axis is a logarithmic one, from a value's place to another's.
type axis struct{ low, high, from, to float64 }

// axisOf spans what is above zero.
func axisOf(lines []line, values func(l line, i int) []float64) axis {
	a := axis{low: math.Inf(1), high: 0}
	for _, l := range lines {
		for i := range l.at {
			for _, v := range values(l, i) {
				if v > 0 {
					a.low, a.high = min(a.low, v), max(a.high, v)
				}
			}
		}
	}
	switch {
	case a.high == 0:
		a.low, a.high = 1, 10
	case a.high < a.low*1.5: // lest a flat line fills the plot
		a.low, a.high = a.low/2, a.high*2
	}
	return a
}

func (a axis) place(v float64) float64 {
	return a.from + (a.to-a.from)*math.Log(v/a.low)/math.Log(a.high/a.low)
}

// ticks are the round numbers within, some of each power of ten.
func (a axis) ticks() (all []float64) {
	steps := []float64{1, 2, 5}
	if a.high/a.low > 1000 {
		steps = steps[:1]
	}
	for ten := math.Pow(10, math.Floor(math.Log10(a.low))); ten <= a.high; ten *= 10 {
		for _, step := range steps {
			if v := ten * step; v >= a.low*.999 && v <= a.high*1.001 {
				all = append(all, v)
			}
		}
	}
	return all
}

// places are how far the lines go, point by point.
func places(lines []line) []float64 {
	var all []float64
	for _, l := range lines {
		all = append(all, l.at...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// amount writes how much there is of what a curve is along.
func amount(along string, n int) string {
	if along == "bytes" && n >= 1<<10 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return grouped(n)
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// linesOf are the curves of a figure, over the points that were measured.
func linesOf(w work.Work, f work.Figure, have Results) (lines []line) {
	for _, server := range w.Cases[0].Servers {
		l := line{server: server}
		for _, c := range w.Cases {
			if r, ok := have.Of(w.Name, c.Name); ok {
				l.at, l.of = append(l.at, float64(c.At)), append(l.of, c.Read(f, r.Series, server))
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// drawn tells whether there is anything above zero.
func drawn(lines []line) bool {
	for _, l := range lines {
		for _, v := range l.of {
			if v.Median > 0 {
				return true
			}
		}
	}
	return false
}
