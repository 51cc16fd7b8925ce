package ws

import (
	"sync"
	"time"
)

// beside is the link's Carrier.Beside. The last work of a message is done by the goroutine that read it: to start one for each would cost more than most of them do.
func (c *conn) beside(work func()) {
	if c.work != nil {
		go c.work()
	}
	c.work = work
}

// besides sees to it that a connection is listened to while work of one of its messages takes its time.
type besides struct {
	mu    sync.Mutex
	busy  map[*conn]begun
	works int // so many were begun
	round int
	last  int // round in which some work began
	looks bool
}

// begun is when a work began: which it was, and in which round.
type begun struct{ work, round int }

const (
	roundTime = time.Millisecond
	lookAfter = 100 // rounds without any work: nobody looks any more
)

// run does a connection's work, and tells whether whoever calls is still the one who listens.
func (b *besides) run(c *conn) bool {
	work := c.work
	c.work = nil
	b.mu.Lock()
	if b.busy == nil {
		b.busy = map[*conn]begun{}
	}
	b.works++
	mine := begun{b.works, b.round}
	b.busy[c], b.last = mine, b.round
	if !b.looks {
		b.looks = true
		go b.look()
	}
	b.mu.Unlock()
	work()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[c] != mine {
		return false
	}
	delete(b.busy, c)
	return true
}

// look has another goroutine listen where work takes longer than a round.
func (b *besides) look() {
	ticker := time.NewTicker(roundTime)
	defer ticker.Stop()
	for range ticker.C {
		b.mu.Lock()
		for c, w := range b.busy {
			if w.round < b.round {
				delete(b.busy, c)
				go c.listen()
			}
		}
		b.round++
		b.looks = len(b.busy) > 0 || b.round-b.last < lookAfter
		looks := b.looks
		b.mu.Unlock()
		if !looks {
			return
		}
	}
}
