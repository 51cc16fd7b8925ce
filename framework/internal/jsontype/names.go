package jsontype

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reserved are names that no type gets: what declarations are written with, and what they declare besides.
var Reserved = []string{
	"App", "Half", "Kit", "Rt", "Server", "Services",
	"AbortSignal", "Error", "Omit", "Partial", "Promise", "RequestCredentials", "Response", "Uint8Array", "WebSocket",
}

// namesOf gives each type a name of its own: its Go name with a capital, with its arguments' if it is generic; behind its package's where others
// have the same one; with a number where that is not enough.
func (ts *Types) namesOf(types []reflect.Type) map[reflect.Type]string {
	count := map[string]int{}
	for _, t := range types {
		count[shortName(t)]++
	}
	names := map[reflect.Type]string{}
	taken := map[string]bool{}
	for _, name := range Reserved {
		taken[name] = true
	}
	clear := func(t reflect.Type) bool {
		name := shortName(t)
		return count[name] == 1 && !slices.Contains(Reserved, name)
	}
	for _, t := range types {
		if clear(t) {
			names[t] = shortName(t)
			taken[names[t]] = true
		}
	}
	for _, t := range types {
		if clear(t) {
			continue
		}
		name := packageName(ts.path(t)) + shortName(t)
		for n := 2; taken[name]; n++ {
			name = fmt.Sprint(packageName(ts.path(t)), shortName(t), n)
		}
		names[t] = name
		taken[name] = true
	}
	return names
}

var (
	word    = regexp.MustCompile(`[\pL_][\pL\pN_]*`)
	prefix  = regexp.MustCompile(`[^\[\],*()\s]*[/.]`) // a package's path
	local   = regexp.MustCompile(`·\d+`)               // behind a type argument that a function declares
	version = regexp.MustCompile(`^v\d+$`)
)

// shortName returns PageLine for Page[example.org/chat.Line].
func shortName(t reflect.Type) string {
	var b strings.Builder
	for _, w := range word.FindAllString(local.ReplaceAllString(prefix.ReplaceAllString(t.Name(), ""), ""), -1) {
		b.WriteString(capital(w))
	}
	return b.String()
}

func packageName(dir string) string {
	if version.MatchString(path.Base(dir)) {
		dir = path.Dir(dir)
	}
	return capital(strings.Join(word.FindAllString(path.Base(dir), -1), ""))
}

func capital(word string) string {
	r, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r)) + word[n:]
}
