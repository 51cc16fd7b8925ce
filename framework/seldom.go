package framework

import (
	"sync/atomic"
	"time"
)

// seldom lets something be logged once a second: whoever can bring it about as often as they like fills no log by it.
type seldom struct{ second atomic.Int64 }

func (s *seldom) now() bool {
	now := time.Now().Unix()
	return s.second.Swap(now) != now
}

// logged is what strangers can bring about.
type logged struct{ refused, crowded, unready, away seldom }
