package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// growth writes the works that are curves: for each figure a table, and its plot.
func growth(b *strings.Builder, all []work.Work, have Results, files map[string]string) {
	b.WriteString("## How it grows\n\nThe same work with more and more of one thing. Both axes of the plots are logarithmic: a straight line is a power, and what doubles is as far anywhere.\n\n")
	for _, w := range all {
		if w.Along == "" {
			continue
		}
		fmt.Fprintf(b, "### %s: %s\n\n%s\n\n", w.Name, w.Title, w.About)
		some := false
		for _, c := range w.Cases {
			_, ok := have.Of(w.Name, c.Name)
			some = some || ok
		}
		if some {
			for i, f := range w.Cases[0].Figures {
				curve(b, w, i, f, have, files)
			}
		}
		points(b, w, have)
	}
}

// curve writes a figure of a curve.
func curve(b *strings.Builder, w work.Work, i int, f work.Figure, have Results, files map[string]string) {
	names := w.Cases[0].Servers
	fmt.Fprintf(b, "**%s**%s\n\n| %s |", f.Name, strings.TrimRight(","+f.Unit, ","), w.Along)
	for _, s := range names {
		fmt.Fprintf(b, " %s |", inTable(s))
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(names)) + "\n")
	for _, c := range w.Cases {
		r, ok := have.Of(w.Name, c.Name)
		if !ok {
			continue
		}
		fmt.Fprintf(b, "| %s |", amount(w.Along, c.At))
		for _, s := range names {
			fmt.Fprintf(b, " %s |", words(c.Read(f, r.Series, s), "", f.Relative))
		}
		b.WriteString("\n")
	}
	lines := linesOf(w, f, have)
	if !drawn(lines) {
		b.WriteString("\n")
		return
	}
	plot := fmt.Sprintf("%s/%s-%d.svg", page, strings.ToLower(w.Name), i+1)
	files[plot] = linePlot(fmt.Sprintf("%s %s: %s%s", w.Name, w.Title, f.Name, strings.TrimRight(","+f.Unit, ",")), w.Along, lines)
	fmt.Fprintf(b, "\n![%s, along %s](%s)\n\n", f.Name, w.Along, plot)
}

// points says how the points of a curve were measured, and which were not.
func points(b *strings.Builder, w work.Work, have Results) {
	fewest, dropped, most := 0, 0, 0.0
	unmeasured := map[string]string{} // points by what is said of them
	for _, c := range w.Cases {
		r, ok := have.Of(w.Name, c.Name)
		if !ok {
			why := have.unmeasured(w, c)
			unmeasured[why] = strings.TrimPrefix(unmeasured[why]+"; "+amount(w.Along, c.At), "; ")
			continue
		}
		if n := len(r.Series.Rounds); fewest == 0 || n < fewest {
			fewest = n
		}
		dropped, most = dropped+r.Series.Dropped, max(most, foreign(r.Series))
		if n := instances(r); n > max(1, c.Instances) {
			fmt.Fprintf(b, "%s %s: in %d processes, at both ends, since one may not have so many files on this machine.\n\n", amount(w.Along, c.At), w.Along, n)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(unmeasured)) {
		fmt.Fprintf(b, "%s: %s\n\n", unmeasured[why], why)
	}
	if fewest > 0 {
		fmt.Fprintf(b, "%s for each point, %d dropped in all%s.\n\n", plural(fewest, "round"), dropped, others(w.Cases[0].Spec, most))
	}
}

// instances is to how many of a server connections went.
func instances(r Result) (most int) {
	for _, round := range r.Series.Rounds {
		for _, s := range round {
			most = max(most, s.Instances)
		}
	}
	return most
}
