package report

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// page is the name of what is written, and of the directory of its plots.
const page = "performance"

// Write writes performance.md, and its plots, into a directory, from what another one has.
func Write(docs, results string) error {
	have := map[string]Result{}
	for _, w := range work.All {
		for _, c := range w.Cases {
			r, ok, err := Load(results, w.Name, c.Name)
			if err != nil {
				return err
			}
			if ok {
				have[key(w, c)] = r
			}
		}
	}
	for name, text := range render(work.All, have) {
		name = filepath.Join(docs, name)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

func key(w work.Work, c work.Case) string { return strings.ToLower(w.Name + "-" + c.Name) }

const beginning = `# What it costs

Written by ` + "`go run . report`" + ` in [bench](../bench), whose [README](../bench/README.md) says what is measured, and by which rules: servers take turns, a figure is the median of rounds with
its range behind it, the *norm* is the server's processor time for the load generator's, relative to the first server of the table in the same round. A smaller norm is better.
Figures of one table can be compared; figures of different machines, or days, cannot, but for those that are relative.

`

// render returns the files, by name.
func render(all []work.Work, have map[string]Result) map[string]string {
	files := map[string]string{}
	var b strings.Builder
	b.WriteString(beginning)
	bars(&b, all, have)
	for _, w := range all {
		fmt.Fprintf(&b, "## %s: %s\n\n%s\n\n", w.Name, w.Title, w.About)
		for _, c := range w.Cases {
			fmt.Fprintf(&b, "### %s\n\n", c.Name)
			r, ok := have[key(w, c)]
			if !ok {
				b.WriteString("Not measured yet.\n\n")
				continue
			}
			plot := page + "/" + key(w, c) + ".svg"
			files[plot] = barChart(w.Name+" "+w.Title+", "+c.Name, c, r.Series)
			table(&b, c, r)
			fmt.Fprintf(&b, "![%s of %s, %s](%s)\n\n", c.Figures[0].Name, w.Title, c.Name, plot)
		}
	}
	circumstances(&b, all, have)
	servers(&b, all, have)
	files[page+".md"] = b.String()
	return files
}

// bars writes the table of what ours is to hold, with what it does not hold in words behind it.
func bars(b *strings.Builder, all []work.Work, have map[string]Result) {
	b.WriteString("## Bars\n\n| bar | is to be | is | holds |\n| --- | --- | --- | --- |\n")
	var lost []string
	for _, w := range all {
		for _, bar := range w.Bars {
			is, holds := "not measured yet", ""
			if r, ok := have[key(w, w.Case(bar.Case))]; ok {
				spread, ok := bar.Read(r.Series)
				is, holds = words(spread, bar.Figure.Unit, bar.Against != ""), "yes"
				if !ok {
					holds = "**no**"
					lost = append(lost, bar.Name)
				}
			}
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", bar.Name, bar.Says(), is, holds)
		}
	}
	b.WriteString("\n")
	if len(lost) > 0 {
		fmt.Fprintf(b, "Ours does not hold %s.\n\n", strings.Join(lost, ", "))
	}
}

// table writes the figures of a case, who is ahead of ours, and what was noticed.
func table(b *strings.Builder, c work.Case, r Result) {
	b.WriteString("| server |")
	for _, f := range c.Figures {
		fmt.Fprintf(b, " %s |", f.Name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(c.Figures)) + "\n")
	for _, s := range c.Servers {
		name := s
		if isOurs(s) {
			name = "**" + s + "**"
		}
		fmt.Fprintf(b, "| %s |", name)
		for _, f := range c.Figures {
			fmt.Fprintf(b, " %s |", words(c.Read(f, r.Series, s), f.Unit, f.Relative))
		}
		b.WriteString("\n")
	}
	for _, p := range c.Parts {
		fmt.Fprintf(b, "| *%s: %s less %s* |", p.Name, p.Server, p.Less)
		for _, f := range c.Figures {
			cell := ""
			if f.Name == p.Figure.Name {
				cell = words(p.Read(r.Series), f.Unit, false)
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, s := range c.Servers {
		if ahead := aheadOf(c, r.Series, s); isOurs(s) && len(ahead) > 0 {
			fmt.Fprintf(b, "Ahead of %s by the %s: %s. ", s, c.Figures[0].Name, strings.Join(ahead, ", "))
		}
	}
	b.WriteString(noise(c, r) + "\n\n")
}

func isOurs(server string) bool { return strings.HasPrefix(server, "sojourn") }

// aheadOf returns the servers of others that are better than one by the case's first figure.
func aheadOf(c work.Case, s measure.Series, server string) (ahead []string) {
	f := c.Figures[0]
	mine := c.Read(f, s, server).Median
	for _, other := range c.Servers {
		v := c.Read(f, s, other).Median
		if !isOurs(other) && (f.More && v > mine || !f.More && v < mine) {
			ahead = append(ahead, other)
		}
	}
	return ahead
}

// noise says how quiet it was, and who could not do what was asked.
func noise(c work.Case, r Result) string {
	foreign := 0.0
	behind, stalled := map[string]bool{}, map[string]bool{}
	for _, round := range r.Series.Rounds {
		for server, s := range round {
			foreign = max(foreign, s.Foreign)
			if float64(s.Messages) < .99*c.Due(s) {
				behind[server] = true
			}
			if s.Stalls > 0 {
				stalled[server] = true
			}
		}
	}
	text := fmt.Sprintf("%d rounds, %d dropped; others took at most %.1f %% of the machine.", len(r.Series.Rounds), r.Series.Dropped, 100*foreign)
	if len(behind) > 0 {
		text += " Could not keep up, in some round: " + strings.Join(slices.Sorted(maps.Keys(behind)), ", ") + "."
	}
	if len(stalled) > 0 {
		text += " Delivered nothing for 200 ms, in some round: " + strings.Join(slices.Sorted(maps.Keys(stalled)), ", ") + "."
	}
	return text
}

// circumstances writes machines and settings.
func circumstances(b *strings.Builder, all []work.Work, have map[string]Result) {
	b.WriteString("## Circumstances\n\n| case | when | settings | machine |\n| --- | --- | --- | --- |\n")
	for _, w := range all {
		for _, c := range w.Cases {
			r, ok := have[key(w, c)]
			if !ok {
				continue
			}
			m := r.Machine
			fmt.Fprintf(b, "| %s %s | %s | %d connections, %d B, %s; %v after %v | %s, %d processors, %s; Linux %s; %s |\n", w.Name, c.Name, r.When.UTC().Format("2006-01-02 15:04"),
				r.Spec.Connections, r.Spec.Bytes, load(r), r.Spec.Measure, r.Spec.Warm, m.Processor, m.Processors, m.Memory, m.Kernel, m.Go)
		}
	}
	b.WriteString("\n")
}

// servers writes who was measured, in which versions, and who was not.
func servers(b *strings.Builder, all []work.Work, have map[string]Result) {
	b.WriteString("| server | how it is used | version |\n| --- | --- | --- |\n")
	var names []string
	versions := map[string][]string{}
	for _, w := range all {
		for _, c := range w.Cases {
			names = append(names, c.Servers...)
			for module, v := range have[key(w, c)].Versions {
				if !slices.Contains(versions[module], v) {
					versions[module] = append(versions[module], v)
				}
			}
		}
	}
	slices.Sort(names)
	for _, s := range work.Describe(slices.Compact(names)) {
		version := ""
		if v := versions[s.Module]; len(v) > 0 {
			version = s.Module + " " + strings.Join(v, ", ")
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", s.Name, s.Does, version)
	}
	for name, why := range peers.Missing {
		fmt.Fprintf(b, "| %s | %s | |\n", name, why)
	}
}

func load(r Result) string {
	switch {
	case r.Spec.Rate > 0:
		return fmt.Sprintf("%.0f a second", r.Spec.Rate)
	case r.Spec.Ahead > 1:
		return fmt.Sprintf("%d under way", r.Spec.Ahead)
	}
	return "saturated"
}

// words writes a spread: median, and range.
func words(s measure.Spread, unit string, relative bool) string {
	if relative {
		return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Low, s.High)
	}
	return fmt.Sprintf("%s%s (%s-%s)", number(s.Median), unit, number(s.Low), number(s.High))
}

// number writes a number with three digits that say something, or all before the point.
func number(v float64) string {
	switch {
	case v >= 1e6 || v <= -1e6:
		return fmt.Sprintf("%.3g M", v/1e6)
	case v >= 1e4 || v <= -1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
