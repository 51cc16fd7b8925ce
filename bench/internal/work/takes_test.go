package work

import (
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// A case takes what its runs take: for each server in each round.
func TestTakes(t *testing.T) {
	call := Case{Servers: []string{"a", "b"}, Spec: generate.Spec{Work: generate.Call, Connections: 1, Warm: 2 * time.Second, Measure: 5 * time.Second}}
	if one, five := call.Takes(1), call.Takes(5); one < 14*time.Second || one > 17*time.Second || five != 5*one {
		t.Errorf("one round takes %v, five %v", one, five)
	}
	few, many := Case{Servers: []string{"a"}, Spec: held(10)}, Case{Servers: []string{"a"}, Spec: held(100_000)}
	if few.Takes(1) > 3*time.Second || many.Takes(1) < 10*time.Second {
		t.Errorf("10 connections take %v, 100,000 %v", few.Takes(1), many.Takes(1))
	}
}

// A curve's points are in order, named by their places, of the same servers and figures.
func TestCurves(t *testing.T) {
	for _, w := range growth {
		for i, c := range w.Cases {
			if i > 0 && c.At <= w.Cases[i-1].At || len(c.Servers) != len(w.Cases[0].Servers) || len(c.Figures) != len(w.Cases[0].Figures) {
				t.Errorf("%s: %s does not follow on %+v", w.Name, c.Name, w.Cases[max(0, i-1)])
			}
			if all, err := Named("growth"); err != nil || all[0].Along == "" || c.Takes(w.CountedRounds()) == 0 {
				t.Errorf("%s: %v", w.Name, err)
			}
		}
	}
}
