package main

import (
	"context"
	"errors"
	"flag"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework/typescript"
)

var types = command{"types", "prints the types of a running server's services, as TypeScript declarations", printTypes}

func printTypes(ctx context.Context, c *console, args []string) error {
	flags := flag.NewFlagSet("types", flag.ContinueOnError)
	var d dialing
	d.flags(flags)
	source := flags.String("source", "", "a `directory` of the module whose packages have the constants of string types (default: the current one)")
	if err := c.parse(flags, args, "sojourn types [flags] URL >types.d.ts", 1); err != nil {
		return err
	}
	server, err := d.dial(ctx, flags.Arg(0), client.Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer func() { _ = server.Close(ctx) }() // a goodbye that is lost is said when the socket's time is over
	description, err := server.Discover(ctx)
	switch {
	case client.CodeOf(err) == "not_found":
		return errors.New("the server does not tell: discovery is off (Config.Discover)")
	case err != nil:
		return err
	}
	text, err := typescript.Declarations(typescript.WithConstants(ctx, *source, description))
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}
