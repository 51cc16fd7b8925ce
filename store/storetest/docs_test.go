package storetest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The checks that docs/stores.md names exist. It writes them as code, and what else it writes so are words of package store's, and this one's.
func TestDocsNameChecks(t *testing.T) {
	text, err := os.ReadFile("../../docs/stores.md")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(text), "## In which order")
	steps, rest, _ := strings.Cut(steps, "## What is easy")
	table, rest, ok := strings.Cut(rest, "Of time:")
	_, cases, _ := strings.Cut(rest, "| case |")
	if !ok {
		t.Fatal("the page has other parts than it had")
	}
	var named []string
	for _, m := range regexp.MustCompile(`(?m)^\| .* \| (.*) \|$`).FindAllStringSubmatch(table+cases, -1) {
		for _, check := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[1], -1) {
			named = append(named, check[1])
		}
	}
	for _, list := range regexp.MustCompile("\\s`\\w+`(,\\s+`\\w+`)+[.;]").FindAllString(steps, -1) {
		for _, check := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(list, -1) {
			named = append(named, check[1])
		}
	}
	if len(named) < 80 {
		t.Fatalf("the page names %d checks: %v", len(named), named)
	}
	for _, name := range named {
		if !slices.ContainsFunc(slices.Concat(parts...), func(c check) bool { return c.name == name }) {
			t.Errorf("there is no check %s", name)
		}
	}
}
