package far_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// The code that docs/stores.md shows is that of files, to the letter: what follows their imports.
func TestDocsQuoteTheStore(t *testing.T) {
	text, err := os.ReadFile("../../../docs/stores.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := fence.FindAllStringSubmatch(string(text), -1)
	files := []string{"far.go", "far_test.go"}
	if len(quoted) != len(files) {
		t.Fatalf("the page has %d pieces of code, want those of %v", len(quoted), files)
	}
	for i, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, code, ok := strings.Cut(string(source), "\n)\n\n"); !ok || quoted[i][1] != code {
			t.Errorf("piece %d of the page's code is not that of %s", i+1, name)
		}
	}
}
