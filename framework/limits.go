package framework

import (
	"math"

	"github.com/sojourn-go/sojourn/store"
)

// Limits bound what one client may have and ask for, so that none can take what belongs to all. A zero field has its default; a negative one is no
// limit. What a client may send at once is bounded by its transports ([github.com/sojourn-go/sojourn/transports.Limits]), what may be kept unread for it by the
// store's options. docs/limits.md has all of them, and what happens beyond each.
type Limits struct {
	// SocketsPerUser is how many sockets a user may have at once, and a browser's session: tabs and devices. Default 100. One more is refused
	// (crowded), and tries again by and by. Users without an ID are not counted.
	SocketsPerUser int
	// SocketsPerAddress is the same for an address, as Config.Address gives it. Default 1,000.
	SocketsPerAddress int
	// OpensPerAddress is how many sockets a second an instance opens for an address, after SocketsPerAddress at once. Default 100. One more is refused (crowded)
	// before anything else is asked about it, Identify included.
	OpensPerAddress int
	// Subscriptions is how many topics and states a socket may be subscribed to. Default 200. One more is answered with [CodeFull].
	Subscriptions int
	// Pending is how many questions and timers of a socket's turns may be outstanding. Default 200. A turn that makes one more has no effect and is
	// answered with [CodeFull].
	Pending int
	// Volatile is how many volatile calls of a socket an instance runs at the same time. Default 16. One more is answered with [CodeRateLimited].
	Volatile int
	// Effects is how many effects a turn may have. Default 256. The next one is an error.
	Effects int
	// EffectBytes is what a turn's effects may come to, in encoded bytes, and the answer to a volatile call. Default 1 MiB. The next one is an error.
	EffectBytes int
	// StateBytes is how large a State's value, or a field of a Map, may be, in bytes of JSON. Default 256 KiB. An Update beyond that is an error of [CodeFull].
	StateBytes int
}

func (l Limits) withDefaults() Limits {
	set := func(n *int, byDefault int) {
		switch {
		case *n == 0:
			*n = byDefault
		case *n < 0:
			*n = math.MaxInt32
		}
	}
	set(&l.SocketsPerUser, 100)
	set(&l.SocketsPerAddress, 1000)
	set(&l.OpensPerAddress, 100)
	set(&l.Subscriptions, 200)
	set(&l.Pending, 200)
	set(&l.Volatile, 16)
	set(&l.Effects, 256)
	set(&l.EffectBytes, 1<<20)
	set(&l.StateBytes, 256<<10)
	return l
}

// forStore returns a limit as stores take it: 0 for none.
func forStore(limit int) int {
	if limit == math.MaxInt32 {
		return 0
	}
	return limit
}

// exceeded says which limit an effect is beyond, of which the store told the name.
func (l Limits) exceeded(name string, effects []store.Effect) *Error {
	for _, e := range effects {
		switch e := e.(type) {
		case store.Subscribe:
			if e.Topic == name {
				return Errorf(CodeFull, "a socket can be subscribed to %d topics and states: %s is one too many", l.Subscriptions, name)
			}
		case store.Put:
			if e.Item == name {
				return Errorf(CodeFull, "a socket can have %d questions and timers outstanding: that is one too many", l.Pending)
			}
		case store.Publish:
			if e.Topic == name && e.MaxFields > 0 {
				return Errorf(CodeFull, "%s can have %d fields, and %d bytes in them: that is too much", name, e.MaxFields, e.MaxBytes)
			}
		}
	}
	return Errorf(CodeFull, "%s is one too many", name)
}
