// Package tsc has tests run TypeScript's compiler, which npm fetches.
package tsc

import (
	"os"
	"os/exec"
	"testing"
)

// Version is the compiler's: that of client/js/test/package.sh.
const Version = "7.0.2"

// Run runs the compiler in a directory and returns what it says; ok, that it found no error. Nothing is emitted, and everything is strict. The test is
// skipped where there is no compiler to be had, unless SOJOURN_NO_SKIP is 1.
func Run(t testing.TB, dir string, args ...string) (output string, ok bool) {
	t.Helper()
	if out, err := command(t, dir, "--version").CombinedOutput(); err != nil {
		if os.Getenv("SOJOURN_NO_SKIP") == "1" {
			t.Fatalf("there is no tsc, and SOJOURN_NO_SKIP is 1: %v\n%s", err, out)
		}
		t.Skipf("npx cannot run tsc here: %v", err)
	}
	out, err := command(t, dir, args...).CombinedOutput()
	return string(out), err == nil
}

func command(t testing.TB, dir string, args ...string) *exec.Cmd {
	always := []string{"--yes", "--prefer-offline", "--loglevel=error", "--package=typescript@" + Version, "--", "tsc", "--noEmit", "--strict"}
	cmd := exec.CommandContext(t.Context(), "npx", append(always, args...)...) //nolint:gosec // the arguments are those of tests
	cmd.Dir = dir
	return cmd
}
