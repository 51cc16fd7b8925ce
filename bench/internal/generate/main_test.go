package generate

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/bench/internal/peers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves a peer until the test ends.
func serve(t *testing.T, name string) (address string) {
	t.Helper()
	in, toIn := io.Pipe()
	fromOut, out := io.Pipe()
	ended := make(chan error)
	go func() { ended <- peers.Serve(name, peers.Options{}, in, out) }()
	t.Cleanup(func() {
		toIn.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	var said struct{ Address string }
	if err := json.NewDecoder(fromOut).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said.Address
}

// generated runs a spec, and returns what it reported, up to the event that is its last.
func generated(t *testing.T, spec Spec) (events []Event, err error) {
	t.Helper()
	in, toIn := io.Pipe()
	fromOut, out := io.Pipe()
	ended := make(chan error)
	go func() { ended <- Main(in, out) }()
	if err := json.NewEncoder(toIn).Encode(spec); err != nil {
		t.Fatal(err)
	}
	last := "end"
	switch {
	case spec.Work == Hold:
		last = "open"
	case spec.Stuck > 0:
		last = "caught up"
	}
	for decoder := json.NewDecoder(fromOut); ; {
		var e Event
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.What == "end" && e.What != last {
			if _, err := io.WriteString(toIn, GoOn); err != nil {
				t.Fatal(err)
			}
		}
		if events = append(events, e); e.What == last || e.What == "failed" {
			break
		}
	}
	toIn.Close()
	return events, <-ended
}

// Each kind of work goes through its phases, against the simplest server, and finds nothing wrong with it.
func TestMainReports(t *testing.T) {
	const (
		short  = 100 * time.Millisecond
		phases = "open begin end"
	)
	for name, c := range map[string]struct {
		spec   Spec
		phases string
	}{
		"calls, saturated":       {Spec{Work: Call, Ahead: 2}, phases},
		"calls, paced":           {Spec{Work: Call, Rate: 1000}, phases},
		"follow, saturated":      {Spec{Work: Follow, Ahead: 4}, phases},
		"follow, paced":          {Spec{Work: Follow, Rate: 100}, phases},
		"one is stuck":           {Spec{Work: Follow, Rate: 100, Stuck: 1}, "open begin stuck end caught up"},
		"connect":                {Spec{Work: Connect}, phases},
		"resume":                 {Spec{Work: Resume}, phases},
		"calls, of a byte":       {Spec{Work: Call, Bytes: 1}, phases},
		"follow, a byte":         {Spec{Work: Follow, Bytes: 1, Ahead: 4}, phases},
		"follow topics":          {Spec{Work: Follow, Ahead: 4, Topics: 2}, phases},
		"follow many topics":     {Spec{Work: Follow, Ahead: 4, Topics: 3}, phases},
		"two instances":          {Spec{Work: Call}, phases},
		"storm":                  {Spec{Work: Storm}, phases},
		"storm that is survived": {Spec{Work: Storm}, phases},
		"hold":                   {Spec{Work: Hold}, "open"},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Dialect, c.spec.Addresses, c.spec.Connections, c.spec.Bytes = "raw", []string{serve(t, "raw")}, 3, cmp.Or(c.spec.Bytes, 64)
			if name == "two instances" {
				c.spec.Addresses = append(c.spec.Addresses, serve(t, "raw"))
			}
			if name == "storm that is survived" { // each has what was published meanwhile, or Missing says so
				c.spec.Dialect, c.spec.Addresses = "sojourn-once", []string{serve(t, "sojourn")}
			}
			c.spec.Warm, c.spec.Measure = short, short
			events, err := generated(t, c.spec)
			var went []string
			for _, e := range events {
				went = append(went, e.What)
			}
			if got := strings.Join(went, " "); got != c.phases || err != nil {
				t.Errorf("it reported %s, want %s: %v", got, c.phases, err)
			}
			if r := events[len(events)-1].Result; r != nil && (c.spec.Work != Storm && r.Seconds < short.Seconds() || r.CPU <= 0 || r.Missing > 0 && name != "storm" || r.Late.Missed > 0 || c.spec.Stuck > 0 && r.Late.Got == 0 || c.spec.Work == Storm && r.Sent < missed) {
				t.Errorf("it saw %+v", *r)
			}
		})
	}
}

// What cannot be measured is said, and fails.
func TestMainFails(t *testing.T) {
	right := Spec{Work: Call, Dialect: "raw", Connections: 1, Bytes: 64, Measure: time.Second}
	for name, c := range map[string]struct {
		change func(*Spec)
		why    string
	}{
		"no such dialect":        {func(s *Spec) { s.Dialect = "Latin" }, "Latin"},
		"no such work":           {func(s *Spec) { s.Work = "sleep" }, "sleep"},
		"payloads too small":     {func(s *Spec) { s.Bytes, s.Rate = 10, 1 }, "bytes at least"},
		"nobody in a topic":      {func(s *Spec) { s.Work, s.Topics = Follow, 2 }, "one who follows each"},
		"no topics there":        {func(s *Spec) { s.Work, s.Topics, s.Connections, s.Addresses = Follow, 2, 2, []string{serve(t, "gws")} }, "404"},
		"all are stuck":          {func(s *Spec) { s.Work, s.Rate, s.Stuck = Follow, 1, 1 }, "only some"},
		"nobody listens":         {func(s *Spec) { s.Addresses = []string{"127.0.0.1:1"} }, "refused"},
		"another kind of server": {func(s *Spec) { s.Addresses, s.Dialect = []string{serve(t, "raw")}, "sojourn-once" }, "404"},
	} {
		spec := right
		spec.Addresses = []string{"127.0.0.1:1"}
		c.change(&spec)
		events, err := generated(t, spec)
		if i := slices.IndexFunc(events, func(e Event) bool { return e.What == "failed" && strings.Contains(e.Why, c.why) }); i < 0 || err == nil {
			t.Errorf("%s: it reported %+v, %v", name, events, err)
		}
	}
}
