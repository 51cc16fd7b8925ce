package main

import (
	"flag"
	"os"

	"github.com/sojourn-go/sojourn/bench/internal/report"
	"github.com/sojourn-go/sojourn/bench/internal/scaling"
)

// scale prints the page scaling.md, worked out from the results that are kept.
func scale(words []string) error {
	flags := flag.NewFlagSet("scaling", flag.ContinueOnError)
	p := scaling.Assumed
	flags.Float64Var(&p.CPU, "cpu", p.CPU, "price of a second of a processor, in dollars")
	flags.Float64Var(&p.Memory, "memory", p.Memory, "price of a second of a GiB")
	flags.Float64Var(&p.Requests, "requests", p.Requests, "price of a million requests")
	flags.Float64Var(&p.Redis, "redis", p.Redis, "price of a month of Redis")
	if err := flags.Parse(words); err != nil {
		return err
	}
	have, err := report.Read(results)
	if err != nil {
		return err
	}
	return scaling.Write(os.Stdout, have, p)
}
