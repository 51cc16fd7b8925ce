package engineio

import (
	"sync"
	"time"
)

// remembered is how many sessions an instance remembers the last ping of, at least.
const remembered = 10_000

// pings is when this instance has pinged sessions. Clients that poll reach any instance, and end themselves if none has pinged them for too long; so each pings when it has not done so itself for an interval,
// or ever: a ping too many costs a request, one too few a session.
type pings struct {
	mu         sync.Mutex
	last, past map[string]time.Time // past: what was last until that was full
}

// said notes that a session is pinged now.
func (p *pings) said(sid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || len(p.last) >= remembered {
		p.last, p.past = map[string]time.Time{}, p.last
	}
	p.last[sid] = time.Now()
}

// due is when a session is to be pinged.
func (p *pings) due(sid string, interval time.Duration) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.last[sid]
	if !ok {
		last, ok = p.past[sid]
	}
	if !ok {
		return time.Now()
	}
	return last.Add(interval)
}
