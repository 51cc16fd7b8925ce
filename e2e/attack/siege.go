package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

const (
	rounds     = 4 // without, with, without, with
	lull       = time.Second
	sampleTime = 100 * time.Millisecond
	// restTime is how long an instance is left alone until it is looked at for what has stayed: sockets have ended by then.
	restTime = socketTTL + 5*time.Second
)

// siege is one attack on one instance.
type siege struct {
	attack attack
	round  time.Duration
	dir    string
	redis  bool
	row    *row

	*instance
	store  *redistest.Server // nil: it is in the instance's memory
	tally  *tally
	times  times
	people []*honest
}

// run makes the attack, and fills the row.
func (s *siege) run(ctx context.Context) (err error) {
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.stop())
	}
	s.tally = newTally()
	s.people, err = enter(ctx, s.at.Program, s.tally, &s.times)
	if err == nil {
		err = s.rounds(ctx)
	}
	if err == nil {
		err = s.tally.settle(ctx)
	}
	for _, h := range s.people {
		h.Abandon()
	}
	s.row.logged = s.logged()
	s.row.rested = make(chan error, 1)
	go func() { s.row.rested <- errors.Join(s.rest(ctx), s.stop()) }() // beside the next attack
	return err
}

func (s *siege) start(ctx context.Context) (err error) {
	url := ""
	if s.redis {
		dir, err := os.MkdirTemp(s.dir, "redis-")
		if err != nil {
			return err
		}
		if s.store, err = redistest.StartServer(ctx, dir); err != nil {
			return err
		}
		url = s.store.URL()
	}
	s.instance, err = startInstance(s.dir, s.attack.name, url)
	return err
}

func (s *siege) stop() (err error) {
	if s.instance != nil {
		err = s.end(nil)
	}
	if s.store != nil {
		s.store.Stop()
	}
	return err
}

// rounds lets the honest talk, while they are alone and while there is an attacker, in turn.
func (s *siege) rounds(ctx context.Context) error {
	talking, stop := context.WithCancel(ctx)
	defer stop()
	var talk sync.WaitGroup
	for _, h := range s.people {
		talk.Go(func() { h.talk(talking) })
	}
	defer talk.Wait()
	defer stop()
	for n := range rounds {
		if err := wait(ctx, lull); err != nil {
			return err
		}
		if err := s.oneRound(ctx, n%2 == 1); err != nil {
			return err
		}
		if n == 0 {
			if err := s.look(ctx, &s.row.before, true); err != nil {
				return err
			}
		}
	}
	s.row.callsWithout, s.row.callsWith = s.times.summary(func(r *round) []time.Duration { return r.calls })
	s.row.eventsWithout, s.row.eventsWith = s.times.summary(func(r *round) []time.Duration { return r.events })
	return nil
}

func (s *siege) oneRound(ctx context.Context, attacked bool) error {
	var attacker *process
	if attacked {
		var err error
		log := filepath.Join(s.dir, s.attack.name+"-attacker.log")
		if attacker, err = start(log, "-role", "attacker", "-only", s.attack.name, "-target", s.at.Program); err != nil {
			return err
		}
	}
	cpu := spent(s.cmd.Process.Pid)
	s.times.begin()
	err := s.watch(ctx, attacked)
	s.times.end()
	s.row.spend(attacked, spent(s.cmd.Process.Pid)-cpu, s.round)
	if attacker == nil {
		return err
	}
	var got map[string]int
	err = errors.Join(err, attacker.end(&got))
	s.row.count(got)
	return err
}

// watch waits until the round is over, and notes the most that the instance has meanwhile.
func (s *siege) watch(ctx context.Context, attacked bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.round)
	defer cancel()
	for wait(ctx, sampleTime) == nil {
		if !attacked {
			continue
		}
		var now measure
		if err := s.look(ctx, &now, false); err != nil && ctx.Err() == nil {
			return fmt.Errorf("the instance has died: %w", err)
		}
		s.row.highest.max(now)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}

// look measures the instance, and its store; after a collection of garbage, if that is wanted.
func (s *siege) look(ctx context.Context, m *measure, collected bool) error {
	when := "now"
	if collected {
		when = "collected"
	}
	f, err := s.ask(ctx, when)
	if err != nil {
		return err
	}
	*m = measure{resident: resident(s.cmd.Process.Pid), heap: f.Heap, goroutines: f.Goroutines}
	if s.store != nil {
		m.store = resident(s.store.PID())
	}
	return nil
}

// rest looks at what has stayed when everybody has gone.
func (s *siege) rest(ctx context.Context) error {
	if err := wait(ctx, restTime); err != nil {
		return err
	}
	return s.look(ctx, &s.row.after, true)
}

// logged is how much the instance has logged, in bytes.
func (s *siege) logged() int {
	info, err := os.Stat(s.log)
	if err != nil {
		return 0
	}
	return int(info.Size())
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
