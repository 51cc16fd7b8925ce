package measure

import (
	"math"
	"os"
	"os/exec"
	"testing"
	"time"
)

// One run beside which somebody else was busy drops the round, for all servers.
func TestForeignTimeDropsTheRound(t *testing.T) {
	for name, c := range map[string]struct {
		foreign [3]float64
		counts  bool
	}{
		"nobody else":     {[3]float64{0, 0, 0}, true},
		"a little":        {[3]float64{.05, .01, .05}, true},
		"too much in one": {[3]float64{0, .051, 0}, false},
		"too much in all": {[3]float64{.5, .5, .5}, false},
	} {
		r := Round{"a": {Foreign: c.foreign[0]}, "b": {Foreign: c.foreign[1]}, "c": {Foreign: c.foreign[2]}}
		if r.counts() != c.counts {
			t.Errorf("%s: the round counts: %v", name, r.counts())
		}
	}
}

// What processes have used, children that have ended and a hypervisor's other guests included, is foreign unless it is ours.
func TestForeignTime(t *testing.T) {
	own, children := parseProcess("17 (odd) (name) S 1 17 17 0 -1 4194304 500 600 0 0 120 30 40 10 20 0 9 0 33 1 1")
	if own != 1.5 || children != .5 {
		t.Errorf("the process has used %v, and its children %v", own, children)
	}
	stolen := parseStolen("cpu  100 200 300 4000 500 60 70 80 90 10\ncpu0 1 1 1")
	if stolen != .8 {
		t.Errorf("%v s were stolen", stolen)
	}
	begin := time.Unix(0, 0)
	before, after := machineTime{begin, 10}, machineTime{begin.Add(5 * time.Second), 16}
	if got := after.foreign(before, 2, 4); got != .2 { // 10 s, of which processes used 6, and ours 4
		t.Errorf("%v of the time is foreign, want 0.2", got)
	}
	if got := after.foreign(before, 2, 6.5); got != 0 {
		t.Errorf("%v of the time is foreign where ours have used more than all", got)
	}
}

// A process that works beside is noticed, and this one is none.
func TestForeignTimeOfThisMachine(t *testing.T) {
	before := readMachine()
	used := pid(os.Getpid()).cpu()
	if out, err := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	m := readMachine()
	if got := m.used - before.used - (pid(os.Getpid()).cpu() - used); got < .02 {
		t.Errorf("a process that worked was charged %v s", got)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{7}, Spread{7, 7, 7}},
		{[]float64{3, 1, 2}, Spread{2, 1, 3}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
	} {
		if got := SpreadOf(c.values); got != c.want {
			t.Errorf("%v spread %v, want %v", c.values, got, c.want)
		}
	}
}

// A machine that is twice as slow in one round moves neither norm nor relative rate.
func TestRelativeFiguresAreOfTheSameRound(t *testing.T) {
	sample := func(server, generator, seconds float64) (s Sample) {
		s.Server, s.CPU, s.Messages, s.Seconds = server, generator, 1000, seconds
		return s
	}
	series := Series{Rounds: []Round{
		{"raw": sample(2, 2, 1), "ours": sample(3, 2, 2)},
		{"raw": sample(4, 4, 2), "ours": sample(6, 4, 4)},
	}}
	if got := series.Relative("ours", "raw", Effort); got != (Spread{1.5, 1.5, 1.5}) {
		t.Errorf("the norm is %v", got)
	}
	if got := series.Relative("ours", "raw", Rate); got != (Spread{.5, .5, .5}) {
		t.Errorf("the relative rate is %v", got)
	}
	if got := series.Of("ours", Cost); math.Abs(got.Low-.003) > 1e-9 || math.Abs(got.High-.006) > 1e-9 {
		t.Errorf("a message costs %v", got)
	}
}

// What one server has more than another is read round by round.
func TestDifferencesAreOfTheSameRound(t *testing.T) {
	sample := func(bytes int) (s Sample) {
		s.Connections, s.Memory = 1, Growth{Before: 1000, After: 1000 + bytes}
		return s
	}
	series := Series{Rounds: []Round{
		{"all": sample(900), "less": sample(700)}, {"all": sample(500), "less": sample(200)}, {"all": sample(800), "less": sample(400)},
	}}
	if got := series.Difference("all", "less", Each); got != (Spread{300, 200, 400}) {
		t.Errorf("the difference is %v", got)
	}
}
