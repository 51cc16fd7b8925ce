package generate

import (
	"math/bits"
	"time"
)

// histogram counts times in buckets that are at most 1/64 of what they hold wide, without allocation.
type histogram struct {
	counts [(64 - subBits) << subBits]uint32
	total  int
	max    int64
}

const subBits = 6 // 64 buckets for each power of two

func (h *histogram) add(nanoseconds int64) {
	v := uint64(max(nanoseconds, 0))
	h.counts[bucket(v)]++
	h.total++
	h.max = max(h.max, nanoseconds)
}

// bucket returns where a value is counted: the value itself while that is exact, then by its highest bits.
func bucket(v uint64) int {
	shift := bits.Len64(v) - subBits - 1
	if shift <= 0 {
		return int(v)
	}
	return shift<<subBits + int(v>>shift)
}

// upper returns the largest value that is counted in a bucket.
func upper(b int) uint64 {
	shift := b>>subBits - 1
	if shift <= 0 {
		return uint64(b)
	}
	return (uint64(b-shift<<subBits)+1)<<shift - 1
}

// quantile returns the time that a part of the values do not exceed, at most a 64th too large.
func (h *histogram) quantile(part float64) time.Duration {
	rank := int(part * float64(h.total))
	for b, n := range h.counts {
		if rank -= int(n); rank < 0 {
			return time.Duration(min(upper(b), uint64(h.max)))
		}
	}
	return time.Duration(h.max)
}

// Latency is how long messages took.
type Latency struct{ P50, P90, P99, P999, Max time.Duration }

func (h *histogram) latency() Latency {
	return Latency{h.quantile(.5), h.quantile(.9), h.quantile(.99), h.quantile(.999), time.Duration(h.max)}
}
