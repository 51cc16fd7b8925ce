package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// newsroom is who publishes the news: of that listeners hear all from the first that they hear on.
const newsroom = "the news"

// tally knows what everybody said, and who heard it. Its methods may be called at once.
type tally struct {
	mu       sync.Mutex
	said     map[string]int
	heard    map[string]map[string]int // the last, by listener and speaker
	problems int
	first    error
}

func newTally() *tally {
	return &tally{said: map[string]int{}, heard: map[string]map[string]int{}}
}

func (t *tally) join(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said[name] = 0
	t.heard[name] = map[string]int{}
}

// say returns the number of the speaker's next line.
func (t *tally) say(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said[name]++
	return t.said[name]
}

// hear notes that somebody heard a line: each once, in order.
func (t *tally) hear(listener, from string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, any := t.heard[listener][from]
	if n != last+1 && (any || from != newsroom) {
		t.problemLocked("%s heard %d of %s after %d", listener, n, from, last)
	}
	t.heard[listener][from] = n
}

func (t *tally) problem(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problemLocked(format, args...)
}

func (t *tally) problemLocked(format string, args ...any) {
	t.problems++
	if t.first == nil {
		t.first = fmt.Errorf(format, args...)
	}
}

// settle waits until everybody has heard everything, and returns what is wrong.
func (t *tally) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := t.missing()
		if missing == nil {
			return t.verdict()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(t.verdict(), missing)
		}
	}
}

// missing tells of a line that somebody has not heard.
func (t *tally) missing() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for listener, heard := range t.heard {
		if heard[newsroom] == 0 {
			return fmt.Errorf("%s has heard no news", listener)
		}
		for speaker, n := range t.said {
			if heard[speaker] < n {
				return fmt.Errorf("%s has not heard %d to %d of %s", listener, heard[speaker]+1, n, speaker)
			}
		}
	}
	return nil
}

func (t *tally) verdict() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == nil {
		return nil
	}
	return fmt.Errorf("%d problems, the first: %w", t.problems, t.first)
}
