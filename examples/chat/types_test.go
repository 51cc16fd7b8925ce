package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/internal/tsc"
)

var update = flag.Bool("update", false, "write generated files")

func TestTypesAreFresh(t *testing.T) {
	if err := typescript.Check("types.d.ts", *update, chat, watched); err != nil {
		t.Error(err)
	}
}

// The page fits the services; a page that calls what there is not, or with what does not fit, does not.
func TestThePageFitsTheServices(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "page"), os.DirFS("page")); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"types.d.ts": "types.d.ts", "tsconfig.json": "tsconfig.json", "testdata/wrong.js": "page/wrong.js"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := tsc.Run(t, dir, "-p", ".", "--pretty", "false")
	want := []string{
		"page/wrong.js(6,6): error TS2339: Property 'shout' does not exist",
		"page/wrong.js(7,10): error TS2345: Argument of type 'number' is not assignable to parameter of type 'string'",
		"page/wrong.js(8,12): error TS2741: Property 'name' is missing in type '{ room: string; }' but required in type 'Guest'",
		"page/wrong.js(9,10): error TS2345: Argument of type '\"rooom/lobby\"' is not assignable",
		"page/wrong.js(10,40): error TS2551: Property 'txt' does not exist on type 'Line'",
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
