package ws

import (
	"context"
	"sync"
	"time"
)

// life is the context of a connection: it has the values of the request that it began as, and ends by itself. One of package context's takes four times as much memory.
type life struct {
	values context.Context

	mu    sync.Mutex
	over  bool
	ended chan struct{} // made when it is first asked for
}

var _ context.Context = (*life)(nil)

// Deadline implements context.Context.
func (l *life) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context.
func (l *life) Value(key any) any { return l.values.Value(key) }

// Done implements context.Context.
func (l *life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended == nil {
		l.ended = make(chan struct{})
		if l.over {
			close(l.ended)
		}
	}
	return l.ended
}

// Err implements context.Context.
func (l *life) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return context.Canceled
	}
	return nil
}

func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over && l.ended != nil {
		close(l.ended)
	}
	l.over = true
}
