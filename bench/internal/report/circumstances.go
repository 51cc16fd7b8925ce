package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// bars writes the table of what ours is to hold.
func bars(b *strings.Builder, all []work.Work, have Results) {
	b.WriteString("## Bars\n\nWhat ours is to hold, set before it was measured.\n\n| bar | is to be | is | holds |\n| --- | --- | --- | --- |\n")
	for _, w := range all {
		for _, bar := range w.Bars {
			is, holds := "not measured yet", ""
			if r, ok := have.Of(w.Name, bar.Case); ok {
				spread, ok := bar.Read(r.Series)
				is, holds = words(spread, bar.Figure.Unit, bar.Against != ""), "yes"
				if !ok {
					holds = "**no**"
				}
			}
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", bar.Name, bar.Says(), is, holds)
		}
	}
	b.WriteString("\n")
}

// circumstances writes machines and settings.
func circumstances(b *strings.Builder, all []work.Work, have Results) {
	b.WriteString("## Circumstances\n\n")
	var machines []measure.Machine
	var rows strings.Builder
	for _, w := range all {
		for _, c := range w.Cases {
			r, ok := have.Of(w.Name, c.Name)
			if !ok {
				continue
			}
			if !slices.Contains(machines, r.Machine) {
				machines = append(machines, r.Machine)
			}
			fmt.Fprintf(&rows, "| %s %s | %s | %s | %d | %s | %d |\n", w.Name, c.Name, r.When.UTC().Format("2006-01-02 15:04"), settings(r), len(r.Series.Rounds), took(r),
				slices.Index(machines, r.Machine)+1)
		}
	}
	for i, m := range machines {
		fmt.Fprintf(b, "Machine %d: %s, %d processors, %s; Linux %s; %s.\n\n", i+1, m.Processor, m.Processors, m.Memory, m.Kernel, m.Go)
	}
	b.WriteString("| case | when | settings | rounds | others took | machine |\n| --- | --- | --- | --- | --- | --- |\n" + rows.String() + "\n")
}

// took is what others took of the machine, where it is known.
func took(r Result) string {
	if r.Spec.Work == generate.Hold {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*foreign(r.Series))
}

// settings words a spec.
func settings(r Result) string {
	s := r.Spec
	words := []string{fmt.Sprintf("%s connections", grouped(s.Connections))}
	if s.Work != generate.Hold {
		words = append(words, fmt.Sprintf("%s B", grouped(s.Bytes)))
	}
	if s.Topics > 1 {
		words = append(words, fmt.Sprintf("%s topics", grouped(s.Topics)))
	}
	switch {
	case s.Rate > 0:
		words = append(words, fmt.Sprintf("%s a second", grouped(int(s.Rate))))
	case s.Ahead > 1:
		words = append(words, fmt.Sprintf("%d under way", s.Ahead))
	case s.Measure > 0:
		words = append(words, "saturated")
	}
	if s.Measure > 0 {
		words = append(words, fmt.Sprintf("%v after %v", s.Measure, s.Warm))
	}
	return strings.Join(words, ", ")
}

// servers writes who was measured, in which versions, and who was not.
func servers(b *strings.Builder, all []work.Work, have Results) {
	b.WriteString("| server | how it is used | version |\n| --- | --- | --- |\n")
	var names []string
	versions := map[string][]string{}
	for _, w := range all {
		for _, c := range w.Cases {
			names = append(names, c.Servers...)
			r, _ := have.Of(w.Name, c.Name)
			for module, v := range r.Versions {
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
		fmt.Fprintf(b, "| %s | %s | %s |\n", s.Name, s.Does, cmp.Or(version, "-"))
	}
	for name, why := range peers.Missing {
		fmt.Fprintf(b, "| %s | %s | - |\n", name, why)
	}
}
