// Package services_test tests the client halves of the services, where there is a Node.
package services_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestClientHalves(t *testing.T) {
	for _, pattern := range []string{"*/*.js", "../client/js/src/*.js", "../client/js/harness/*.js", "../client/js/dist/*.js", "../client/js/test/testing.js"} { // so that the go command knows what the result depends on
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
		t.Skip("there is no node")
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`(?m)^# pass [1-9]`).Match(out) {
		t.Errorf("no test was found:\n%s", out)
	}
}
