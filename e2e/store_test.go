package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// While the store is away nothing is acknowledged, and instances say that they are not ready; when it is back all goes on.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		args       []string
		away, back func(*testing.T, *redistest.Server)
	}{
		{"stopped and started with its data", []string{"--appendonly", "yes", "--appendfsync", "always"},
			func(_ *testing.T, s *redistest.Server) { s.Stop() },
			func(t *testing.T, s *redistest.Server) {
				if err := s.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}},
		{"frozen", nil,
			func(t *testing.T, s *redistest.Server) { signal(t, s, syscall.SIGSTOP) },
			func(t *testing.T, s *redistest.Server) { signal(t, s, syscall.SIGCONT) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.StartT(t, test.args...)
			c := startChat(t, redis.URL(), 2, nil)
			pages := enterAll(t, c.URL)
			pages[0].say("one")
			for _, p := range pages {
				p.shows("Ann: one")
			}
			test.away(t, redis)
			for _, p := range pages {
				p.say("two")
			}
			c.ready(http.StatusServiceUnavailable)
			for _, p := range pages {
				p.sees("that the line waits", func(v view) bool { return slices.Equal(v.Pending, []string{"two"}) && len(v.Lines) == 1 })
			}
			pages[0].screenshot("away")
			test.back(t, redis)
			c.ready(http.StatusOK)
			for _, p := range pages {
				p.sees("all lines", func(v view) bool { return len(v.Lines) >= 1+len(pages) && len(v.Pending) == 0 })
			}
			v, err := pages[0].look()
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(slices.Values(v.Lines[1:])); !slices.Equal(got, []string{"Ann: two", "Bob: two", "Cyd: two"}) {
				t.Errorf("Ann sees %q", v.Lines)
			}
			for _, p := range pages {
				p.shows(v.Lines...)
				p.hears(v.Lines...)
			}
			pages[1].say("three")
			for _, p := range pages {
				p.shows(append(v.Lines, "Bob: three")...)
				p.sees("no loss", func(v view) bool { return len(v.Lost) == 0 && len(v.Failed) == 0 && v.Here == "3 here" })
			}
		})
	}
}

// signal freezes a Redis server, or lets it go on.
func signal(t *testing.T, s *redistest.Server, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.PID(), signal); err != nil {
		t.Fatal(err)
	}
	if signal == syscall.SIGSTOP {
		pid := s.PID()
		t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) }) // or it does not end
	}
}

// ready waits until every instance answers so when it is asked whether it is ready.
func (c *cluster) ready(want int) {
	c.t.Helper()
	for _, i := range c.running {
		until(c.t, func() string {
			status, err := i.ready(c.t.Context())
			if status == want {
				return ""
			}
			return fmt.Sprintf("an instance answers %d, %v; want %d", status, err, want)
		})
	}
}
