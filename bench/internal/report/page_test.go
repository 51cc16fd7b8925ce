package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

var update = flag.Bool("update", false, "write testdata")

// A made-up piece of work: two cases are measured, one is not; ours holds one bar, and loses another.
var (
	norm = work.Figure{Name: "norm", Of: measure.Effort, Relative: true}
	rate = work.Figure{Name: "rate", Of: measure.Rate, Unit: " /s", More: true}
	cost = work.Figure{Name: "CPU each", Of: measure.Cost, Unit: " µs", Scale: 1e6}
	made = work.Work{
		Name: "W0", Title: "nothing", About: "Nothing is done, in two ways.",
		Cases: []work.Case{
			{Name: "quick", Spec: spec, Servers: []string{"raw", "gws", "melody", "sojourn"}, Figures: []work.Figure{norm, rate}},
			{
				Name: "many", Spec: spec, Servers: []string{"raw", "gws", "melody", "sojourn"}, Figures: []work.Figure{rate, cost},
				Parts: []work.Part{{Name: "the haste", Figure: rate, Server: "gws", Less: "raw"}},
			},
			{Name: "slow", Spec: spec, Servers: []string{"raw", "sojourn"}, Figures: []work.Figure{rate}},
		},
		Bars: []work.Bar{
			{Name: "W0-norm", Case: "quick", Server: "sojourn", Against: "raw", Figure: norm, Limit: 1.3},
			{Name: "W0-rate", Case: "quick", Server: "sojourn", Against: "gws", Figure: rate, Limit: 2, AtLeast: true},
			{Name: "W0-slow", Case: "slow", Server: "sojourn", Figure: rate, Limit: 1e6, AtLeast: true},
		},
	}
	spec = generate.Spec{Work: generate.Call, Connections: 10, Bytes: 64, Rate: 1000, Warm: time.Second, Measure: 5 * time.Second}
)

// Another, that grows: of its three points two are measured.
var grown = work.Work{
	Name: "G0", Title: "idleness", About: "Nothing is done, more and more.", Along: "bytes", Rounds: 2,
	Cases: []work.Case{grownCase(64), grownCase(4096), grownCase(65536)},
}

func grownCase(at int) work.Case {
	return work.Case{Name: fmt.Sprint(at), At: at, Spec: spec, Servers: []string{"raw", "sojourn"}, Figures: []work.Figure{rate}}
}

func sample(server, generator float64, messages int, foreign float64) (s measure.Sample) {
	s.Server, s.CPU, s.Messages, s.Seconds, s.Foreign, s.Connections = server, generator, messages, 5, foreign, 10
	return s
}

func stalled(s measure.Sample) measure.Sample {
	s.Stalls = 1
	return s
}

var quick = Result{
	Work: "W0", Case: "quick", When: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Spec: spec,
	Machine:  measure.Machine{Processor: "Abacus", Processors: 2, Memory: "64 kB", Kernel: "7.0", Go: "go1.27"},
	Versions: map[string]string{"github.com/lxzan/gws": "v1.0.0", "github.com/gorilla/websocket": "v1.5.0", ours: "abcdef"},
	Series: measure.Series{Dropped: 1, Rounds: []measure.Round{
		{"raw": stalled(sample(1, 1, 5000, .01)), "gws": sample(.9, 1, 5100, 0), "melody": sample(1.5, 1, 4500, 0), "sojourn": sample(1.2, 1, 5000, 0)},
		{"raw": sample(2, 2, 4990, 0), "gws": sample(1.8, 2, 5000, 0), "melody": sample(3, 2, 4500, 0), "sojourn": sample(2.5, 2, 4000, .042)},
		{"raw": sample(1, 1.1, 5000, 0), "gws": sample(.9, 1.1, 50_000, 0), "melody": sample(1.6, 1.1, 4500, 0), "sojourn": sample(1.2, 1.1, 5000, 0)},
	}},
}

// What is written is what lies in testdata. After a change of it: go test ./internal/report -update, and look at it.
func TestGolden(t *testing.T) {
	have := Results{"w0-quick": quick, "w0-many": quick, "w0-slow": {Failed: "generate: too many open files"}}
	for n, c := range grown.Cases[:2] {
		r := quick
		r.Series = measure.Series{Rounds: []measure.Round{{"raw": sample(1, 1, 5000, 0), "sojourn": sample(2, 1, 5000<<n, 0)}, {"raw": sample(1, 1, 6000, 0), "sojourn": sample(2, 1, 2000<<n, 0)}}}
		have[key(grown.Name, c.Name)] = r
	}
	files := render([]work.Work{made, grown}, have)
	if len(files) != 4 {
		t.Errorf("%d files are written, want the page and three plots", len(files))
	}
	for name, got := range files {
		golden := filepath.Join("testdata", filepath.Base(name)+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || got != string(want) {
			t.Errorf("%s is not what is written: %v\n%s", golden, err, got)
		}
	}
}

// A report can be written before everything was measured, and says what is not.
func TestWriteWithoutResults(t *testing.T) {
	docs := t.TempDir()
	if err := Write(docs, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	for _, w := range work.All {
		if err != nil || !strings.Contains(string(text), "\n### "+w.Name+": "+w.Title+"\n") {
			t.Errorf("it says nothing of %s: %v", w.Name, err)
		}
	}
	want := 0
	for _, w := range work.All {
		if want++; w.Along == "" {
			want += len(w.Cases) - 1
		}
	}
	if got := strings.Count(string(text), "Not measured yet.\n"); got != want {
		t.Errorf("it says %d times that something is not measured, want %d: of each case, and each curve", got, want)
	}
}

// What is kept is what was measured.
func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	if err := Save(dir, quick); err != nil {
		t.Fatal(err)
	}
	r, ok, err := Load(dir, "W0", "quick")
	if err != nil || !ok || !r.When.Equal(quick.When) || !reflect.DeepEqual(r.Spec, quick.Spec) || r.Series.Rounds[1]["sojourn"] != quick.Series.Rounds[1]["sojourn"] {
		t.Errorf("loaded %+v, %v, %v", r, ok, err)
	}
	if _, ok, err := Load(dir, "W0", "slow"); ok || err != nil {
		t.Errorf("what was not saved is loaded: %v, %v", ok, err)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.1234: "0.123", 12.34: "12.3", 1234: "1234", 12_345: "12 k", 626_000: "626 k", 1_054_000: "1.05 M", -33.594: "-33.6"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}
