package framework

import (
	"sync"
	"time"
)

// opens keeps an address to Limits.OpensPerAddress: a bucket of SocketsPerAddress for each, which fills again by so many a second. It is this instance's
// alone, for nothing is to be asked of the store for whoever is at it.
type opens struct {
	interval, burst time.Duration // between two; that it takes to fill a bucket. No interval: no limit

	mu    sync.Mutex
	full  map[string]time.Time // when an address's bucket is full again
	sweep int                  // how many may be in the map before those that are full are taken out
}

const minSweep = 1024

func newOpens(l Limits) *opens {
	o := &opens{full: map[string]time.Time{}, sweep: minSweep}
	if forStore(l.OpensPerAddress) > 0 && forStore(l.SocketsPerAddress) > 0 {
		o.interval = time.Second / time.Duration(l.OpensPerAddress)
		o.burst = o.interval * time.Duration(l.SocketsPerAddress)
	}
	return o
}

// take tells whether an address may open another socket now. "" is not counted.
func (o *opens) take(address string) bool {
	if address == "" || o.interval == 0 {
		return true
	}
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.full[address]
	if at.Before(now) {
		at = now
	}
	if at = at.Add(o.interval); at.Sub(now) > o.burst {
		return false
	}
	o.full[address] = at
	if len(o.full) >= o.sweep {
		for a, full := range o.full {
			if full.Before(now) {
				delete(o.full, a)
			}
		}
		o.sweep = max(minSweep, 2*len(o.full))
	}
	return true
}
