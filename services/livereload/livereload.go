// Package livereload is for development: a page that is open reloads when a file of the program changes, or the program itself.
//
//	if *dev {
//		services = append(services, livereload.New("page", "templates"))
//	}
//
// A stylesheet that changes is replaced in the page. After any other change the page reloads, once, and is where it was scrolled to; so it does when
// the program was started again and is another build. All that it needs of the page is app.js, and its content security policy has nothing to allow.
//
// It is off where it is not listed, and is to be listed in development only: it tells every page the names of the files.
package livereload

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

//go:embed client.js
var files embed.FS

// New returns the service, named "livereload", for the files below these directories: those that the program serves from disk, and its templates. Names that
// begin with a dot, and node_modules, are left out. What is embedded is part of the build.
//
// Nothing runs here while no page asks. A page that is seen asks twice a second, and each time the files' times are looked at.
func New(dirs ...string) framework.Service {
	w := watcher{dirs: dirs, build: build()}
	return framework.Service{
		Name:    "livereload",
		Files:   files,
		Private: true,
		Methods: framework.Methods{"look": framework.Call(w.look).Volatile()},
	}
}

// watcher looks at files. It remembers nothing: the page knows what it has seen, whichever process it was told by.
type watcher struct {
	dirs   []string
	build  string
	failed sync.Once
}

// sight is what there is to see.
type sight struct {
	State string            `json:"state"`           // of all that follows
	Build string            `json:"build,omitempty"` // which program it is
	Files map[string]string `json:"files,omitempty"` // for each path what changes with the file
}

// look answers what there is to see; only its state, if that is the one which the page knows.
func (w *watcher) look(t *framework.Turn, known string) (sight, error) {
	seen := sight{Build: w.build, Files: map[string]string{}}
	for _, dir := range w.dirs {
		if err := stamp(os.DirFS(dir), seen.Files); err != nil {
			w.failed.Do(func() { t.Log().Error("livereload cannot look", "directory", dir, "error", err) })
			return sight{}, framework.Errorf(framework.CodeNotFound, "a directory cannot be read; the log says which")
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q", w.build)
	for _, name := range slices.Sorted(maps.Keys(seen.Files)) {
		fmt.Fprintf(h, "%q%q", name, seen.Files[name])
	}
	if seen.State = fmt.Sprintf("%x", h.Sum(nil)); seen.State == known {
		return sight{State: known}, nil
	}
	return seen, nil
}

// stamp adds the files of a directory, by their paths there, with time and size. A path that two directories have changes when either file does.
func stamp(fsys fs.FS, into map[string]string) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case name == ".":
			return err
		case err != nil:
			return nil //nolint:nilerr // it went while we looked
		case strings.HasPrefix(base, ".") || base == "node_modules":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		if info, err := d.Info(); err == nil {
			into[name] += fmt.Sprintf("%d-%d;", info.ModTime().UnixNano(), info.Size())
		}
		return nil
	})
}

// build names the running program by its contents: one that is started again is the same. Where they cannot be read each start counts as another.
func build() string {
	if name, err := os.Executable(); err == nil {
		if sum, err := contents(name); err == nil {
			return sum
		}
	}
	return time.Now().String()
}

// contents is a digest of a file.
func contents(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // it is the program's own
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
