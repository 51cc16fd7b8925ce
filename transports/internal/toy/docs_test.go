package toy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var fence = regexp.MustCompile("(?ms)^```(go|js)\n(.*?)^```$")

// The code that docs/transports.md shows is that of files, to the letter: the Go of this package, what follows its imports, and
// JavaScript that the client's tests run.
func TestDocsQuoteTheToy(t *testing.T) {
	quoted := map[string][]string{}
	for _, m := range fence.FindAllStringSubmatch(read(t, "../../../docs/transports.md"), -1) {
		quoted[m[1]] = append(quoted[m[1]], m[2])
	}
	var want []string
	for _, name := range []string{"toy.go", "dial_test.go"} {
		_, code, _ := strings.Cut(read(t, name), "\n)\n\n")
		want = append(want, code)
	}
	if !slices.Equal(quoted["go"], want) {
		t.Error("the page's Go is not that of toy.go and dial_test.go")
	}
	scripts, err := filepath.Glob("../../../client/js/test/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, code := range quoted["js"] {
		if !slices.ContainsFunc(scripts, func(name string) bool { return strings.Contains(read(t, name), code) }) {
			t.Errorf("no test of the JavaScript client has the page's\n%s", code)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
