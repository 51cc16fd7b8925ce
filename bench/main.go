// Command bench measures what Sojourn costs, beside the least that its parts could cost and beside what people would pick instead.
//
//	go run . run W1 [-case name] [-servers raw,gws] [-rounds n] [-seconds s] [-connections n] [-any]
//	go run . -bar NAME
//	go run . report [-rest] [-rounds n] [-seconds s] [-any] [W1 ...] [growth]
//	go run . scaling
//
// README.md says what is measured, and by which rules.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/sojourn-go/sojourn/bench/internal/bare"
	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
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
	case "commits": // a child process
		return bare.Commits(os.Stdin, os.Stdout)
	case "serve": // a child process
		return serve(words)
	case "run":
		return try(words)
	case "-bar":
		return bar(words)
	case "report":
		return measureAll(words)
	case "scaling":
		return scale(words)
	}
	return errors.New("bench: say one of: run WORK, -bar NAME, report, scaling")
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
