package repl

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// changes says what is different between two JSON values, a line for each member that is: "ann.here: false (was true)". Arrays are compared as a
// whole, as merge patches have them.
func changes(last, value json.RawMessage) []string {
	lines := compare(nil, "", parse(last), parse(value))
	if len(lines) == 0 {
		return []string{"(nothing changed)"}
	}
	return lines
}

// compare appends lines about what stands at a path.
func compare(lines []string, path string, last, value any) []string {
	before, ok1 := last.(map[string]any)
	after, ok2 := value.(map[string]any)
	if !ok1 || !ok2 {
		if reflect.DeepEqual(last, value) {
			return lines
		}
		return append(lines, at(path)+text(value)+was(last))
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		inside := join(path, name)
		b, ok1 := before[name]
		a, ok2 := after[name]
		switch {
		case !ok1:
			lines = append(lines, at(inside)+text(a)+" (new)")
		case !ok2:
			lines = append(lines, at(inside)+"gone"+was(b))
		default:
			lines = compare(lines, inside, b, a)
		}
	}
	return lines
}

// was says what stood there, if that is short.
func was(last any) string {
	switch last.(type) {
	case map[string]any, []any:
		return ""
	}
	return " (was " + text(last) + ")"
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

var simple = regexp.MustCompile(`^[\pL\pN_-]+$`)

// join makes the path of a member, whose name is quoted if it could be misread.
func join(path, name string) string {
	if !simple.MatchString(name) {
		name = text(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func parse(value json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	_ = d.Decode(&v) // what is no JSON is nothing
	return v
}

func text(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // it was JSON
	return strings.TrimSpace(b.String())
}
