package main

import (
	"log"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// asChild, in the environment, has the test's program be the command itself: what is measured runs in processes.
const asChild = "BENCH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		if err := command(os.Args[1:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// Every case runs, with the server that others are compared with, with ours and with those that need a Redis: with three connections, for a moment. Package work tests
// that the others do what they are to do.
func TestCasesRun(t *testing.T) {
	t.Setenv(asChild, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range work.All {
		for i, c := range w.Cases {
			if w.Along != "" && i != 1 { // one point of a curve is like the others
				continue
			}
			c.Spec.Topics = min(2, c.Spec.Topics)
			c.Spec.Connections, c.Spec.Warm = min(3, c.Spec.Connections), 10*time.Millisecond
			if c.Spec.Work != generate.Hold {
				c.Spec.Measure = 50 * time.Millisecond
			}
			for i, name := range c.Servers {
				s, err := work.Server(program, name)
				if err != nil {
					t.Fatal(err)
				}
				if i > 0 && !strings.HasPrefix(name, "sojourn") && !s.Redis {
					continue
				}
				t.Run(w.Name+" "+c.Name+" "+name, func(t *testing.T) { runs(t, program, c, s) })
			}
		}
	}
}

func runs(t *testing.T, program string, c work.Case, s measure.Server) {
	if _, err := exec.LookPath("redis-server"); err != nil && s.Redis {
		t.Skip("no redis-server on this machine; on Debian and Ubuntu: apt-get install redis-server")
	}
	if _, err := os.Stat("node/node_modules"); err != nil && s.Command[0] == "node" {
		t.Skip("no packages of Node; in bench/node: npm ci")
	}
	sample, err := measure.Run([]string{program, "generate"}, s, max(1, c.Instances), c.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if held := c.Spec.Work == generate.Hold; held != (sample.Seconds == 0) || sample.Connections != c.Spec.Connections || sample.Memory.After == 0 && !s.Bare {
		t.Errorf("measured was %+v", sample)
	}
}
