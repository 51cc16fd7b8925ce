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

// Pump carries what goes down a link on a connection that lasts. It is for those who write transports.
type Pump struct {
	Heartbeat time.Duration // a ping is written so often, whatever else is: over a WebSocket its answer shows that the client lives; 0: never
	MaxAge    time.Duration // the connection ends (m0) when it is so old, or up to a tenth younger; 0: never

	// Format appends a frame to b as the transport writes it.
	Format func(b, frame []byte) []byte
	// Write writes what Format made of several frames, 64 KiB or the one frame at most, and returns when it has left. It must give up after a time.
	// b is valid until it returns.
	Write func(b []byte) error
}

// Why a pump stops pulling, if it is not the link that ends.
var (
	errOld  = errors.New("transports: the connection reached its age")
	errBeat = errors.New("transports: a heartbeat is over")
	errGone = errors.New("transports: the client is gone or does not read")
)

// Run pulls and writes until the connection ends, and returns the code that it ended with; the frames that say so have been written.
// It returns nil if there is nobody left to tell: a write failed, or ctx ended. If ctx was ended with a *protocol.Close as
// its cause, that is told.
func (p Pump) Run(ctx context.Context, link Link) *protocol.Close {
	if p.MaxAge > 0 {
		age := p.MaxAge - rand.N(p.MaxAge/10+1) // connections that began together do not end together
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, age, errOld)
		defer cancel()
	}
	for {
		switch last, err := p.beat(ctx, link); {
		case err == errGone:
			return nil
		case err == errBeat && ctx.Err() != nil:
			return p.ended(context.Cause(ctx))
		case err == errBeat:
			if p.write([]byte{byte(protocol.Ping)}) != nil {
				return nil
			}
		case errors.Is(err, io.EOF):
			return Said(last)
		default:
			return p.tell(protocol.CloseOf(err))
		}
	}
}

// beat pulls and writes for one heartbeat. last is what came with the error.
func (p Pump) beat(ctx context.Context, link Link) (last [][]byte, err error) {
	if p.Heartbeat > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Heartbeat)
		defer cancel()
	}
	for {
		frames, err := link.Pull(ctx)
		if p.write(frames...) != nil {
			return nil, errGone
		}
		switch {
		case err == nil:
		case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
			return nil, errBeat
		default:
			return frames, err
		}
	}
}

// ended says why ctx has ended, if there is somebody to hear it.
func (p Pump) ended(cause error) *protocol.Close {
	if errors.Is(cause, errOld) {
		if p.write([]byte{byte(protocol.Move), '0'}) != nil {
			return nil
		}
		return &protocol.Close{Code: protocol.CodeMove}
	}
	if end, ok := errors.AsType[*protocol.Close](cause); ok {
		return p.tell(end)
	}
	return nil
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

func (p Pump) tell(end *protocol.Close) *protocol.Close {
	if p.write(end.Append(nil)) != nil {
		return nil
	}
	return end
}

// batches are lent for a write, so that a connection that is idle holds none.
var batches = sync.Pool{New: func() any { return new([]byte) }}

func (p Pump) write(frames ...[]byte) error {
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
