package generate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every value lies in its bucket, and no bucket is wider than a 64th of what it holds.
func TestBuckets(t *testing.T) {
	for _, v := range []uint64{0, 1, 63, 64, 127, 128, 129, 255, 256, 1000, 1e6, 1e9, math.MaxInt64} {
		b := bucket(v)
		if upper(b) < v || b > 0 && upper(b-1) >= v {
			t.Errorf("%d is counted in bucket %d, which is %d to %d", v, b, upper(b-1)+1, upper(b))
		}
		if float64(upper(b)-v) > float64(v)/64 {
			t.Errorf("%d is taken for %d", v, upper(b))
		}
	}
}

func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h histogram
	values := make([]int64, 10_000)
	for i := range values {
		values[i] = int64(math.Exp(r.Float64()*20)) - 1
		h.add(values[i])
	}
	slices.Sort(values)
	for _, part := range []float64{0, .5, .9, .99, .999} {
		got, want := float64(h.quantile(part)), float64(values[int(part*float64(len(values)))])
		if got < want || got > want*(1+1./64)+1 {
			t.Errorf("%v of the values do not exceed %v, the histogram says %v", part, want, got)
		}
	}
	if h.quantile(1) != time.Duration(values[len(values)-1]) {
		t.Errorf("the maximum is %v, want %v", h.quantile(1), values[len(values)-1])
	}
}

func TestPayload(t *testing.T) {
	for _, size := range []int{minPayload, 64, 1 << 16} {
		p := newPayload(size)
		stamp(p, 123_456_789, 98_765_432_101)
		n, at, ok := stamped(p, -1)
		if len(p) != size || n != 123_456_789 || at != 98_765_432_101 || !ok {
			t.Errorf("of %d bytes: %q says %d, %d, %v", size, p, n, at, ok)
		}
	}
	for _, p := range []string{"", "{}", "x1", "1 0", `{"n":1000000000,"t":1000000000000000}`} {
		if _, _, ok := stamped([]byte(p), -1); ok {
			t.Errorf("%q is taken for a payload", p)
		}
	}
}

// A small payload is a JSON number of its size, and says which of the next messages it is.
func TestSmallPayload(t *testing.T) {
	for size, ahead := range map[int]int{1: 10, 2: 10, 8: 10_000_000, minPayload - 1: 1_000_000_000} {
		for _, after := range []int{-1, 0, 8, 123_456_789} {
			for _, next := range []int{1, 2, ahead} {
				p := newPayload(size)
				stamp(p, after+next, 5)
				n, at, ok := stamped(p, after)
				if len(p) != size || !json.Valid(p) || n != after+next || at != noTime || !ok {
					t.Errorf("of %d bytes, %d after %d: %q says %d, %d, %v", size, next, after, p, n, at, ok)
				}
			}
		}
	}
}
