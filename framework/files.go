package framework

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/client/js"
)

// An edition is what the services' files are at one moment.
type edition struct {
	trees []tree
	app   func() app // made when it is first asked for
}

// A tree is the public files of a service.
type tree struct {
	service string
	files   fs.FS
	hash    string // of all of them: so a URL that is relative to one of them finds the others as they were
	list    []publicFile
}

// publicFile is a file below public/.
type publicFile struct {
	name      string
	size      int64
	integrity string
}

// editions follows the services' files.
type editions struct {
	services []Service
	parts    []js.Part
	discover bool
	log      *slog.Logger

	mu    sync.Mutex
	live  bool     // they may change
	stamp string   // what the last look found
	last  *edition // that was right
	wrong error    // why there is no newer one
}

// begin reads the first edition.
func (e *editions) begin() (err error) {
	e.stamp, e.live = stampFiles(e.services)
	e.last, err = e.read()
	return err
}

// now returns the edition of now; if that is wrong the last one that was right, and what is wrong.
func (e *editions) now() (*edition, error) {
	if !e.live {
		return e.last, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if stamp, _ := stampFiles(e.services); stamp != e.stamp {
		var next *edition
		next, e.wrong = e.read()
		if e.wrong == nil {
			e.last = next
		} else {
			e.log.Error("the services' files are wrong now", "error", e.wrong)
		}
		e.stamp = stamp
	}
	return e.last, e.wrong
}

// prepareFiles makes what the server has for pages.
func (s *Server) prepareFiles() error {
	var parts []js.Part
	for _, t := range s.cfg.Transports {
		if t != nil { // else New fails
			parts = append(parts, js.Part{Name: t.Name(), Script: t.Script()})
		}
	}
	s.script = js.Join(parts...)
	s.scriptTag = fmt.Sprintf(`"%x"`, sha256.Sum256(s.script))
	s.editions = editions{services: s.cfg.Services, parts: parts, discover: s.cfg.Discover, log: s.log}
	return s.editions.begin()
}

// read reads all that is served of the services' files. Its error says everything that is wrong with them.
func (e *editions) read() (*edition, error) {
	next := &edition{}
	var halves []js.Half
	var errs []error
	for _, s := range e.services {
		half, t, err := readService(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("framework: service %q: Files: %w", s.Name, err))
		}
		if half.Text != nil || !s.Private {
			halves = append(halves, half)
		}
		if len(t.list) > 0 {
			next.trees = append(next.trees, t)
		}
	}
	joined, err := js.NewApp(halves, e.discover, e.parts...)
	if err != nil {
		errs = append(errs, fmt.Errorf("framework: %w", err))
	}
	next.app = sync.OnceValue(func() app { return newApp(joined) })
	return next, errors.Join(errs...)
}

func readService(s Service) (half js.Half, t tree, err error) {
	half.Service = s.Name
	if s.Files == nil {
		return half, t, nil
	}
	half.Text, err = fs.ReadFile(s.Files, "client.js")
	noHalf := errors.Is(err, fs.ErrNotExist)
	if err != nil && !noHalf {
		return half, t, err
	}
	t, err = readTree(s)
	if noHalf && errors.Is(err, fs.ErrNotExist) {
		return half, t, errors.New("neither client.js nor public/ is in it: it is to be the service's own directory (fs.Sub)")
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return half, t, err
}

// readTree reads the public files; fs.ErrNotExist: there is no such directory.
func readTree(s Service) (tree, error) {
	t := tree{service: s.Name, files: s.Files}
	sum := sha256.New()
	err := walkPublic(s.Files, func(name string, d fs.DirEntry) error {
		switch {
		case !isURL(name):
			return fmt.Errorf("%q cannot be in a URL: control characters, backslashes and what is not UTF-8 cannot", name)
		case !d.Type().IsRegular():
			return fmt.Errorf("%q is no regular file", name)
		}
		f, err := readPublic(s.Files, name, sum)
		t.list = append(t.list, f)
		return err
	})
	t.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return t, err
}

// walkPublic calls f for each file below public/, in the order of names. What begins with a dot is nobody's business: editors and systems leave such files.
func walkPublic(files fs.FS, f func(name string, d fs.DirEntry) error) error {
	if info, err := fs.Stat(files, "public"); err != nil {
		return err
	} else if !info.IsDir() {
		return errors.New("public is no directory")
	}
	return fs.WalkDir(files, "public", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(path.Base(name), ".") && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(path.Base(name), "."), d.IsDir():
			return nil
		}
		return f(name, d)
	})
}

// readPublic reads a file, into the sum of its tree too.
func readPublic(files fs.FS, name string, tree hash.Hash) (f publicFile, err error) {
	opened, err := files.Open(name)
	if err != nil {
		return f, err
	}
	defer opened.Close()
	own := sha512.New384()
	f.name = strings.TrimPrefix(name, "public/")
	if f.size, err = io.Copy(own, opened); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	digest := own.Sum(nil)
	f.integrity = integrity(digest)
	fmt.Fprintf(tree, "%q %x\n", f.name, digest)
	return f, nil
}

func integrity(sha384 []byte) string { return "sha384-" + base64.StdEncoding.EncodeToString(sha384) }

// isURL tells whether a name means the same as a path of a URL, escaped.
func isURL(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' })
}

// stampFiles returns a text that is another one when one of the services' files has changed. live: some have a modification time. Embedded ones
// have none, and do not change.
func stampFiles(services []Service) (stamp string, live bool) {
	var b strings.Builder
	note := func(name string, info fs.FileInfo, err error) {
		if err != nil {
			fmt.Fprintf(&b, "%q %v\n", name, err)
			return
		}
		live = live || !info.ModTime().IsZero()
		fmt.Fprintf(&b, "%q %d %d %v\n", name, info.Size(), info.ModTime().UnixNano(), info.Mode())
	}
	for _, s := range services {
		if s.Files == nil {
			continue
		}
		for _, name := range []string{".", "client.js", "public"} {
			info, err := fs.Stat(s.Files, name)
			note(name, info, err)
		}
		err := walkPublic(s.Files, func(name string, d fs.DirEntry) error {
			info, err := d.Info()
			note(name, info, err)
			return nil
		})
		fmt.Fprintln(&b, s.Name, err)
	}
	return b.String(), live
}
