package js

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
	"github.com/sojourn-go/sojourn/internal/nodetest"
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
	for name, built := range map[string]string{"sources": "", "built": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SOJOURN_BUILT", built)
			passed := nodetest.Run(t, "package.json", "src/*.js", "dist/*.js", "harness/*.js", "test/*.js", "../../transports/*/*.js", "../../protocol/testdata/vectors.json")
			if passed < 100 {
				t.Errorf("there are more than a hundred tests, but %d passed", passed)
			}
		})
	}
}
