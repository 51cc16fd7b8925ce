package ratelimit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A call is let through exactly if afterwards no span of time, from any call that was let through to now, has more calls than the burst and what is gained meanwhile.
func TestBucketIsItsDefinition(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := newBucket(math.Exp(r.Float64()*12-6), 1+r.IntN(8))
		now := time.Unix(1_800_000_000, 0)
		var full int64
		var passed []time.Time
		for n := range 200 {
			now = now.Add(time.Duration(r.ExpFloat64() * float64(b.interval) * r.Float64() * 3))
			var err error
			full, err = b.take(full, now)
			if want := b.mayPass(append(passed, now)); want != (err == nil) {
				t.Fatalf("seed %d, call %d of a bucket of %v: %v, want that it passes: %v", seed, n, b, err, want)
			}
			if err == nil {
				passed = append(passed, now)
			}
		}
	}
}

// mayPass tells whether calls are within the limit, the last one with all before it.
func (b bucket) mayPass(calls []time.Time) bool {
	last := calls[len(calls)-1]
	for i, first := range calls {
		if time.Duration(len(calls)-i)*b.interval > b.burst+last.Sub(first) {
			return false
		}
	}
	return true
}

// Who waits as long as he was told gets through, and no sooner: to a tenth of a second.
func TestBucketSaysHowLong(t *testing.T) {
	b := newBucket(0.4, 2)
	now := time.Unix(1_800_000_000, 0)
	var full int64
	for n, row := range []struct {
		after time.Duration
		want  string
	}{
		{0, ""}, {0, ""}, {0, "rate_limited: too many calls: the next one in 2.5s"},
		{2499 * time.Millisecond, "rate_limited: too many calls: the next one in 100ms"}, {time.Millisecond, ""},
		{0, "rate_limited: too many calls: the next one in 2.5s"}, {time.Hour, ""}, {0, ""}, {time.Second, "rate_limited: too many calls: the next one in 1.5s"},
	} {
		now = now.Add(row.after)
		var err error
		got := ""
		if full, err = b.take(full, now); err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("call %d: %q, want %q", n, got, row.want)
		}
	}
}

// However calls go back and forth between instances whose clocks differ by up to d, no more get through than with one clock, and what is gained in d.
func TestBucketWithSkewedClocks(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := newBucket(10, 1+r.IntN(20))
		skew := time.Duration(r.Int64N(int64(10 * time.Second)))
		begin := time.Unix(1_800_000_000, 0)
		now, passed, waited := begin, 0, time.Duration(0)
		var full int64
		for range 2000 {
			now = now.Add(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
			clock := now.Add(time.Duration(r.IntN(2)) * skew)
			var err error
			if full, err = b.take(full, clock); err == nil {
				passed++
			}
			waited = max(waited, time.Duration(full-clock.UnixNano())-b.burst)
		}
		if most := int((now.Sub(begin) + b.burst + skew) / b.interval); passed > most {
			t.Errorf("seed %d: %d calls got through, more than %d, with a skew of %v", seed, passed, most, skew)
		}
		if waited > skew {
			t.Errorf("seed %d: a key has to wait for %v longer, with a skew of %v", seed, waited, skew)
		}
	}
}

// No rate and burst make a bucket that overflows.
func TestBucketOfAnySize(t *testing.T) {
	for _, rate := range []float64{math.SmallestNonzeroFloat64, 1e-300, 1e-9, 1, 1e9, 1e300, math.MaxFloat64, math.Inf(1)} {
		for _, burst := range []int{1, 1000, math.MaxInt} {
			b := newBucket(rate, burst)
			full, err := b.take(0, time.Now())
			again, _ := b.take(full, time.Now())
			if err != nil || again < full || b.interval < 0 || b.burst < b.interval {
				t.Errorf("rate %v, burst %d: %v, %v, full at %d, then %d", rate, burst, b, err, full, again)
			}
		}
	}
}

// What an instance counts for itself is let go when it says nothing any more.
func TestInstanceForgetsFullBuckets(t *testing.T) {
	i := newInstance(newBucket(1, 1))
	now := time.Unix(1_800_000_000, 0)
	for n := range 100 * minSweep {
		now = now.Add(10 * time.Millisecond)
		if err := i.take(fmt.Sprint(n), now); err != nil {
			t.Fatal(err)
		}
	}
	if len(i.full) > 2*minSweep {
		t.Errorf("%d buckets are held, of which about 100 are not full", len(i.full))
	}
}
