package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// measureCase measures servers of a case, and says on standard error how it goes.
func measureCase(ctx context.Context, c work.Case, names []string, rounds int, anyRound bool) (measure.Series, error) {
	program, err := os.Executable()
	if err != nil {
		return measure.Series{}, err
	}
	plan := measure.Plan{Generator: []string{program, "generate"}, Spec: c.Spec, Instances: c.Instances, Rounds: rounds, Any: anyRound}
	for _, name := range names {
		s, err := work.Server(program, name)
		if err != nil {
			return measure.Series{}, err
		}
		plan.Servers = append(plan.Servers, s)
	}
	plan.Told = func(server string, s measure.Sample) {
		fmt.Fprintf(os.Stderr, "  %s: server %.2f s, generator %.2f s, foreign %.1f %%\n", server, s.Server, s.CPU, 100*s.Foreign)
	}
	return plan.Measure(ctx)
}

// bar measures one figure, prints it, and fails unless its bar holds.
func bar(words []string) error {
	if len(words) != 1 {
		return errors.New("bench: -bar needs a name")
	}
	w, b, err := work.FindBar(words[0])
	if err != nil {
		return err
	}
	series, err := measureCase(context.Background(), w.Case(b.Case), b.Servers(), work.Rounds, false)
	if err != nil {
		return err
	}
	v, holds := b.Read(series)
	unit := b.Figure.Unit
	if b.Against != "" {
		unit = ""
	}
	fmt.Printf("%s: %.3g%s (%.3g-%.3g); to be: %s\n", b.Name, v.Median, unit, v.Low, v.High, b.Says())
	if !holds {
		return fmt.Errorf("bench: %s does not hold", b.Name)
	}
	return nil
}

// try runs a piece of work and prints its figures.
func try(words []string) error {
	flags := flag.NewFlagSet("run WORK", flag.ContinueOnError)
	servers := flags.String("servers", "", "run these instead of those that the case has")
	only := flags.String("case", "", "run only this case")
	connections := flags.Int("connections", 0, "so many instead of what the case has")
	s := settings{rounds: 1, seconds: 1}
	s.flags(flags)
	if len(words) == 0 {
		return errors.New("bench: run needs the name of a work")
	}
	if err := flags.Parse(words[1:]); err != nil {
		return err
	}
	w, err := work.Find(words[0])
	if err != nil {
		return err
	}
	for i, c := range w.Cases {
		if *only != "" && *only != c.Name {
			continue
		}
		if *servers != "" {
			c.Servers = strings.Split(*servers, ",")
		}
		if *connections > 0 {
			c.Spec.Connections = *connections
		}
		c, rounds := s.of(w, c)
		series, err := measureCase(context.Background(), c, c.Servers, rounds, s.any)
		if err != nil {
			return err
		}
		w.Cases[i] = c
		fmt.Printf("%s %s, %s\n", w.Name, w.Title, c.Name)
		for _, server := range c.Servers {
			fmt.Printf("  %-18s", server)
			for _, f := range c.Figures {
				v := c.Read(f, series, server)
				fmt.Printf("  %s %.4g%s", f.Name, v.Median, f.Unit)
			}
			fmt.Println()
		}
	}
	return nil
}
