package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/cmd/sojourn/internal/repl"
)

var talk = command{"repl", "talks with a running server, command by command", runREPL}

func runREPL(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("repl", flag.ContinueOnError)
	var d dialing
	d.flags(flags)
	forget := flags.Bool("no-history", false, "remember no commands")
	if err := c.parse(flags, args, "sojourn repl [flags] URL", 1); err != nil {
		return err
	}
	url := flags.Arg(0)
	o := repl.Options{
		URL:     url,
		Dial:    func(ctx context.Context, o client.Options) (*client.Client, error) { return d.dial(ctx, url, o) },
		Timeout: d.timeout,
		Secrets: d.secrets(),
	}
	in, ok1 := c.in.(*os.File)
	out, ok2 := c.out.(*os.File)
	if !ok1 || !ok2 || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return repl.Pipe(ctx, o, c.in, c.out)
	}
	if !*forget {
		file, err := repl.HistoryFile()
		if err != nil {
			return fmt.Errorf("there is no place for the history (-no-history goes without): %w", err)
		}
		o.History = file
	}
	return repl.Terminal(ctx, o, in, out)
}
