package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// What the page does without a document is tested in Node: test/*.js.
func TestNode(t *testing.T) {
	for _, pattern := range []string{"test/*.js", "items/*.js", "page/*.js", "../../client/js/src/*.js", "../../client/js/harness/*.js"} { // so that the go command knows what the result depends on
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, name := range names {
			if _, err := os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("SOJOURN_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skip("no node on this machine; on Debian and Ubuntu: apt-get install nodejs")
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`(?m)^# pass [1-9]`).Match(out) {
		t.Errorf("no test was found:\n%s", out)
	}
}
