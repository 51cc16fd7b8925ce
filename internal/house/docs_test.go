package house

import (
	"cmp"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every package says what it is for.
func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		var docs []string
		for name, f := range p.files {
			if f.Doc != nil {
				docs = append(docs, name)
			}
			begin := "Package " + f.Name.Name + " "
			if f.Doc != nil && !p.program() && !strings.HasPrefix(f.Doc.Text(), begin) {
				t.Errorf("%s: the package's comment does not begin with %q", name, begin)
			}
		}
		if len(docs) != 1 {
			t.Errorf("package %s must have one package comment, has %d: %v", p.dir, len(docs), docs)
		}
	}
}

// Everything that a program can name is documented.
func TestExportedDocs(t *testing.T) {
	for _, p := range packages(t) {
		if !p.public() {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.files)) {
			for _, d := range p.files[name].Decls {
				for _, id := range undocumented(d) {
					t.Errorf("%s: %s has no comment", name, id)
				}
			}
		}
	}
}

// undocumented returns the exported names that a declaration leaves without a comment.
func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Name.IsExported() {
					names = append(names, spec.Name.Name)
				}
				if spec.Name.IsExported() {
					names = append(names, undocumentedParts(spec, cmp.Or(spec.Doc.Text(), d.Doc.Text()))...)
				}
			case *ast.ValueSpec: // a comment for a whole group is enough
				for _, id := range spec.Names {
					if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && id.IsExported() && d.Tok != token.IMPORT {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

// undocumentedParts returns the methods of an interface, and the fields of a struct, that have no comment of their own and that neither the type's
// comment nor the last one above them names.
func undocumentedParts(spec *ast.TypeSpec, comment string) (names []string) {
	var parts []*ast.Field
	switch of := spec.Type.(type) {
	case *ast.InterfaceType:
		parts = of.Methods.List
	case *ast.StructType:
		parts = of.Fields.List
	}
	above := ""
	for _, p := range parts {
		above = cmp.Or(p.Doc.Text(), above)
		for _, id := range p.Names {
			named := regexp.MustCompile(`\b` + id.Name + `\b`)
			if p.Doc == nil && p.Comment == nil && id.IsExported() && !named.MatchString(comment) && !named.MatchString(above) {
				names = append(names, spec.Name.Name+"."+id.Name)
			}
		}
	}
	return names
}

// receiver returns the name of a method's type.
func receiver(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// Go code in these documents is that of examples, to the letter; so is JavaScript, where there are examples of it.
func TestDocumentsCode(t *testing.T) {
	for document, examples := range map[string][]string{
		"docs/identity.md":         {"framework/echov4/example_test.go", "framework/echov4/tokens_example_test.go", "framework/echov4/sessions_test.go"},
		"docs/services.md":         {"services/livereload/example_test.go", "services/presence/example_test.go", "services/pubsub/example_test.go", "services/rpc/example_test.go", "e2e/testdata/services.mjs"},
		"docs/testing-services.md": {"framework/frameworktest/docs_test.go", "framework/frameworktest/both_test.go", "client/js/test/docs.test.js"},
	} {
		var sources strings.Builder
		languages := map[string]bool{}
		for _, name := range examples {
			sources.WriteString(read(t, name))
			languages[strings.Replace(strings.TrimPrefix(path.Ext(name), "."), "mjs", "js", 1)] = true
		}
		for _, m := range fence.FindAllStringSubmatch(read(t, document), -1) {
			if languages[m[1]] && strings.Count(m[2], "\n") > 1 && !strings.Contains(sources.String(), m[2]) {
				t.Errorf("%s: no example has this code:\n%s", document, m[2])
			}
		}
	}
}
