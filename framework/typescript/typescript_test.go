package typescript_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/internal/jsontype"
	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/framework/typescript/testdata/shop"
	"github.com/sojourn-go/sojourn/internal/tsc"
	"github.com/sojourn-go/sojourn/protocol"
)

func event[E any](*framework.Turn, E) error { return nil }

func call[In, Out any](*framework.Turn, In) (out Out, err error) { return out, nil }

// services have methods, topics and states of all kinds. Nothing of the private one is to be seen.
var services = []framework.Service{
	{
		Name: "shop",
		Methods: framework.Methods{
			"order":  framework.Call(call[shop.Order, shop.Status]),
			"list":   framework.Call(call[struct{}, []shop.Order]),
			"import": framework.Event(event[any]),
			"cancel": framework.Event(event[string]),
			"filter": framework.Event(event[*shop.Status]),
			"photo":  framework.Call(call[[]byte, []byte]),
			"look":   framework.Event(event[struct{}]).Volatile(),
			"watch":  framework.Call(call[string, int]).Volatile(),
		},
		Topics: []framework.Stream{
			&framework.Topic[shop.Order]{Name: "orders", Subscribe: framework.Anyone},
			&framework.Topic[[]byte]{Name: "photos", Subscribe: framework.Anyone},
			&framework.State[map[shop.Status]int]{Name: "counts", Subscribe: framework.Anyone},
			&framework.State[shop.Order]{Name: "secret", Subscribe: framework.Nobody},
		},
		Client: framework.ClientMethods{
			"notice":  framework.Notice[string](),
			"clear":   framework.Notice[struct{}](),
			"confirm": framework.Question[shop.Order, bool](),
		},
	},
	{
		Name:    "desk",
		Methods: framework.Methods{"ring": framework.Event(event[struct{}])},
		Topics:  []framework.Stream{&framework.State[shop.Line]{Name: "line", Subscribe: framework.Anyone}},
	},
	{Name: "nothing"},
	{Name: "halved", Files: fstest.MapFS{"client.js": {Data: []byte("export default () => 1\n")}}},
	{Name: "hidden", Private: true, Methods: framework.Methods{"dig": framework.Event(event[string])}},
}

const config = `{ "compilerOptions": { "allowJs": true, "checkJs": true, "strict": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
	"types": [], "lib": ["es2022", "dom"], "paths": { "/rt/app.js": ["./types.d.ts"] } }, "include": ["*.js", "*.ts"] }`

// site is a directory with pages, the declarations of the services, and the compiler's configuration.
func site(t *testing.T, pages ...string) string {
	t.Helper()
	dir := t.TempDir()
	types, err := typescript.Of(services...)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"types.d.ts": types, "tsconfig.json": []byte(config)}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("testdata/page", page))
		if err != nil {
			t.Fatal(err)
		}
		files[page] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A page that uses everything as it is passes; each of the lines that the other one marks as an error is one, and no other line.
func TestPagesAreChecked(t *testing.T) {
	if out, ok := tsc.Run(t, site(t, "right.js", "half.js", "wrong.js"), "-p", "."); !ok {
		t.Error(out)
	}
}

// Without the marks every one of them is told.
func TestWrongPageFails(t *testing.T) {
	dir := site(t, "half.js", "wrong.js")
	wrong := filepath.Join(dir, "wrong.js")
	text, err := os.ReadFile(wrong)
	if err != nil {
		t.Fatal(err)
	}
	marks := strings.Count(string(text), "// @ts-expect-error")
	if err := os.WriteFile(wrong, []byte(strings.ReplaceAll(string(text), "// @ts-expect-error", "//")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := tsc.Run(t, dir, "-p", ".", "--pretty", "false")
	if errors := strings.Count(out, "wrong.js("); ok || errors < marks || marks == 0 {
		t.Errorf("%d errors of %d:\n%s", errors, marks, out)
	}
	for _, want := range []string{"'canzel' does not exist", "'hidden' does not exist", "not assignable to parameter"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// What has nothing in it is well-formed, too.
func TestDeclarationsOfNothing(t *testing.T) {
	for _, d := range []protocol.Description{{}, {Services: []protocol.ServiceInfo{{Name: "empty"}}}} {
		text, err := typescript.Declarations(d)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "types.ts"), append(text, "\nconnect().rt.close()\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, ok := tsc.Run(t, dir, "--target", "es2022", "--lib", "es2022,dom", "--types", "", "types.ts"); !ok {
			t.Error(out)
		}
	}
}

func TestConstantsAreUnions(t *testing.T) {
	types := map[string]string{}
	for _, typ := range typescript.WithConstants(t.Context(), "", framework.Describe(services)).Types {
		types[typ.Name] = typ.Type
	}
	for name, want := range map[string]string{"Status": `'open' | 'done' | "it's"`, "Zone": "string", "Free": "string"} {
		if types[name] != want {
			t.Errorf("%s is %s, want %s", name, types[name], want)
		}
	}
}

// A description may come from anywhere: what it calls a package is looked up only if nothing else can be meant.
func TestConstantsOfNowhere(t *testing.T) {
	for _, name := range []string{
		"", "T", ".T", "-toolexec=x.T", "../typescript.T", "./testdata/shop.Status", "all.T", "std.T", "...T", "example.org/none/such.T", "os/....T", "a b.T", "main.T",
		"github.com/sojourn-go/sojourn/framework/typescript/testdata/shop.None", "github.com/sojourn-go/sojourn/framework/typescript/testdata/shop.Order",
	} {
		d := protocol.Description{Types: []protocol.TypeInfo{{Name: "T", Type: "string", Go: name}}}
		if got := typescript.WithConstants(t.Context(), "", d); got.Types[0].Type != "string" {
			t.Errorf("%q is %s", name, got.Types[0].Type)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := typescript.WithConstants(ended, "", framework.Describe(services)).Types[0]; got.Type == "" {
		t.Errorf("without a go command: %+v", got)
	}
}

// What a server calls a name must be one: it would be code else.
func TestNamesOfAServer(t *testing.T) {
	const bad = "a: any } export const b = { c"
	for _, d := range []protocol.Description{
		{Types: []protocol.TypeInfo{{Name: bad, Type: "string"}}},
		{Services: []protocol.ServiceInfo{{Name: bad}}},
		{Services: []protocol.ServiceInfo{{Name: "a", Methods: []protocol.MethodInfo{{Name: bad}}}}},
		{Services: []protocol.ServiceInfo{{Name: "a", Client: []protocol.MethodInfo{{Name: bad}}}}},
		{Services: []protocol.ServiceInfo{{Name: "a", Topics: []protocol.StreamInfo{{Name: bad}}}}},
	} {
		if _, err := typescript.Declarations(d); err == nil {
			t.Errorf("%+v is written", d)
		}
	}
}

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "types.d.ts")
	if err := typescript.Check(file, false, services...); err == nil || !strings.Contains(err.Error(), "-update") {
		t.Errorf("without a file: %v", err)
	}
	if err := typescript.Check(file, true, services...); err != nil {
		t.Error(err)
	}
	if err := typescript.Check(file, false, services...); err != nil {
		t.Error(err)
	}
	if err := typescript.Check(file, false, services[1:]...); err == nil || !strings.Contains(err.Error(), "is not what the services are") {
		t.Errorf("stale: %v", err)
	}
}

// A type that has the name of what declarations are written with would change what they say: none may.
func TestNamesThatDeclarationsNeed(t *testing.T) {
	text, err := typescript.Declarations(protocol.Description{})
	if err != nil {
		t.Fatal(err)
	}
	own, client, _ := strings.Cut(regexp.MustCompile(`(?s)/\*.*?\*/|'[^']*'|//[^\n]*`).ReplaceAllString(string(text), ""), "namespace sojourn")
	_, helpers, _ := strings.Cut(own, "namespace typed")
	names := regexp.MustCompile(`(?:\b\w+\.|\b)[A-Z]\w+`) // not members of namespaces
	declared := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:interface|type) (\w+)`).FindAllStringSubmatch(client+helpers, -1) {
		declared[m[1]] = true
	}
	for _, name := range names.FindAllString(own+client, -1) {
		if len(name) > 1 && !declared[name] && !strings.Contains(name, ".") && !slices.Contains(jsontype.Reserved, name) {
			t.Errorf("%s is not reserved", name)
		}
	}
	for _, name := range jsontype.Reserved {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(own + client) {
			t.Errorf("%s is reserved and not used", name)
		}
	}
}
