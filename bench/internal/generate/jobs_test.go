package generate

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// measuring is a generator without connections or clock, in the middle of measuring.
func measuring(s Spec) *generator {
	return &generator{spec: s, start: time.Now(), measured: measured{on: true}}
}

func payloadOf(n int) []byte {
	p := newPayload(minPayload)
	stamp(p, n, 0)
	return p
}

// What is left out is counted; what comes twice, or out of order, or was never published, ends the run.
func TestFollowChecksOrder(t *testing.T) {
	for name, c := range map[string]struct {
		came    []int
		missing int
		failed  string
	}{
		"all":             {[]int{3, 4, 5}, 0, ""}, // it followed from the fourth on
		"some left out":   {[]int{3, 4, 7, 9}, 3, ""},
		"repeated":        {[]int{3, 4, 4}, 0, "delivered after number 4"},
		"out of order":    {[]int{3, 5, 4}, 1, "delivered after number 5"},
		"never published": {[]int{3, 10}, 0, "delivered after number 3 of 10"},
	} {
		g := measuring(Spec{Rate: 1})
		j := &follow{generator: g, published: 10}
		following := &conn{generator: g, last: -1}
		for _, n := range c.came {
			j.came(following, payloadOf(n))
		}
		if g.result.Missing != c.missing || !failedWith(g, c.failed) {
			t.Errorf("%s: %d missing, want %d; %v, want %q", name, g.result.Missing, c.missing, g.failed, c.failed)
		}
	}
}

// An answer is to a call that was made and has no answer yet.
func TestCallsCheckAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		made   int
		came   []int
		failed string
	}{
		"answered":            {2, []int{0, 1}, ""},
		"in another order":    {2, []int{1, 0}, ""},
		"more than was asked": {1, []int{0, 0}, "not asked"},
		"what was not asked":  {1, []int{1}, "not asked"},
	} {
		g := measuring(Spec{Rate: 1})
		j := &calls{generator: g}
		caller := &conn{generator: g, n: c.made, waiting: c.made}
		for _, n := range c.came {
			j.came(caller, payloadOf(n))
		}
		if !failedWith(g, c.failed) {
			t.Errorf("%s: %v, want %q", name, g.failed, c.failed)
		}
	}
}

func failedWith(g *generator, text string) bool {
	if text == "" || g.failed == nil {
		return text == "" && g.failed == nil
	}
	return strings.Contains(g.failed.Error(), text)
}

// Latency counts from when a message was due, not from when it was sent.
func TestLatencyCountsFromWhenItWasDue(t *testing.T) {
	g := measuring(Spec{Rate: 1})
	g.start = time.Now().Add(-time.Hour)
	g.got(int64(time.Minute))
	if low := 59 * time.Minute; g.latency.quantile(1) < low {
		t.Errorf("the latency of what was due 59 minutes ago is %v", g.latency.quantile(1))
	}
}

// What has not come when the measuring ends counts as late as it is by then.
func TestLatencyOfWhatNeverCame(t *testing.T) {
	const never = int64(time.Hour)
	t.Run("deliveries", func(t *testing.T) {
		g := measuring(Spec{Rate: 1})
		g.every = time.Second
		g.conns = []*conn{{generator: g, last: 9}, {generator: g, last: 7}, {generator: g, last: 0, stuck: true}}
		(&follow{generator: g, published: 10}).overdue(never)
		if g.latency.total != 2 || g.latency.max != never-int64(8*time.Second) {
			t.Errorf("%d deliveries are overdue, the first by %v", g.latency.total, time.Duration(g.latency.max))
		}
	})
	t.Run("answers", func(t *testing.T) {
		g := measuring(Spec{Rate: 1})
		g.every = time.Second
		g.conns = []*conn{{generator: g, n: 5}, {generator: g, n: 5, waiting: 2}} // calls 7 and 9 of all
		(&calls{generator: g}).overdue(never)
		if g.latency.total != 2 || g.latency.max != never-int64(7*time.Second) {
			t.Errorf("%d answers are overdue, the first by %v", g.latency.total, time.Duration(g.latency.max))
		}
	})
}

// What comes late is progress like other deliveries: a saturated run takes nothing for lost while anything comes.
func TestLateDeliveriesAreNoStall(t *testing.T) {
	g := measuring(Spec{Ahead: 1})
	g.start = time.Now().Add(-time.Hour)
	j := &follow{generator: g, paths: []string{"/publish"}, published: 1, behind: 10}
	before := g.now()
	j.came(&conn{generator: g, last: -1}, payloadOf(0)) // due an hour ago
	if j.progress < before {
		t.Errorf("the last progress was %v before the delivery", time.Duration(before-j.progress))
	}
}

// Who was stuck has got things, or missed them with a word or without. The word is good for what comes next.
func TestLateDeliveriesAreCounted(t *testing.T) {
	const told, cut = -1, -2
	for name, c := range map[string]struct {
		dialect string
		came    []int
		want    Late
		tooLate int // that have not come when the time is over
	}{
		"all":                           {"raw", []int{4, 5, 6, 7, 8, 9}, Late{Got: 6}, 0},
		"some left out":                 {"raw", []int{4, 8, 9}, Late{Got: 3, Missed: 3, Untold: 3}, 0},
		"some left out, and said so":    {"sojourn-once", []int{4, told, 8, 9}, Late{Got: 3, Missed: 3}, 0},
		"more left out than was said":   {"sojourn-once", []int{4, told, 6, 9}, Late{Got: 3, Missed: 3, Untold: 2}, 0},
		"cut, begins anew":              {"raw", []int{4, cut, 9}, Late{Got: 2, Missed: 4, Cut: 1}, 0},
		"cut, goes on":                  {"sojourn-once", []int{4, cut, 5, 6, 7, 8, 9}, Late{Got: 6, Cut: 1}, 0},
		"cut, goes on and left out one": {"sojourn-once", []int{4, cut, 6, 7, 8, 9}, Late{Got: 5, Missed: 1, Untold: 1, Cut: 1}, 0},
		"too late":                      {"raw", []int{4}, Late{Got: 1, Missed: 5, Untold: 5}, 5},
	} {
		g := measuring(Spec{Rate: 1, Stuck: 1, Dialect: c.dialect})
		g.out, g.on, g.after = json.NewEncoder(io.Discard), false, true
		stuck := &conn{generator: g, last: 3, late: &late{mark: 9}}
		g.conns = []*conn{stuck}
		j := &follow{generator: g, published: 10, progress: g.now(), woken: g.now()}
		for _, n := range c.came {
			switch n {
			case told:
				stuck.Lost()
			case cut:
				stuck.wasCut()
				j.stands(stuck)
				stuck.late.mark = 9
			default:
				j.came(stuck, payloadOf(n))
			}
		}
		if c.tooLate > 0 {
			j.lookAfter(g.now())
			if g.failed != nil {
				t.Errorf("%s: it does not wait", name)
			}
			j.woken -= int64(catchUp)
		}
		if j.lookAfter(g.now()); g.result.Late != c.want || g.failed != errDone {
			t.Errorf("%s: %+v, want %+v; %v", name, g.result.Late, c.want, g.failed)
		}
	}
}

// That something was lost is said only to those who did not read.
func TestNobodyElseIsToldOfLoss(t *testing.T) {
	g := measuring(Spec{Rate: 1})
	if (&conn{generator: g}).Lost(); !failedWith(g, "reads all the time") {
		t.Errorf("it goes on: %v", g.failed)
	}
}
