package js

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
)

const root = "../.."

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestBuiltPartsAreFresh finds parts that were not built again after a change of their sources, without building them.
func TestBuiltPartsAreFresh(t *testing.T) {
	for _, p := range parts.All {
		stamp, err := p.Stamp(os.DirFS(root))
		if err != nil {
			t.Fatal(err)
		}
		built := read(t, p.Built)
		if !bytes.HasPrefix(built, stamp) {
			t.Errorf("%s is stale: go -C client/js/build run .", p.Built)
		}
		if !bytes.Equal(read(t, p.Module()), p.AsModule(built)) {
			t.Errorf("%s is not %s as a module: go -C client/js/build run .", p.Module(), p.Built)
		}
	}
	if !bytes.Equal(read(t, parts.Whole), whole(t)) {
		t.Errorf("%s is not its parts joined: go -C client/js/build run .", parts.Whole)
	}
}

// whole is what a server with all transports serves.
func whole(t *testing.T) []byte {
	var list []Part
	for _, p := range parts.Transports {
		if p.Name != "mock" {
			list = append(list, Part{Name: p.Name, Script: read(t, p.Built)})
		}
	}
	return Join(list...)
}

// TestSize holds the client to what the README says of it.
func TestSize(t *testing.T) {
	const limit = 5000
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(whole(t))
	_ = w.Close()
	t.Logf("core, ws, sse and longpoll: %d bytes of gzip -9, %d allowed", b.Len(), limit)
	if b.Len() > limit {
		t.Errorf("%d bytes of gzip -9, %d are allowed", b.Len(), limit)
	}
}

func TestJoin(t *testing.T) {
	module := string(Join(
		Part{Name: "ws", Script: []byte("//sojourn ws sha256:0\nvar sojourn_ws=1")},
		Part{Name: "none"},
		Part{Name: "my-own", Script: []byte("var sojourn_my_own=2\n")},
	))
	const tail = "var sojourn_ws=1\nvar sojourn_my_own=2\n" +
		"export const connect=(u,o)=>sojourn_connect(u,o,[sojourn_ws,sojourn_my_own])\n"
	if !strings.HasPrefix(module, "var sojourn_connect=") || !strings.HasSuffix(module, tail) {
		t.Errorf("joined: %.40q ... %q", module, module[max(0, len(module)-len(tail)):])
	}
	if again := string(Join()); strings.Contains(again, "sojourn_ws") {
		t.Error("Join keeps what it was given before")
	}
}

// TestNode runs the client's own tests: on its sources, and on what is built from them.
func TestNode(t *testing.T) {
	node := findNode(t)
	for name, env := range map[string]string{"sources": "SOJOURN_BUILT=", "built": "SOJOURN_BUILT=1"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap")
			cmd.Env = append(os.Environ(), env)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, failures(out))
			}
			if n := regexp.MustCompile(`(?m)^# tests (\d+)$`).FindSubmatch(out); n == nil || len(n[1]) < 3 {
				t.Errorf("there are more than a hundred tests, but:\n%s", failures(out))
			}
		})
	}
}

func findNode(t *testing.T) string {
	node, err := exec.LookPath("node")
	switch {
	case err == nil:
		return node
	case os.Getenv("SOJOURN_NO_SKIP") == "1":
		t.Fatal("there is no node, and SOJOURN_NO_SKIP is 1")
	}
	t.Skip("there is no node")
	return ""
}

// failures leaves out what node says of tests that passed.
func failures(tap []byte) string {
	var kept []string
	skip := false
	for line := range strings.Lines(string(tap)) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "not ok"), strings.HasPrefix(trimmed, "# Subtest"):
			skip = false
		case strings.HasPrefix(trimmed, "ok"):
			skip = true
		}
		if !skip && !strings.HasPrefix(trimmed, "# Subtest") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
