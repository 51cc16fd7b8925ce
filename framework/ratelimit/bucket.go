package ratelimit

import (
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// bucket is a token bucket of which only one number is kept, as the generic cell rate algorithm does (ITU-T I.371): when it will be full again.
type bucket struct {
	interval time.Duration // in which it gains a token; 0: no limit
	burst    time.Duration // in which it fills
}

// years bounds both, so that no sum of times overflows.
const years = 10 * 365 * 24 * time.Hour

func newBucket(rate float64, burst int) bucket {
	if !(rate > 0) {
		return bucket{}
	}
	interval := min(float64(time.Second)/rate, float64(years))
	return bucket{time.Duration(interval), time.Duration(min(interval*float64(burst), float64(years)))}
}

// take takes a token of the bucket that is full at a time, in nanoseconds of Unix time, and returns when it will be full then; or the error that
// says how long to wait.
func (b bucket) take(full int64, now time.Time) (int64, error) {
	next := max(full, now.UnixNano()) + int64(b.interval)
	if wait := time.Duration(next-now.UnixNano()) - b.burst; wait > 0 {
		const precision = 100 * time.Millisecond
		return full, framework.Errorf(framework.CodeRateLimited, "too many calls: the next one in %v", (wait + precision - 1).Truncate(precision))
	}
	return next, nil
}

// instance has the buckets of what one instance counts for itself.
type instance struct {
	bucket

	mu    sync.Mutex
	full  map[string]int64
	sweep int // how many may be in the map before those that are full are taken out
}

const minSweep = 1024

func newInstance(b bucket) *instance {
	return &instance{bucket: b, full: map[string]int64{}, sweep: minSweep}
}

func (i *instance) take(key string, now time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	full, err := i.bucket.take(i.full[key], now)
	if err != nil {
		return err
	}
	i.full[key] = full
	if len(i.full) >= i.sweep {
		for k, full := range i.full {
			if full < now.UnixNano() {
				delete(i.full, k)
			}
		}
		i.sweep = max(minSweep, 2*len(i.full))
	}
	return nil
}
