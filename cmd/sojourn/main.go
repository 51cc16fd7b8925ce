// Sojourn is what a developer has beside the library.
//
//	sojourn types URL    prints the types of a running server's services, as TypeScript declarations
//	sojourn repl URL     talks with a running server, command by command
//
// Its exit status is 0 if it did what it was asked, 1 if not, and 2 if it was asked wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is a subcommand. It reads its own flags.
type command struct {
	name  string
	short string // what it does, in a line
	run   func(ctx context.Context, c *console, args []string) error
}

var commands = []command{types, talk}

// console is what a command speaks by.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// errUsage is the error of a command that was asked wrongly, and has said so.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, &console{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(status)
}

func run(ctx context.Context, c *console, args []string) (status int) {
	if len(args) == 0 {
		c.usage(c.err)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		c.usage(c.out)
		return 0
	}
	for _, command := range commands {
		if command.name != args[0] {
			continue
		}
		err := command.run(ctx, c, args[1:])
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return 2
		}
		fmt.Fprintf(c.err, "sojourn %s: %v\n", command.name, err)
		return 1
	}
	fmt.Fprintf(c.err, "sojourn: there is no command %q\n", args[0])
	c.usage(c.err)
	return 2
}

func (c *console) usage(w io.Writer) {
	fmt.Fprintln(w, "usage: sojourn COMMAND [flags] ...")
	for _, command := range commands {
		fmt.Fprintf(w, "  %-8s %s\n", command.name, command.short)
	}
	fmt.Fprintln(w, "sojourn COMMAND -h tells a command's flags.")
}

// parse reads a command's flags, and wants n arguments behind them. What is wrong it says.
func (c *console) parse(flags *flag.FlagSet, args []string, usage string, n int) error {
	flags.SetOutput(c.err)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage:", usage)
		flags.PrintDefaults()
	}
	for _, arg := range args {
		if arg == "-h" || arg == "-help" || arg == "--help" {
			flags.SetOutput(c.out)
		}
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case flags.NArg() != n:
		flags.Usage()
		return errUsage
	}
	return nil
}
