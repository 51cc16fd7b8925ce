// Attack shows what one hostile client can take from the others: an instance of a small program serves honest clients over every transport, while
// it is attacked, and while it is not.
//
//	go run ./e2e/attack
//	go run ./e2e/attack -only volatile-ws -seconds 30 -store redis
//
// Each attack has an instance of its own, and two rounds without and two with it in turn. The instance, the attacker and the honest clients are three processes; they
// share the machine, so that what an attacker spends is missing to the others as well. Printed are tables in Markdown: the instance's memory and
// goroutines, how long honest calls and events took, and what the attacker was told. The exit status is 1 if an honest client lost something or had it twice, if
// a process died, or if an instance had more than 512 MiB or kept goroutines of an attack; never because of a time. It needs Linux, whose /proc it reads; and redis-server with -store redis.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("attack: ")
	only := flag.String("only", "", "the one attack to make: "+strings.Join(names(), ", "))
	seconds := flag.Int("seconds", 10, "how long each of the four rounds of an attack lasts")
	where := flag.String("store", "memory", "memory or redis")
	role := flag.String("role", "", "what this process is for another one of this program: instance, attacker")
	target := flag.String("target", "", "what that role needs to know: the URL of a store, or the host to attack")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch *role {
	case "instance":
		err = serve(ctx, *target)
	case "attacker":
		err = attackUntilTold(ctx, *only, *target)
	default:
		err = run(ctx, *only, *where, time.Duration(*seconds)*time.Second)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run makes the attacks and prints what came of them.
func run(ctx context.Context, only, where string, round time.Duration) error {
	dir, err := os.MkdirTemp("", "sojourn-attack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	var rows []*row
	var failed []string
	for _, a := range chosen {
		log.Printf("%s: %s", a.name, a.what)
		s := &siege{attack: a, round: round, dir: dir, redis: where == "redis", row: &row{name: a.name}}
		rows = append(rows, s.row)
		if err := s.run(ctx); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", a.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	for _, r := range rows {
		if err := errors.Join(r.rest(), r.bounded()); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", r.name, err))
		}
	}
	printTables(os.Stdout, rows)
	if failed != nil {
		return fmt.Errorf("FAILED\n%s", strings.Join(failed, "\n"))
	}
	return nil
}
