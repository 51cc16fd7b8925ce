package transports_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports"
)

// Burst frames pass at once, each one more when its time has come; a bucket that was left alone is full again.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := transports.Limits{Rate: 10, Burst: 5}.Pace()
		for _, step := range []struct {
			n     int
			waits time.Duration
		}{
			{4, 0}, {1, 0}, {1, 100 * time.Millisecond}, {1, 100 * time.Millisecond}, {7, 700 * time.Millisecond}, {0, 0},
		} {
			if d := taking(t, p, step.n); d != step.waits {
				t.Errorf("%d frames waited for %v, want %v", step.n, d, step.waits)
			}
		}
		<-time.After(time.Hour)
		if d := taking(t, p, 6); d != 100*time.Millisecond {
			t.Errorf("6 frames after a rest waited for %v", d)
		}
	})
}

func TestPaceDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			limits transports.Limits
			n      int
			waits  time.Duration
		}{
			{transports.Limits{}, 2000, 0},
			{transports.Limits{}, 2001, time.Millisecond},
			{transports.Limits{Rate: -1}, 1 << 40, 0},
			{transports.Limits{Burst: -1}, 1 << 40, 0},
			{transports.Limits{Rate: 1, Burst: 1 << 40}, 1 << 30, 0},
		} {
			if d := taking(t, c.limits.Pace(), c.n); d != c.waits {
				t.Errorf("%+v: %d frames waited for %v, want %v", c.limits, c.n, d, c.waits)
			}
		}
	})
}

func TestPaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := transports.Limits{Rate: 1, Burst: 1}.Pace()
		start := time.Now()
		if err := p.Take(ctx, 60); err != context.DeadlineExceeded || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func taking(t *testing.T, p *transports.Pace, n int) time.Duration {
	t.Helper()
	start := time.Now()
	if err := p.Take(t.Context(), n); err != nil {
		t.Error(err)
	}
	return time.Since(start)
}
