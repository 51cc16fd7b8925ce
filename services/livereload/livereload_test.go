package livereload_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/livereload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sight is what the page's half is answered.
type sight struct {
	State, Build string
	Files        map[string]string
}

// page looks as a page does.
type page struct {
	*frameworktest.Client
	t *testing.T
}

func open(t *testing.T, dirs ...string) page {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{livereload.New(dirs...)}})
	return page{rt.Connect(framework.User{}), t}
}

func (p page) look(known string) (s sight) {
	p.t.Helper()
	if err := p.Volatile(p.t.Context(), "livereload.look", known, &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// dir makes a directory with files, all of one size and time.
func dir(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		write(t, filepath.Join(dir, name), "x", 1)
	}
	return dir
}

// write writes a file, as if at a second.
func write(t *testing.T, name, text string, second int64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, time.Unix(second, 0), time.Unix(second, 0)); err != nil {
		t.Fatal(err)
	}
}

func names(s sight) string { return strings.Join(slices.Sorted(maps.Keys(s.Files)), " ") }

func TestAPageThatKnowsNothingIsToldAll(t *testing.T) {
	p := open(t, dir(t, "a.css", "sub/b.js"), dir(t, "c.html"))
	s := p.look("")
	if s.State == "" || s.Build == "" || names(s) != "a.css c.html sub/b.js" {
		t.Errorf("told %+v", s)
	}
}

func TestAPageThatKnowsItAllIsToldNothing(t *testing.T) {
	p := open(t, dir(t, "a.css"))
	state := p.look("").State
	if s := p.look(state); s.State != state || s.Build != "" || s.Files != nil {
		t.Errorf("told %+v", s)
	}
}

func TestEachChangeIsSeen(t *testing.T) {
	for what, change := range map[string]func(t *testing.T, css, other string){
		"time":    func(t *testing.T, css, _ string) { write(t, css, "x", 2) },
		"size":    func(t *testing.T, css, _ string) { write(t, css, "longer", 1) },
		"added":   func(t *testing.T, _, other string) { write(t, other, "x", 1) },
		"removed": func(t *testing.T, css, _ string) { check(t, os.Remove(css)) },
		"renamed": func(t *testing.T, css, other string) { check(t, os.Rename(css, other)) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := dir(t, "a.css", "same.js")
			p := open(t, dir)
			before := p.look("")
			change(t, filepath.Join(dir, "a.css"), filepath.Join(dir, "b.css"))
			after := p.look(before.State)
			if after.State == before.State || maps.Equal(after.Files, before.Files) {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if after.Build != before.Build || after.Files["same.js"] != before.Files["same.js"] {
				t.Errorf("more has changed: before %+v, after %+v", before, after)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPathOfTwoChangesWithEither(t *testing.T) {
	for n := range 2 {
		dirs := []string{dir(t, "a.css"), dir(t, "a.css")}
		p := open(t, dirs...)
		state := p.look("").State
		write(t, filepath.Join(dirs[n], "a.css"), "x", 2)
		if p.look(state).State == state {
			t.Errorf("a change in directory %d is not seen", n)
		}
	}
}

func TestWhatIsHiddenIsLeftOut(t *testing.T) {
	p := open(t, dir(t, "a.css", ".a.css.swp", ".git/HEAD", "web/node_modules/a/a.js", "web/.cache/b", "web/c.js"))
	if got := names(p.look("")); got != "a.css web/c.js" {
		t.Errorf("told of %s", got)
	}
}

func TestTheBuildIsTheProgram(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%x", sha256.Sum256(text))
	for range 2 { // each is another start of the program
		if s := open(t).look(""); s.Build != want {
			t.Errorf("the build is %s, want %s", s.Build, want)
		}
	}
}

func TestADirectoryThatIsNotThereIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	rt := frameworktest.New(t, framework.Config{
		Services: []framework.Service{livereload.New(filepath.Join(t.TempDir(), "none"))},
		Log:      slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	c := rt.Connect(framework.User{})
	for range 3 {
		err := c.Volatile(t.Context(), "livereload.look", "", nil)
		if client.CodeOf(err) != framework.CodeNotFound || strings.Contains(err.Error(), "none") {
			t.Errorf("error %v", err)
		}
	}
	if n := strings.Count(log.String(), "livereload cannot look"); n != 1 || !strings.Contains(log.String(), "none") {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}
