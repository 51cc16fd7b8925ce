package typescript

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
)

// WithConstants returns a description in which a string type that has constants in its package is a union of them: "'open' | 'done'". A program does
// not hold its constants, so they are read from the source, as far as the go command finds it from the directory dir ("" for the working directory) without
// fetching anything. Where there is none the type stays a string.
func WithConstants(ctx context.Context, dir string, d protocol.Description) protocol.Description {
	d.Types = slices.Clone(d.Types)
	var paths []string
	for _, t := range d.Types {
		if path, _ := split(t.Go); t.Type == "string" && isPath(path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	found := list(ctx, dir, slices.Compact(paths))
	for i, t := range d.Types {
		path, name := split(t.Go)
		if p, ok := found[path]; ok && t.Type == "string" {
			d.Types[i].Type = cmp.Or(p.union(name), t.Type)
		}
	}
	return d
}

var importPath = regexp.MustCompile(`^[A-Za-z0-9_][\w.~+-]*(/[\w.~+-]+)*$`)

// isPath tells whether the go command takes a path for one package, and not for a flag, a directory or many packages: a description comes from
// a server.
func isPath(path string) bool {
	many := []string{"all", "cmd", "std", "tool", "work"} // go help packages
	return importPath.MatchString(path) && !strings.Contains(path, "...") && !slices.Contains(many, path)
}

// split separates a type's name from its package's path.
func split(name string) (path, typ string) {
	generic, _, _ := strings.Cut(name, "[")
	dot := strings.LastIndexByte(generic, '.')
	if dot < 0 {
		return "", name
	}
	return name[:dot], name[dot+1:]
}

// source is a package's source: what go list says of it.
type source struct {
	ImportPath string   `json:"ImportPath"`
	Dir        string   `json:"Dir"`
	GoFiles    []string `json:"GoFiles"`
	CgoFiles   []string `json:"CgoFiles"`

	files     []*ast.File
	checked   *types.Package
	constants []*types.Const // in the order of the source
}

// list finds the source of packages.
func list(ctx context.Context, dir string, paths []string) map[string]*source {
	if len(paths) == 0 {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-e", "-json=ImportPath,Dir,GoFiles,CgoFiles", "--"}, paths...)...) //nolint:gosec // they are paths
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	out, err := cmd.Output()
	if err != nil {
		return nil // there is no go command, or no module
	}
	found := map[string]*source{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &source{}
		if err := decoder.Decode(p); err != nil {
			return found
		}
		if slices.Contains(paths, p.ImportPath) && len(p.GoFiles) > 0 {
			found[p.ImportPath] = p
		}
	}
}

// union returns the constants of a type, in the order of the source; "" if there are none, or if not all of their values can be known.
func (s *source) union(typ string) string {
	if s.checked == nil {
		s.check()
	}
	var values []string
	for _, c := range s.constants {
		switch named, ok := types.Unalias(c.Type()).(*types.Named); {
		case c.Type() == types.Typ[types.Invalid] && s.converts(c, typ):
			return ""
		case !ok || named.Obj().Name() != typ || named.Obj().Pkg() != s.checked:
			continue
		case c.Val().Kind() != constant.String:
			return ""
		}
		if q := quote(constant.StringVal(c.Val())); !slices.Contains(values, q) {
			values = append(values, q)
		}
	}
	return strings.Join(values, " | ")
}

// check finds the package's constants. It imports nothing: a constant that another package says is not known.
func (s *source) check() {
	set := token.NewFileSet()
	for _, name := range append(slices.Clone(s.GoFiles), s.CgoFiles...) {
		if f, err := parser.ParseFile(set, filepath.Join(s.Dir, name), nil, parser.SkipObjectResolution); err == nil {
			s.files = append(s.files, f)
		}
	}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}, IgnoreFuncBodies: true, FakeImportC: true}
	s.checked, _ = conf.Check(s.ImportPath, set, s.files, nil) // what it complains of is that imports are missing
	for _, name := range s.checked.Scope().Names() {
		if c, ok := s.checked.Scope().Lookup(name).(*types.Const); ok {
			s.constants = append(s.constants, c)
		}
	}
	slices.SortFunc(s.constants, func(a, b *types.Const) int { return cmp.Compare(a.Pos(), b.Pos()) })
}

// converts tells whether a constant that could not be typed is converted to a type: typ(other.Value).
func (s *source) converts(c *types.Const, typ string) (found bool) {
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || c.Pos() < spec.Pos() || spec.End() <= c.Pos() {
				return true
			}
			for _, value := range spec.Values {
				call, ok := value.(*ast.CallExpr)
				if ok {
					to, ok := call.Fun.(*ast.Ident)
					found = found || ok && to.Name == typ
				}
			}
			return false
		})
	}
	return found
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not imported") }

var plain = regexp.MustCompile(`^[^'\\\pC\x{2028}\x{2029}]*$`)

// quote writes a string as JavaScript does.
func quote(s string) string {
	if plain.MatchString(s) {
		return "'" + s + "'"
	}
	text, _ := json.Marshal(s) // a string can always be encoded
	return string(text)
}
