package transports

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Pump carries what goes down a link on a connection that lasts, and that only who serves its request writes to. It is for those who write transports: open the link
// with the pump's Carrier, and Run.
type Pump struct {
	Heartbeat time.Duration // a ping is written so often, whatever else is: over a WebSocket its answer shows that the client lives; 0: never
	MaxAge    time.Duration // the connection ends (m0) when it is so old, or up to a tenth younger; 0: never

	// Format appends a frame to b as the transport writes it.
	Format func(b, frame []byte) []byte
	// Write writes what Format made of several frames, 64 KiB or the one frame at most, and returns when it has left. It must give up after a time.
	// b is valid until it returns.
	Write func(b []byte) error

	ready chan struct{} // holds one when there may be something to take
}

var errGone = errors.New("transports: the client is gone or does not read")

// Carrier describes the connection to the switchboard, by the transport's name.
func (p *Pump) Carrier(transport string) Carrier {
	ready := make(chan struct{}, 1)
	p.ready = ready
	return Carrier{Transport: transport, Heartbeat: p.Heartbeat, Ready: func(bool) {
		select {
		case ready <- struct{}{}:
		default:
		}
	}}
}

// Run takes and writes until the connection ends, and returns the code that it ended with; the frames that say so have been written.
// It returns nil if there is nobody left to tell: a write failed, or ctx ended.
func (p *Pump) Run(ctx context.Context, link Link) *protocol.Close {
	due := newSchedule(p.Heartbeat, p.MaxAge)
	defer due.timer.Stop()
	var frames [][]byte
	for {
		var err error
		frames, err = link.Take(frames[:0])
		if p.write(frames...) != nil {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return Said(frames)
		case err != nil:
			return p.tell(protocol.CloseOf(err))
		}
		if clear(frames); cap(frames) > maxSpare {
			frames = nil
		}
		select {
		case <-due.timer.C: // however much there is to take
			if end, gone := p.tick(due); end != nil || gone {
				return end
			}
			continue
		default:
		}
		select {
		case <-p.ready:
		case <-due.timer.C:
			if end, gone := p.tick(due); end != nil || gone {
				return end
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// maxSpare is for how many frames a connection that is idle keeps room.
const maxSpare = 8

// tick writes what is due: a ping, or that the connection is old, which ends it.
func (p *Pump) tick(due *schedule) (end *protocol.Close, gone bool) {
	if due.old() {
		end = &protocol.Close{Code: protocol.CodeMove}
		if p.write([]byte{byte(protocol.Move), '0'}) != nil {
			return nil, true
		}
		return end, false
	}
	return nil, p.write([]byte{byte(protocol.Ping)}) != nil
}

// schedule says when a connection that lasts has to say something by itself.
type schedule struct {
	every time.Duration // between heartbeats; 0: there are none
	beat  time.Time     // the next
	age   time.Time     // when it is old; zero: never
	timer *time.Timer
}

func newSchedule(every, age time.Duration) *schedule {
	now := time.Now()
	s := &schedule{every: every, beat: now.Add(every)}
	if age > 0 {
		s.age = now.Add(age - rand.N(age/10+1)) // connections that began together do not end together
	}
	s.timer = time.NewTimer(s.wait(now))
	return s
}

func (s *schedule) wait(now time.Time) time.Duration {
	switch {
	case s.every == 0 && s.age.IsZero():
		return never
	case s.every == 0, !s.age.IsZero() && s.age.Before(s.beat):
		return s.age.Sub(now)
	}
	return s.beat.Sub(now)
}

// old tells, when the timer has fired, that the connection is; else it was time for a heartbeat, and the next is waited for.
func (s *schedule) old() bool {
	now := time.Now()
	if !s.age.IsZero() && !now.Before(s.age) {
		return true
	}
	if s.every > 0 && !now.Before(s.beat) {
		s.beat = now.Add(s.every)
	}
	s.timer.Reset(s.wait(now))
	return false
}

// Said returns what the last of a link's frames, those that came with io.EOF, say of its end, if that is a z; else the connection just ends.
func Said(frames [][]byte) *protocol.Close {
	if n := len(frames); n > 0 {
		f, _ := protocol.ParseFrame(frames[n-1])
		if end, err := protocol.ParseClose(f); err == nil {
			return end
		}
	}
	return &protocol.Close{Code: protocol.CodeMove}
}

func (p *Pump) tell(end *protocol.Close) *protocol.Close {
	if p.write(end.Append(nil)) != nil {
		return nil
	}
	return end
}

// batches are lent for a write, so that a connection that is idle holds none.
var batches = sync.Pool{New: func() any { return new([]byte) }}

func (p *Pump) write(frames ...[]byte) error {
	if len(frames) == 0 {
		return nil
	}
	batch := batches.Get().(*[]byte)
	defer batches.Put(batch)
	b := (*batch)[:0]
	for i, f := range frames {
		b = p.Format(b, f)
		if i+1 < len(frames) && len(b)+len(frames[i+1]) <= piece {
			continue
		}
		if p.Write(b) != nil {
			return errGone
		}
		if cap(b) <= 2*piece { // a larger one is left to the collector
			*batch = b
		}
		b = b[:0]
	}
	return nil
}
