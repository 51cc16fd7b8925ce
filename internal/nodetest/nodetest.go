// Package nodetest has tests run Node.
package nodetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Find returns the path of node. The test is skipped where there is none, unless SOJOURN_NO_SKIP is 1.
func Find(t testing.TB) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		const what = "no node on this machine; on Debian and Ubuntu: apt-get install nodejs"
		if os.Getenv("SOJOURN_NO_SKIP") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	return node
}

var passes = regexp.MustCompile(`(?m)^# pass ([1-9]\d*)$`)

// Run runs the tests that node --test finds in the test's directory, and returns how many have passed. The test fails if one does, or if there is
// none. The patterns are of all files that the result depends on: they are read, so that the go command knows.
func Run(t testing.TB, patterns ...string) (passed int) {
	t.Helper()
	node := Find(t)
	for _, pattern := range patterns {
		readAll(t, pattern)
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap").CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, failures(out))
	}
	found := passes.FindSubmatch(out)
	if found == nil {
		t.Fatalf("node --test has found no test:\n%s", out)
	}
	passed, err = strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return passed
}

func readAll(t testing.TB, pattern string) {
	t.Helper()
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

// failures leaves out what node says of tests that passed.
func failures(tap []byte) string {
	var kept []string
	skip := false
	for line := range strings.Lines(string(tap)) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "not ok"), strings.HasPrefix(trimmed, "# Subtest"):
			skip = false
		case strings.HasPrefix(trimmed, "ok"):
			skip = true
		}
		if !skip && !strings.HasPrefix(trimmed, "# Subtest") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
