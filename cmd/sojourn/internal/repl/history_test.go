package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func open(t *testing.T, path string, secrets ...string) *history {
	t.Helper()
	h, err := openHistory(path, secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

func remember(t *testing.T, h *history, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if err := h.remember(command); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHistoryIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "history")
	remember(t, open(t, path), "one", "two", "two", "")
	h := open(t, path)
	remember(t, h, "three")
	var got []string
	for i := range h.Len() {
		got = append(got, h.At(i))
	}
	if want := []string{"three", "two", "one"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHistoryIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes on Windows")
	}
	path := filepath.Join(t.TempDir(), "new", "history")
	for range 2 {
		remember(t, open(t, path), "one")
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
			if info, err := os.Stat(name); err != nil || info.Mode() != want {
				t.Errorf("%s has mode %v, want %v; %v", name, info.Mode(), want, err)
			}
		}
		if err := os.Chmod(path, 0o644); err != nil { // by somebody
			t.Fatal(err)
		}
	}
}

func TestHistoryHasNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := open(t, path, "", "s3cret", "session=42")
	remember(t, h, `auth.login {"Token":"s3cret"}`, "a.b session=42", " begins.with a space", "control\x1b", strings.Repeat("x", maxCommand+1), "good")
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "good\n" || h.Len() != 1 {
		t.Errorf("%q, %v; %d commands", text, err, h.Len())
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := open(t, path)
	for i := range maxHistory + 10 {
		remember(t, h, fmt.Sprint(i))
	}
	h = open(t, path)
	remember(t, h, "last")
	h = open(t, path)
	text, err := os.ReadFile(path)
	if lines := strings.Count(string(text), "\n"); err != nil || lines != maxHistory || h.Len() != maxHistory || h.At(0) != "last" || h.At(maxHistory-1) != "11" {
		t.Errorf("%d lines, %d commands, from %q to %q; %v", lines, h.Len(), h.At(maxHistory-1), h.At(0), err)
	}
}

func TestHistoryWithoutAFile(t *testing.T) {
	h := open(t, "")
	remember(t, h, "one")
	if h.Len() != 1 {
		t.Errorf("%d commands", h.Len())
	}
}

func TestHistoryFileIsInTheStateDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	if got, err := HistoryFile(); err != nil || got != filepath.Join(dir, "sojourn", "history") {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("XDG_STATE_HOME", "relative") // is not to be looked at, says the standard
	t.Setenv("HOME", dir)
	if got, err := HistoryFile(); runtime.GOOS != "windows" && (err != nil || got != filepath.Join(dir, ".local", "state", "sojourn", "history")) {
		t.Errorf("%q, %v", got, err)
	}
}
