package house

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/nodetest"
)

var fence = regexp.MustCompile("(?ms)^```(go|js)\n(.*?)^```$")

// The README's code is that of examples/hello, to the letter: whoever builds the module compiles it.
func TestReadmeCode(t *testing.T) {
	blocks := map[string][]string{}
	text := read(t, "README.md")
	for _, m := range fence.FindAllStringSubmatch(strings.Replace(text, section(t, text, "A service"), "", 1), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	for lang, name := range map[string]string{"go": "examples/hello/main.go", "js": "examples/hello/page/hello.js"} {
		source := read(t, name)
		if lang == "go" { // without package clause, imports and what is embedded
			_, rest, ok := strings.Cut(source, "var page embed.FS\n\n")
			if !ok {
				t.Fatalf("%s embeds no page", name)
			}
			source = rest
		}
		if len(blocks[lang]) != 1 || blocks[lang][0] != source {
			t.Errorf("the README's %s code is not %s", lang, name)
		}
	}
}

// section returns what stands under a heading, up to the next one.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("there is no section %q", heading)
	}
	found, _, _ := strings.Cut(rest, "\n## ")
	return found
}

func TestReadmeScriptParses(t *testing.T) {
	cmd := exec.Command(nodetest.Find(t), "--input-type=module", "--check")
	cmd.Stdin = strings.NewReader(read(t, "examples/hello/page/hello.js"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The README's table of packages has every package that a program can import, and no other.
func TestReadmePackages(t *testing.T) {
	var want, got []string
	for _, p := range packages(t) {
		if p.public() {
			want = append(want, p.dir)
		}
	}
	_, table, ok := strings.Cut(read(t, "README.md"), "\n| package |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(table, -1) {
		got = append(got, m[1])
	}
	slices.Sort(got)
	if !ok || !slices.Equal(got, want) {
		t.Errorf("packages are %v, the README's table has %v", want, got)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	command = regexp.MustCompile("(?m)(?:^|`)(?:make|go run|scripts/|\\.ci/)[^`\n#]*")
	doc     = regexp.MustCompile(`\bdocs/[a-z]+\.md\b`)
	test    = regexp.MustCompile(`\bTest[A-Z][A-Za-z0-9]+`)
)

// The tests that documents name exist, here or in their own code. A name may be the beginning of several.
func TestNamedTests(t *testing.T) {
	var tests strings.Builder
	for _, name := range files(t) {
		if strings.HasSuffix(name, "_test.go") {
			tests.WriteString(read(t, name))
		}
	}
	for _, name := range files(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		text := read(t, name)
		for _, named := range test.FindAllString(text, -1) {
			if !strings.Contains(tests.String(), "\nfunc "+named) && !strings.Contains(text, "\nfunc "+named) {
				t.Errorf("%s names %s, which does not exist", name, named)
			}
		}
	}
}

// What documents point to exists: files, make targets, programs.
func TestReferences(t *testing.T) {
	targets := read(t, "Makefile")
	for _, name := range files(t) {
		if slices.Contains([]string{".go", ".js", ".md"}, path.Ext(name)) {
			for _, to := range doc.FindAllString(read(t, name), -1) {
				exists(t, name, to)
			}
		}
		if path.Ext(name) != ".md" {
			continue
		}
		text := read(t, name)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			exists(t, name, path.Join(path.Dir(name), m[1]))
		}
		for _, line := range command.FindAllString(text, -1) {
			words := strings.Fields(strings.TrimLeft(line, "`"))
			switch {
			case words[0] == "make" && len(words) > 1 && !strings.Contains(targets, "\n"+words[1]+":"):
				t.Errorf("%s: there is no target for %q", name, line)
			case words[0] == "go" && len(words) > 2 && strings.HasPrefix(words[2], "./"):
				exists(t, name, words[2])
			case words[0] != "make" && words[0] != "go":
				exists(t, name, words[0])
			}
		}
	}
}

func exists(t *testing.T, from, to string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
		t.Errorf("%s points to %s, which does not exist", from, to)
	}
}
