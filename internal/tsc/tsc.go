// Package tsc has tests run TypeScript's compiler, which npm installs for each.
package tsc

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Version is the compiler's: that of client/js/test/package.sh.
const Version = "7.0.2"

// Run runs the compiler in a directory and returns what it says; ok, that it found no error. Nothing is emitted, and everything is strict. The test is
// skipped where npm cannot install the compiler, unless SOJOURN_NO_SKIP is 1.
func Run(t testing.TB, dir string, args ...string) (output string, ok bool) {
	t.Helper()
	home := t.TempDir() // its own: installs into one place, at the same time, break each other
	install := exec.CommandContext(t.Context(), "npm", "install", "--prefix", home, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", "typescript@"+Version)
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("SOJOURN_NO_SKIP") == "1" {
			t.Fatalf("there is no tsc, and SOJOURN_NO_SKIP is 1: %v\n%s", err, out)
		}
		t.Skipf("npm cannot install tsc here: %v", err)
	}
	tsc := exec.CommandContext(t.Context(), filepath.Join(home, "node_modules", ".bin", "tsc"), append([]string{"--noEmit", "--strict"}, args...)...)
	tsc.Dir = dir
	out, err := tsc.CombinedOutput()
	return string(out), err == nil
}
