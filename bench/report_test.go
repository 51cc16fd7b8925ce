package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/report"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Settings from the command line are in what is measured; without, the rules are.
func TestSettings(t *testing.T) {
	w := work.Work{Rounds: 3}
	c := work.Case{Spec: generate.Spec{Warm: 2 * time.Second, Measure: 5 * time.Second}}
	held := work.Case{Spec: generate.Spec{Work: generate.Hold}}
	for name, x := range map[string]struct {
		settings settings
		c        work.Case
		warm     time.Duration
		measure  time.Duration
		rounds   int
	}{
		"the rules":            {settings{}, c, 2 * time.Second, 5 * time.Second, 3},
		"shorter":              {settings{rounds: 1, seconds: .5}, c, time.Second / 2, time.Second / 2, 1},
		"longer":               {settings{seconds: 10}, c, 2 * time.Second, 10 * time.Second, 3},
		"where no time counts": {settings{seconds: 1}, held, 0, 0, 3},
	} {
		got, rounds := x.settings.of(w, x.c)
		if got.Spec.Warm != x.warm || got.Spec.Measure != x.measure || rounds != x.rounds {
			t.Errorf("%s: %v after %v, %d rounds", name, got.Spec.Measure, got.Spec.Warm, rounds)
		}
	}
}

// Names stand for works, and "growth" for all curves.
func TestTasks(t *testing.T) {
	count := func(names ...string) (n int) {
		tasks, err := tasksOf(names, settings{})
		if err != nil {
			t.Fatal(err)
		}
		return len(tasks)
	}
	all, growth, one := count(), count("growth"), count("W1")
	if one != 2 || growth == 0 || all <= growth || count("growth", "echo") != growth+one {
		t.Errorf("%d cases in all, %d of growth, %d of W1", all, growth, one)
	}
	if _, err := tasksOf([]string{"W99"}, settings{}); err == nil {
		t.Error("there is a W99")
	}
}

// After an interruption only what is not kept is measured: of this version, and with these settings.
func TestUndone(t *testing.T) {
	t.Chdir(t.TempDir())
	version := map[string]string{"github.com/sojourn-go/sojourn": "now"}
	tasks, err := tasksOf([]string{"W1"}, settings{})
	if err != nil {
		t.Fatal(err)
	}
	round := measure.Round{}
	for _, s := range tasks[0].c.Servers {
		round[s] = measure.Sample{}
	}
	kept := report.Result{Work: "W1", Case: "saturated", Versions: version, Spec: tasks[0].c.Spec, Series: measure.Series{Rounds: []measure.Round{round, round, round, round, round}}}
	for name, c := range map[string]struct {
		change func(*report.Result)
		left   int
	}{
		"kept":             {func(*report.Result) {}, 1},
		"of an older one":  {func(r *report.Result) { r.Versions = map[string]string{"github.com/sojourn-go/sojourn": "then"} }, 2},
		"for less time":    {func(r *report.Result) { r.Spec.Measure = time.Second }, 2},
		"in fewer rounds":  {func(r *report.Result) { r.Series.Rounds = r.Series.Rounds[:4] }, 2},
		"of fewer servers": {func(r *report.Result) { r.Series.Rounds = []measure.Round{{}, {}, {}, {}, {}} }, 2},
		"it was not, then": {func(r *report.Result) { r.Failed = "no memory" }, 2},
		"more than enough": {func(r *report.Result) { r.Series.Rounds = append(r.Series.Rounds, round) }, 1},
	} {
		r := kept
		c.change(&r)
		if err := report.Save(results, r); err != nil {
			t.Fatal(err)
		}
		left, err := undone(tasks, version)
		if err != nil || len(left) != c.left {
			t.Errorf("%s: %d of 2 are left, want %d: %v", name, len(left), c.left, err)
		}
	}
}

// An interruption keeps nothing of the case that is under way, and is no reason why it could not be measured.
func TestInterruptedTaskIsNotKept(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tasks, err := tasksOf([]string{"W1"}, settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := measureTask(ctx, tasks[0], false, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if _, ok, err := report.Load(results, "W1", "saturated"); ok || err != nil {
		t.Errorf("it is kept: %v, %v", ok, err)
	}
}

// A case that could not be measured says why, unless it was measured before.
func TestFailedTaskSaysWhy(t *testing.T) {
	t.Chdir(t.TempDir())
	failing := task{work.Work{Name: "W0"}, work.Case{Name: "none", Servers: []string{"nobody"}}, 1}
	for _, before := range []bool{false, true} {
		if before {
			if err := report.Save(results, report.Result{Work: "W0", Case: "none"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := measureTask(t.Context(), failing, false, nil); err == nil {
			t.Error("it did not fail")
		}
		if r, ok, _ := report.Load(results, "W0", "none"); !ok || (r.Failed == "") != before {
			t.Errorf("kept is %+v, %v, where it was measured before: %v", r, ok, before)
		}
	}
}
