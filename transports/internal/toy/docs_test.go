package toy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fence = regexp.MustCompile("(?ms)^```(go|js)\n(.*?)^```$")

// The code that docs/transports.md shows is that of files, to the letter: what follows their imports.
func TestDocsQuoteTheToy(t *testing.T) {
	text, err := os.ReadFile("../../../docs/transports.md")
	if err != nil {
		t.Fatal(err)
	}
	var quoted []string
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		quoted = append(quoted, m[2])
	}
	files := []string{"toy.go", "dial_test.go"}
	if len(quoted) != len(files) {
		t.Fatalf("the page has %d pieces of code, want those of %v", len(quoted), files)
	}
	for i, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, code, ok := strings.Cut(string(source), "\n)\n\n"); !ok || quoted[i] != code {
			t.Errorf("piece %d of the page's code is not that of %s", i+1, name)
		}
	}
}
