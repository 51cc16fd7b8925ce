package e2e

import (
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a test waits for what must happen. Nothing is expected to take so long.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "4") // unless go test -parallel says otherwise: tests wait more than they work
	goleak.VerifyTestMain(tests{m})
}

// tests are all tests, and the end of what they share.
type tests struct{ *testing.M }

func (all tests) Run() int {
	code := all.M.Run()
	stopBrowser()
	if dir, err := binaryDir(); err == nil {
		os.RemoveAll(dir)
	}
	return code
}

// missing skips a test for want of a program, or fails it where nothing may be skipped.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("SOJOURN_NO_SKIP") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// until waits until there is no problem any more: problem says what there is, or "".
func until(t testing.TB, problem func() string) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		what := problem()
		if what == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(what)
		}
	}
}
