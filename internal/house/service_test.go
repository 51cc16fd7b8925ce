package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/nodetest"
)

// readmeService writes the README's service into a directory, as a program has it: chat.go, client.js and public/.
func readmeService(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{"public/chat.css": "p {}\n"}
	lines := 0
	for _, m := range fence.FindAllStringSubmatch(section(t, read(t, "README.md"), "A service"), -1) {
		name := map[string]string{"go": "chat.go", "js": "client.js"}[m[1]]
		if files[name] != "" {
			t.Fatalf("the README's service has two of %s", name)
		}
		files[name] = m[2]
		code := m[2]
		if _, after, ok := strings.Cut(code, "\n)\n"); ok { // the imports
			code = after
		}
		for line := range strings.Lines(code) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
	}
	if lines > 25 || len(files) != 3 {
		t.Errorf("the README's service has %d lines in %d files: at most 25 are what a service should need", lines, len(files))
	}
	if err := os.Mkdir(filepath.Join(dir, "public"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadmeServiceCompiles(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "vet", filepath.Join(readmeService(t), "chat.go"))
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The two halves of the README's service, in a program and in a page.
func TestReadmeServiceRuns(t *testing.T) {
	nodetest.Find(t)
	dir := readmeService(t)
	if err := os.CopyFS(dir, os.DirFS("testdata/readme")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-timeout", "60s", filepath.Join(dir, "chat.go"), filepath.Join(dir, "both_test.go"))
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
