package transporttest

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The specification has every rule, as the kit says it, with the kit's check.
func TestDocsHaveTheRules(t *testing.T) {
	text, err := os.ReadFile("../../docs/transports.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want [][2]string
	for _, m := range regexp.MustCompile("(?m)^\\| (.*) \\| `([A-Z]\\w+)` \\|$").FindAllStringSubmatch(string(text), -1) {
		got = append(got, [2]string{m[2], m[1]})
	}
	for _, c := range checks {
		want = append(want, [2]string{c.name, c.rule})
	}
	if !slices.Equal(got, want) {
		t.Errorf("the specification has the rules\n%q\nthe kit\n%q", got, want)
	}
}
