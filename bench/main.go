// Command bench measures what Sojourn costs, beside the least that its parts could cost and beside what people would pick instead.
//
//	go run . run W1 [-servers raw,gws] [-rounds n] [-seconds s] [-connections n] [-any]
//	go run . -bar NAME
//
// README.md says what is measured, and by which rules.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func command(words []string) error {
	name := ""
	if len(words) > 0 {
		name, words = words[0], words[1:]
	}
	switch name {
	case "generate": // a child process
		runtime.GOMAXPROCS(1)
		return generate.Main(os.Stdin, os.Stdout)
	case "serve": // a child process
		return serve(words)
	case "run":
		return try(words)
	case "-bar":
		return bar(words)
	}
	return errors.New("bench: say one of: run W1, -bar NAME")
}

func serve(words []string) error {
	flags := flag.NewFlagSet("serve NAME", flag.ContinueOnError)
	redis := flags.String("redis", "", "URL of a Redis")
	if len(words) == 0 {
		return errors.New("bench: serve needs the name of a server")
	}
	if err := flags.Parse(words[1:]); err != nil {
		return err
	}
	return peers.Serve(words[0], peers.Options{Redis: *redis}, os.Stdin, os.Stdout)
}

// try runs a piece of work and prints its tables.
func try(words []string) error {
	flags := flag.NewFlagSet("run WORK", flag.ContinueOnError)
	servers := flags.String("servers", "", "run only these")
	rounds := flags.Int("rounds", 1, "rounds that count")
	seconds := flags.Float64("seconds", 1, "time that is measured, in each case of each round")
	connections := flags.Int("connections", 0, "so many instead of what the case has")
	anyRound := flags.Bool("any", false, "rounds count though the machine is busy: to try, not to measure")
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
		if *servers != "" {
			c.Servers = strings.Split(*servers, ",")
		}
		if *connections > 0 {
			c.Spec.Connections = *connections
		}
		c.Spec.Measure = time.Duration(*seconds * float64(time.Second))
		c.Spec.Warm = min(c.Spec.Warm, c.Spec.Measure)
		series, err := measureCase(c, c.Servers, *rounds, *anyRound)
		if err != nil {
			return err
		}
		w.Cases[i] = c
		fmt.Printf("%s %s, %s\n", w.Name, w.Title, c.Name)
		for _, s := range c.Servers {
			fmt.Printf("  %-18s", s)
			for _, f := range c.Figures {
				v := c.Read(f, series, s)
				fmt.Printf("  %s %.4g%s", f.Name, v.Median, f.Unit)
			}
			fmt.Println()
		}
	}
	return nil
}

// measureCase measures servers of a case.
func measureCase(c work.Case, names []string, rounds int, anyRound bool) (measure.Series, error) {
	program, err := os.Executable()
	if err != nil {
		return measure.Series{}, err
	}
	plan := measure.Plan{Generator: []string{program, "generate"}, Spec: c.Spec, Rounds: rounds, Any: anyRound}
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
	return plan.Measure()
}

// bar measures one figure, and fails unless its bar holds.
func bar(words []string) error {
	if len(words) != 1 {
		return errors.New("bench: -bar needs a name")
	}
	w, b, err := work.FindBar(words[0])
	if err != nil {
		return err
	}
	series, err := measureCase(w.Case(b.Case), b.Servers(), work.Rounds, false)
	if err != nil {
		return err
	}
	v, holds := b.Read(series)
	word := "holds"
	if !holds {
		word = "does not hold"
	}
	fmt.Printf("%s %.3g (%.3g-%.3g)%s; %s: it %s\n", b.Name, v.Median, v.Low, v.High, b.Figure.Unit, b.Says(), word)
	if !holds {
		os.Exit(1)
	}
	return nil
}
