package main

import (
	"flag"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/internal/tsc"
)

var update = flag.Bool("update", false, "write generated files")

func TestTypesAreFresh(t *testing.T) {
	if err := typescript.Check("types.d.ts", *update, append(services, watched)...); err != nil {
		t.Error(err)
	}
}

// The page fits the services; a page that calls what there is not, or with what does not fit, does not.
func TestThePageFitsTheServices(t *testing.T) {
	out, _ := tsc.Run(t, ".", "-p", "testdata", "--pretty", "false")
	want := []string{
		"testdata/wrong.js(6,6): error TS2339: Property 'shout' does not exist",
		"testdata/wrong.js(7,10): error TS2345: Argument of type 'number' is not assignable to parameter of type 'string'",
		"testdata/wrong.js(8,12): error TS2741: Property 'name' is missing in type '{ room: string; }' but required in type 'Guest'",
		"testdata/wrong.js(9,10): error TS2345: Argument of type '\"rooom/lobby\"' is not assignable",
		"testdata/wrong.js(10,40): error TS2551: Property 'txt' does not exist on type 'Line'",
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("tsc does not say %q", w)
		}
	}
	if n := strings.Count(out, ": error TS"); n != len(want) || t.Failed() {
		t.Errorf("%d errors, want %d:\n%s", n, len(want), out)
	}
}
