package framework

import (
	"context"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// drain knows whether the instance is going away, and what is still running on it.
type drain struct {
	turns    context.Context // ends when turns have to stop
	endTurns context.CancelFunc

	draining context.Context // ends when the instance begins to go away
	start    context.CancelFunc

	mu      sync.Mutex
	stopped bool      // no turn may begin
	at      time.Time // when that was; known to whoever sees that turns has ended
	running int
	idle    chan struct{} // closed when stopped and nothing runs
}

func (d *drain) init() {
	d.turns, d.endTurns = context.WithCancel(context.Background())
	d.draining, d.start = context.WithCancel(context.Background())
	d.idle = make(chan struct{})
}

func (d *drain) started() bool { return d.draining.Err() != nil }

// begin notes that a turn begins; false if none may.
func (d *drain) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return false
	}
	d.running++
	return true
}

func (d *drain) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running--; d.running == 0 && d.stopped {
		close(d.idle)
	}
}

// now stops all turns.
func (d *drain) now() {
	d.start()
	d.mu.Lock()
	if !d.stopped {
		d.stopped, d.at = true, time.Now()
		if d.running == 0 {
			close(d.idle)
		}
	}
	d.mu.Unlock()
	d.endTurns()
}

// How a drain spends its time. Turns may go on until turnMargin before its end.
const (
	moveSpread = 4 * time.Second
	turnMargin = 3 * time.Second
)

// Drain empties the instance, for its shutdown: [Server.Ready] says no from now on, clients are told to move and do so spread over some seconds, polls end
// at once, turns are finished or, when ctx has 3 seconds left, given up, to be run by another instance. It returns nil when there is nothing left,
// or ctx's error; then [Server.Close] ends the rest. Nothing is lost either way.
func (s *Server) Drain(ctx context.Context) error {
	s.drain.start()
	spread := moveSpread
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)/2)
		stop := time.AfterFunc(time.Until(deadline)-turnMargin, s.drain.now)
		defer stop.Stop()
	}
	s.hub.each(func(l *link) {
		if l.carrier.Once {
			l.control([]byte{byte(protocol.Move), '0'})
			return
		}
		l.control(protocol.AppendNumber([]byte{byte(protocol.Move)}, uint64(spread/time.Millisecond)))
	})
	if err := s.emptied(ctx, spread); err != nil {
		return err
	}
	s.drain.now()
	select {
	case <-s.drain.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// emptied waits until no connection is held. Those whose clients have not moved in time are ended.
func (s *Server) emptied(ctx context.Context, spread time.Duration) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(spread + spread/4)
	for s.hub.held() > 0 {
		select {
		case <-tick.C:
		case <-late:
			s.hub.each(func(l *link) { l.end(moveNow()) })
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// moveNow ends a connection whose client goes on elsewhere.
func moveNow() *protocol.Close { return &protocol.Close{Code: protocol.CodeMove} }
