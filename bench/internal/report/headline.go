package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// headline says first what a reader must not overlook: where ours is behind, which bars it does not hold, and which figures are none.
func headline(b *strings.Builder, all []work.Work, have Results) {
	behind, of := 0, 0
	var lost, tries []string
	for _, w := range all {
		for _, c := range w.Cases {
			r, ok := have.Of(w.Name, c.Name)
			if !ok {
				continue
			}
			if why := Tried(w, c, r); why != "" {
				tries = append(tries, fmt.Sprintf("%s %s (%s)", w.Name, c.Name, why))
			}
		}
		for _, d := range duels(w, have) {
			if of++; d.times() > even {
				behind++
			}
		}
		for _, bar := range w.Bars {
			if r, ok := have.Of(w.Name, bar.Case); ok {
				if _, holds := bar.Read(r.Series); !holds {
					lost = append(lost, "`"+bar.Name+"`")
				}
			}
		}
	}
	if len(tries) > 0 {
		most := min(len(tries), 4)
		more := ""
		if n := len(tries) - most; n > 0 {
			more = fmt.Sprintf("; and %d more", n)
		}
		fmt.Fprintf(b, "**Do not quote this.** What follows was tried, and not measured by the rules: %s%s.\n\n", strings.Join(tries[:most], "; "), more)
	}
	if of > 0 {
		fmt.Fprintf(b, "**In %d of %d comparisons Sojourn is behind the best of the others**, the bare minimum included, by more than a twentieth: [see which](#ours-beside-the-best-of-the-others). ", behind, of)
	}
	switch {
	case len(lost) > 0:
		fmt.Fprintf(b, "Of what it is to hold ([bars](#bars)) it does not hold %s.\n\n", strings.Join(lost, ", "))
	case of > 0:
		b.WriteString("It holds all [bars](#bars) that were measured.\n\n")
	}
}

// even is how many times worse than others ours may be, and count as even: differences that are smaller are noise.
const even = 1.05

// Tried says why a result is no figure: it was measured in another way than the rules say. "" if it is one.
func Tried(w work.Work, c work.Case, r Result) string {
	rounds := w.CountedRounds()
	switch {
	case len(r.Series.Rounds) < rounds:
		return fmt.Sprintf("%d of %d rounds", len(r.Series.Rounds), rounds)
	case r.Spec.Measure < c.Spec.Measure:
		return fmt.Sprintf("%v of %v", r.Spec.Measure, c.Spec.Measure)
	case foreign(r.Series) > measure.ForeignShare:
		return fmt.Sprintf("others took %.0f %% of the machine", 100*foreign(r.Series))
	}
	return ""
}

// glance writes a table of what most readers want to know.
func glance(b *strings.Builder, have Results) {
	columns := slices.DeleteFunc(slices.Clone(work.Glance), func(c work.Column) bool {
		_, ok := have.Of(c.Work, c.Case)
		return !ok
	})
	if len(columns) == 0 {
		return
	}
	b.WriteString("## At a glance\n\nWebSockets, one machine. In brackets: for the first server's, in the same round.\n\n| server |")
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c.Title)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
	for _, server := range work.Glancing {
		fmt.Fprintf(b, "| %s |", inTable(server))
		for _, column := range columns {
			cell := ""
			if r, _ := have.Of(column.Work, column.Case); has(r.Series, server) {
				v := column.Figure.Read(r.Series, server)
				relative := r.Series.Relative(server, work.Glancing[0], column.Figure.Of)
				cell = fmt.Sprintf("%s (%s)", quantity(v.Median, column.Figure.Unit), number(relative.Median))
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// has tells whether a server was measured.
func has(s measure.Series, server string) bool {
	for _, round := range s.Rounds {
		if _, ok := round[server]; !ok {
			return false
		}
	}
	return len(s.Rounds) > 0
}

// duel is one of ours beside the best of the others, in a case's first figure.
type duel struct {
	work       work.Work
	name       string // of the case
	figure     work.Figure
	ours, best string
	mine, its  measure.Spread
}

// times is how many times worse than the best of the others ours is; below 1 it is better.
func (d duel) times() float64 {
	if d.figure.More {
		return d.its.Median / d.mine.Median
	}
	return d.mine.Median / d.its.Median
}

// duels are those of a work, with each of ours.
func duels(w work.Work, have Results) (all []duel) {
	if w.Along != "" { // its points are seen in a plot
		return nil
	}
	for _, c := range w.Cases {
		r, ok := have.Of(w.Name, c.Name)
		if !ok {
			continue
		}
		f := c.Figures[0]
		best, its := "", measure.Spread{}
		for _, s := range c.Servers {
			v := c.Read(f, r.Series, s)
			if !isOurs(s) && keptUp(c, r.Series, s) && (best == "" || f.More && v.Median > its.Median || !f.More && v.Median < its.Median) {
				best, its = s, v
			}
		}
		for _, s := range c.Servers {
			if isOurs(s) && best != "" {
				all = append(all, duel{w, c.Name, f, s, best, c.Read(f, r.Series, s), its})
			}
		}
	}
	return all
}

// beside writes where ours wins and loses.
func beside(b *strings.Builder, all []work.Work, have Results) {
	b.WriteString("## Ours beside the best of the others\n\nBy the first figure of each table; who did not keep up is not among the others. Raw servers keep nothing, resume nothing and know no other instance: they are what the least costs.\n\n" +
		"| work | figure | best of the others | ours | |\n| --- | --- | --- | --- | --- |\n")
	for _, w := range all {
		for _, d := range duels(w, have) {
			verdict := "even"
			switch times := d.times(); {
			case times > even:
				verdict = fmt.Sprintf("**behind, %.3g times**", times)
			case times < 1/even:
				verdict = fmt.Sprintf("ahead, %.3g times", 1/times)
			}
			unit := d.figure.Unit
			fmt.Fprintf(b, "| %s %s, %s | %s | %s: %s | %s: %s | %s |\n", w.Name, w.Title, d.name, d.figure.Name, d.best, quantity(d.its.Median, unit), d.ours, quantity(d.mine.Median, unit), verdict)
		}
	}
	b.WriteString("\n")
}
