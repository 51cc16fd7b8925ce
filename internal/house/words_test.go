package house

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What no file of the repository says. The patterns are written so that they do not find themselves.
var forbidden = []struct {
	pattern *regexp.Regexp
	because string
}{
	{regexp.MustCompile(`\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b`), "what is left to do stands in an issue"},
	{regexp.MustCompile(`(^|[\s"'(=:])/(work|home|root|Users)[/]`), "a path of somebody's machine"},
	{regexp.MustCompile(`[ \t]$`), "space at the end of a line"},
	{regexp.MustCompile(`^(<<<<<<<|>>>>>>>) `), "a merge is not finished"},
}

func TestForbiddenWords(t *testing.T) {
	binary := []string{".png", ".ico", ".woff2"}
	for _, name := range files(t) {
		if slices.Contains(binary, path.Ext(name)) || strings.Contains(name, "testdata/fuzz/") || strings.Contains(name, "testdata/rapid/") {
			continue
		}
		for i, line := range strings.Split(read(t, name), "\n") {
			for _, f := range forbidden {
				if found := f.pattern.FindString(line); found != "" {
					t.Errorf("%s:%d: %q: %s", name, i+1, found, f.because)
				}
			}
		}
	}
}

// A test sleeps only where that costs nothing: in a bubble of testing/synctest.
func TestNothingSleeps(t *testing.T) {
	for _, name := range files(t) {
		if text := read(t, name); strings.HasSuffix(name, ".go") && strings.Contains(text, "time.Sl"+"eep(") && !strings.Contains(text, `"testing/synctest"`) {
			t.Errorf("%s sleeps: let it wait for what it waits for", name)
		}
	}
}
