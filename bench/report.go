package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/report"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Where results are kept, and where the report is written, from here.
const results = "results"

var docs = filepath.Join("..", "docs")

// settings are how things are measured that need not be as the rules say.
type settings struct {
	rounds  int     // 0: as many as the work wants
	seconds float64 // 0: as long as the case wants
	any     bool
}

func (s *settings) flags(f *flag.FlagSet) {
	f.IntVar(&s.rounds, "rounds", s.rounds, "rounds that count; 0: as the rules say")
	f.Float64Var(&s.seconds, "seconds", s.seconds, "time that is measured, in each case of each round; 0: as the rules say")
	f.BoolVar(&s.any, "any", false, "rounds count though the machine is busy: to try, not to measure")
}

// of returns a case with these settings, and its rounds.
func (s settings) of(w work.Work, c work.Case) (work.Case, int) {
	if s.seconds > 0 && c.Spec.Measure > 0 {
		c.Spec.Measure = time.Duration(s.seconds * float64(time.Second))
		c.Spec.Warm = min(c.Spec.Warm, c.Spec.Measure)
	}
	if s.rounds > 0 {
		return c, s.rounds
	}
	return c, w.CountedRounds()
}

// task is a case that is to be measured.
type task struct {
	work   work.Work
	c      work.Case
	rounds int
}

// measureAll measures some works, or all, keeps each result, and writes the report from all that are kept. A case that could not be measured stays as it was.
func measureAll(words []string) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	var s settings
	s.flags(flags)
	rest := flags.Bool("rest", false, "measure only what this version has not measured yet, with these settings: to go on after an interruption")
	if err := flags.Parse(words); err != nil {
		return err
	}
	tasks, err := tasksOf(flags.Args(), s)
	if err != nil {
		return err
	}
	versions := report.Versions("node")
	if *rest {
		if tasks, err = undone(tasks, versions); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends it at once
	var failed error
	for i, t := range tasks {
		fmt.Fprintf(os.Stderr, "%s %s, %s (%s to go)\n", t.work.Name, t.work.Title, t.c.Name, about(tasks[i:]))
		err := measureTask(ctx, t, s.any, versions)
		if ctx.Err() != nil {
			failed = errors.Join(failed, errors.New("bench: interrupted; what was measured is kept, and report -rest goes on"))
			break
		}
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, report.Write(docs, results))
}

// tasksOf returns the cases of works, or of all.
func tasksOf(names []string, s settings) (tasks []task, err error) {
	works := work.All
	if len(names) > 0 {
		works = nil
	}
	for _, name := range names {
		some, err := work.Named(name)
		if err != nil {
			return nil, err
		}
		works = append(works, some...)
	}
	for _, w := range works {
		for _, c := range w.Cases {
			c, rounds := s.of(w, c)
			tasks = append(tasks, task{w, c, rounds})
		}
	}
	return tasks, nil
}

// undone leaves out what is kept already.
func undone(tasks []task, versions map[string]string) (left []task, err error) {
	have, err := report.Read(results)
	for _, t := range tasks {
		if r, ok := have.Of(t.work.Name, t.c.Name); !ok || !r.Answers(t.c, t.rounds, versions) {
			left = append(left, t)
		}
	}
	return left, err
}

// about is how long tasks take, about.
func about(tasks []task) string {
	var sum time.Duration
	for _, t := range tasks {
		sum += t.c.Takes(t.rounds)
	}
	return fmt.Sprintf("about %d min", int(sum.Round(time.Minute).Minutes()))
}

// measureTask measures a case, and keeps what came of it; that it could not be measured only where nothing else is kept.
func measureTask(ctx context.Context, t task, anyRound bool, versions map[string]string) error {
	r := report.Result{Work: t.work.Name, Case: t.c.Name, When: time.Now(), Machine: measure.ThisMachine(), Versions: versions, Spec: t.c.Spec}
	var err error
	if r.Series, err = measureCase(ctx, t.c, t.c.Servers, t.rounds, anyRound); err == nil {
		return report.Save(results, r)
	}
	err = fmt.Errorf("%s %s: %w", t.work.Name, t.c.Name, err)
	if _, ok, _ := report.Load(results, t.work.Name, t.c.Name); ok || ctx.Err() != nil {
		return err
	}
	r.Series, r.Failed = measure.Series{}, report.Reason(err)
	return errors.Join(err, report.Save(results, r))
}
