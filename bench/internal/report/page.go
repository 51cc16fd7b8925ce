package report

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// page is the name of what is written, and of the directory of its plots.
const page = "performance"

// Results are what is kept of each case, by work and case.
type Results map[string]Result

func key(work, name string) string { return strings.ToLower(work + "-" + name) }

// Of returns what was measured of a case; false if nothing was.
func (r Results) Of(work, name string) (Result, bool) {
	one, ok := r[key(work, name)]
	return one, ok && one.Failed == ""
}

// Read reads the results of all works from a directory.
func Read(dir string) (Results, error) {
	all := Results{}
	for _, w := range work.All {
		for _, c := range w.Cases {
			r, ok, err := Load(dir, w.Name, c.Name)
			if err != nil {
				return nil, err
			}
			if ok {
				all[key(w.Name, c.Name)] = r
			}
		}
	}
	return all, nil
}

// Write writes performance.md, and its plots, into a directory, from what another one has.
func Write(docs, results string) error {
	have, err := Read(results)
	if err != nil {
		return err
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

const rules = `Servers take turns; a figure is the median of rounds, with its range behind it. *CPU* is processor time of the server, and the *norm* is that for the load generator's, which moves with the
machine, relative to the first server of the table in the same round: smaller is better. Figures of one table can be compared; figures of different machines, or days, cannot, but for those that
are relative. *sojourn* has numbered calls, which take effect once, and topics that keep; *sojourn-volatile* neither, as all others.
Written by ` + "`go run . report`" + ` in [bench](../bench), whose [README](../bench/README.md) has all rules, and what each server does.

`

// render returns the files, by name.
func render(all []work.Work, have Results) map[string]string {
	files := map[string]string{}
	var b strings.Builder
	b.WriteString("# What it costs\n\n")
	headline(&b, all, have)
	b.WriteString(rules)
	glance(&b, have)
	beside(&b, all, have)
	b.WriteString("## The works\n\n")
	for _, w := range all {
		if w.Along == "" {
			cases(&b, w, have, files)
		}
	}
	growth(&b, all, have, files)
	bars(&b, all, have)
	circumstances(&b, all, have)
	servers(&b, all, have)
	files[page+".md"] = b.String()
	return files
}

// cases writes a work.
func cases(b *strings.Builder, w work.Work, have Results, files map[string]string) {
	fmt.Fprintf(b, "### %s: %s\n\n%s\n\n", w.Name, w.Title, w.About)
	for _, c := range w.Cases {
		fmt.Fprintf(b, "#### %s, %s\n\n", w.Title, c.Name)
		r, ok := have.Of(w.Name, c.Name)
		if !ok {
			b.WriteString(have.unmeasured(w, c) + "\n\n")
			continue
		}
		plot := page + "/" + key(w.Name, c.Name) + ".svg"
		files[plot] = barChart(w.Name+" "+w.Title+", "+c.Name, c, r.Series)
		table(b, c, r)
		fmt.Fprintf(b, "![%s of %s, %s](%s)\n\n", c.Figures[0].Name, w.Title, c.Name, plot)
	}
}

// unmeasured says that a case was not measured, and why, if that was tried.
func (r Results) unmeasured(w work.Work, c work.Case) string {
	if why := r[key(w.Name, c.Name)].Failed; why != "" {
		return "Could not be measured: " + why + "."
	}
	return "Not measured yet."
}

// table writes the figures of a case, and what was noticed.
func table(b *strings.Builder, c work.Case, r Result) {
	b.WriteString("| server |")
	for _, f := range c.Figures {
		fmt.Fprintf(b, " %s |", f.Name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(c.Figures)) + "\n")
	for _, s := range c.Servers {
		fmt.Fprintf(b, "| %s |", inTable(s))
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
	b.WriteString("\n" + noise(c, r) + "\n\n")
}

func isOurs(server string) bool { return strings.HasPrefix(server, "sojourn") }

// inTable is a server's name, ours in bold.
func inTable(server string) string {
	if isOurs(server) {
		return "**" + server + "**"
	}
	return server
}

// noise says how quiet it was, and who could not do what was asked.
func noise(c work.Case, r Result) string {
	stalled := map[string]bool{}
	for _, round := range r.Series.Rounds {
		for server, s := range round {
			if s.Stalls > 0 {
				stalled[server] = true
			}
		}
	}
	text := fmt.Sprintf("%s, %d dropped%s.", plural(len(r.Series.Rounds), "round"), r.Series.Dropped, others(r.Spec, foreign(r.Series)))
	if slow := slices.DeleteFunc(slices.Clone(c.Servers), func(server string) bool { return keptUp(c, r.Series, server) }); len(slow) > 0 {
		text += " Could not keep up, in some round: " + strings.Join(slow, ", ") + "."
	}
	if len(stalled) > 0 {
		text += " Delivered nothing for 200 ms, in some round: " + strings.Join(slices.Sorted(maps.Keys(stalled)), ", ") + "."
	}
	return text
}

// others says how busy others were. Of memory that is not known, and does not matter.
func others(s generate.Spec, most float64) string {
	if s.Work == generate.Hold {
		return ""
	}
	return fmt.Sprintf("; others took at most %.1f %% of the machine", 100*most)
}

// keptUp tells whether a server did all that it was to do, in each round.
func keptUp(c work.Case, s measure.Series, server string) bool {
	for _, round := range s.Rounds {
		if sample := round[server]; float64(sample.Messages) < .99*c.Due(sample) {
			return false
		}
	}
	return true
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// foreign is the largest part of the machine's time that others took during a run.
func foreign(s measure.Series) (most float64) {
	for _, round := range s.Rounds {
		for _, sample := range round {
			most = max(most, sample.Foreign)
		}
	}
	return most
}

// words writes a spread: median, and range, if there is one.
func words(s measure.Spread, unit string, relative bool) string {
	format := number
	switch {
	case relative:
		format, unit = func(v float64) string { return fmt.Sprintf("%.2f", v) }, ""
	case unit == micro && s.Median >= 1e4:
		s, unit = measure.Spread{Median: s.Median / 1e3, Low: s.Low / 1e3, High: s.High / 1e3}, " ms"
	}
	if s.Low == s.High {
		return format(s.Median) + unit
	}
	return fmt.Sprintf("%s%s (%s-%s)", format(s.Median), unit, format(s.Low), format(s.High))
}

// micro is the unit of times, but for long ones.
const micro = " µs"

// quantity writes a number with its unit.
func quantity(v float64, unit string) string {
	return words(measure.Spread{Median: v, Low: v, High: v}, unit, false)
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
