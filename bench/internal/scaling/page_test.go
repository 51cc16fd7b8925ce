package scaling

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/report"
)

var update = flag.Bool("update", false, "write testdata")

// made are results of round figures.
func made(t *testing.T, but string) report.Results {
	dir := t.TempDir()
	sample := func(server, store float64) (s measure.Sample) {
		s.Server, s.Store, s.Messages, s.Sent, s.Seconds = server, store, 10_000, 1000, 5
		return s
	}
	held := measure.Sample{Connections: 1000, Memory: measure.Growth{Before: 20e6, After: 28e6}, StoreMemory: measure.Growth{After: 1e6}}
	for _, r := range []struct {
		work, name, server string
		sample             measure.Sample
	}{
		{"W7", "calls-128", "sojourn-redis", sample(.5, .125)}, {"W2", "saturated-1k", "sojourn", sample(.02, 0)}, {"W6", "anew", "sojourn", sample(2, 0)},
		{"W5", "ws", "sojourn-redis", held}, {"G2", "10", "sojourn-redis", sample(.1, .016)},
	} {
		round := measure.Round{r.server: r.sample}
		if r.work+" "+r.name == but {
			continue
		}
		err := report.Save(dir, report.Result{
			Work: r.work, Case: r.name, Machine: measure.Machine{Processor: "Abacus", Processors: 2}, Spec: generate.Spec{Measure: 5 * time.Second},
			Series: measure.Series{Rounds: []measure.Round{round, round, round, round, round}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	have, err := report.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return have
}

// What is written is what lies in testdata. After a change of it: go test ./internal/scaling -update, and look at it.
func TestGolden(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, made(t, ""), Assumed); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "scaling.md.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || b.String() != string(want) {
		t.Errorf("%s is not what is written: %v\n%s", golden, err, b.String())
	}
}

// Nothing is made up: where a result is missing there is no page, but a word of which.
func TestMissingResultsAreNamed(t *testing.T) {
	for _, name := range []string{"W7 calls-128", "W5 ws", "G2 10"} {
		var b strings.Builder
		if err := Write(&b, made(t, name), Assumed); err == nil || !strings.Contains(err.Error(), name+":") || b.Len() > 0 {
			t.Errorf("without %s: %v, and %q", name, err, b.String())
		}
	}
}

// What was tried by other settings is not given out as measured.
func TestTriesAreNamed(t *testing.T) {
	have := made(t, "")
	r := have["w5-ws"]
	r.Series.Rounds = r.Series.Rounds[:1]
	have["w5-ws"] = r
	var b strings.Builder
	if err := Write(&b, have, Assumed); err != nil || !strings.Contains(b.String(), "W5 ws (1 of 5 rounds)") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestBills(t *testing.T) {
	f := Figures{Turn: 100e-6, StoreTurn: 10e-6, Say: 200e-6, StoreSay: 20e-6, Connection: 2950e-6, Base: 100 << 20, Socket: 100 << 10}
	p := Prices{CPU: 2. / month, Memory: 1. / month, Requests: 1, Redis: 10}
	for name, c := range map[string]struct {
		load Load
		want Bill
	}{
		"few":           {Load{Clients: 8}, Bill{CPU: 8e-5, Instances: 1, Because: "connections", Memory: 512}},
		"idle":          {Load{Clients: 1600}, Bill{CPU: .016, Instances: 2, Because: "connections", Memory: 512}},
		"one more":      {Load{Clients: 1601}, Bill{CPU: .01601, Instances: 3, Because: "connections", Memory: 512}},
		"busy":          {Load{Clients: 800, Says: 10}, Bill{CPU: 2.408, Store: .16, Instances: 5, Because: "processors", Memory: 512}},
		"more than one": {Load{Clients: 8000, Says: 10}, Bill{CPU: 24.08, Store: 1.6, Instances: 41, Because: "processors", Memory: 512, Cells: 3}},
	} {
		got := Of(f, p, c.load)
		c.want.Cells = max(1, c.want.Cells)
		if !near(got.CPU, c.want.CPU) || !near(got.Store, c.want.Store) || got.Instances != c.want.Instances || got.Because != c.want.Because || got.Memory != c.want.Memory || got.Cells != c.want.Cells {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if dollars := float64(got.Instances)*2.5 + got.Requests + 10*float64(got.Cells); !near(got.Dollars, dollars) || !near(got.Requests, c.load.Clients*month/295/1e6) {
			t.Errorf("%s: %v dollars for %v million requests, want %v", name, got.Dollars, got.Requests, dollars)
		}
	}
	f.Socket = 1 << 20
	if got := Of(f, p, Load{Clients: 800}); got.Memory != 1152 { // 900 MiB are four fifths of 1,125
		t.Errorf("sockets of a MiB: %+v", got)
	}
}

func near(a, b float64) bool { return a-b <= 1e-9*b && b-a <= 1e-9*b }

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7.4: "7", 99.6: "100", 996: "1,000", 1234: "1,200", 45_678: "46,000", 1_234_567: "1,200,000"} {
		if got := thousands(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}
