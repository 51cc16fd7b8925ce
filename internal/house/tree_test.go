package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/sojourn-go/sojourn"
)

// files returns the names of the repository's files, relative to its root, with slashes. Directories that git ignores are left out.
func files(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "artefacts", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pkg is a package of the module, without its tests.
type pkg struct {
	dir   string // relative to the root
	files map[string]*ast.File
}

func (p pkg) program() bool {
	for _, f := range p.files {
		return f.Name.Name == "main"
	}
	return false
}

// public tells whether programs outside of the module can import the package.
func (p pkg) public() bool {
	return !p.program() && !slices.Contains(strings.Split(p.dir, "/"), "internal") && !fits("e2e/...", p.dir)
}

// packages returns the packages of the module, by directory. They are parsed here rather than listed by the go command, so that
// the go command knows which files the result of the test depends on.
func packages(t *testing.T) []pkg {
	t.Helper()
	names := files(t)
	var nested []string // modules of their own
	for _, name := range names {
		if dir, file := path.Split(name); file == "go.mod" && dir != "" {
			nested = append(nested, dir)
		}
	}
	byDir := map[string]pkg{}
	for _, name := range names {
		dir := path.Dir(name)
		inNested := slices.ContainsFunc(nested, func(n string) bool { return strings.HasPrefix(name, n) })
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || inNested || strings.Contains(name, "testdata/") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, read(t, name), parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if byDir[dir].files == nil {
			byDir[dir] = pkg{dir, map[string]*ast.File{}}
		}
		byDir[dir].files[name] = f
	}
	all := make([]pkg, 0, len(byDir))
	for _, p := range byDir {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b pkg) int { return strings.Compare(a.dir, b.dir) })
	return all
}
