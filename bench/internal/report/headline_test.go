package report

import (
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// resultOf is of so many equal rounds.
func resultOf(rounds int, r measure.Round) Result {
	all := Result{Spec: spec}
	for range rounds {
		all.Series.Rounds = append(all.Series.Rounds, r)
	}
	return all
}

// Ours is compared with the best of those who did what was asked, by the case's first figure.
func TestDuelsAreWithTheBestWhoKeptUp(t *testing.T) {
	c := work.Case{Name: "calls", Spec: spec, Servers: []string{"raw", "gws", "idler", "sojourn", "sojourn-volatile"}, Figures: []work.Figure{norm}}
	round := measure.Round{
		"raw": sample(1, 1, 5000, 0), "gws": sample(.8, 1, 5000, 0), "idler": sample(.01, 1, 50, 0), "sojourn": sample(1.6, 1, 5000, 0), "sojourn-volatile": sample(.4, 1, 5000, 0),
	}
	have := Results{"w0-calls": resultOf(5, round)}
	got := duels(work.Work{Name: "W0", Cases: []work.Case{c}}, have)
	if len(got) != 2 || got[0].best != "gws" || got[0].times() != 2 || got[1].times() != .5 {
		t.Errorf("the duels are %+v", got)
	}
	c.Figures = []work.Figure{rate}
	have["w0-calls"].Series.Rounds[0]["gws"] = sample(1, 1, 10_000, 0)
	if got := duels(work.Work{Name: "W0", Cases: []work.Case{c}}, Results{"w0-calls": resultOf(1, round)}); got[0].best != "gws" || got[0].times() != 2 {
		t.Errorf("where more is better the first is %+v", got[0])
	}
	if got := duels(work.Work{Name: "W0", Along: "sockets", Cases: []work.Case{c}}, have); len(got) > 0 {
		t.Errorf("points of a curve are compared: %+v", got)
	}
}

// Only what was measured by the rules may be quoted.
func TestTried(t *testing.T) {
	w, c := work.Work{Name: "W0"}, work.Case{Name: "calls", Spec: spec, Servers: []string{"raw"}, Figures: []work.Figure{norm}}
	w.Cases = []work.Case{c}
	quiet, noisy := measure.Round{"raw": sample(1, 1, 5000, .05)}, measure.Round{"raw": sample(1, 1, 5000, .3)}
	shorter := resultOf(5, quiet)
	shorter.Spec.Measure = time.Second
	for name, x := range map[string]struct {
		r    Result
		why  string
		only int // rounds that the work wants
	}{
		"by the rules":          {resultOf(5, quiet), "", 0},
		"of a curve":            {resultOf(3, quiet), "", 3},
		"too few rounds":        {resultOf(4, quiet), "4 of 5 rounds", 0},
		"too short":             {shorter, "1s of 5s", 0},
		"beside something else": {resultOf(5, noisy), "30 %", 0},
	} {
		w.Rounds = x.only
		if got := Tried(w, c, x.r); (got == "") != (x.why == "") || !strings.Contains(got, x.why) {
			t.Errorf("%s: %q", name, got)
		}
		var b strings.Builder
		headline(&b, []work.Work{w}, Results{"w0-calls": x.r})
		if strings.Contains(b.String(), "Do not quote") != (x.why != "") {
			t.Errorf("%s: the page begins with %q", name, b.String())
		}
	}
}

// What is not above zero has no place on a logarithmic axis, and spoils nothing.
func TestLinePlotsOfAnything(t *testing.T) {
	spread := func(values ...float64) (all []measure.Spread) {
		for _, v := range values {
			all = append(all, measure.Spread{Median: v, Low: v / 2, High: v * 2})
		}
		return all
	}
	for name, lines := range map[string][]line{
		"nothing":       {{server: "raw"}},
		"zeros":         {{"raw", []float64{1, 10}, spread(0, 0)}},
		"below zero":    {{"raw", []float64{1, 10, 100}, spread(-1, 5, 50)}},
		"one point":     {{"raw", []float64{1}, spread(7)}},
		"a flat line":   {{"raw", []float64{1, 1000}, spread(7, 7)}},
		"far and large": {{"raw", []float64{1, 1e5}, spread(1e-3, 1e9)}, {"sojourn", []float64{1}, spread(3)}},
	} {
		plot := linePlot(name, "sockets", lines)
		if strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") || strings.Contains(plot, "%!") || !strings.HasSuffix(plot, "</svg>\n") {
			t.Errorf("%s: %s", name, plot)
		}
		if drawn(lines) == (name == "nothing" || name == "zeros") {
			t.Errorf("%s: drawn is %v", name, drawn(lines))
		}
	}
}
