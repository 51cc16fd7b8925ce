package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

// The core's own names are many: the properties that state.js declares, and what its modules declare at their top. What they are called in the
// build is committed (names.json) and not left to esbuild, because of names that are equally short gzip makes three hundredths more of some than of
// others. So esbuild builds with a Han letter for each, which it neither counts nor gives to anything else: a hole. Then the holes are filled.

const namesFile = "client/js/build/names.json"

// names are what to fill in.
type names struct{ properties, functions kind }

// kind is a kind of names, no two of which may be the same.
type kind struct {
	first rune     // is the hole for long[0], the next letter for long[1] ...
	long  []string // as the sources say
	short []string // as the build says; those beyond long are free
}

var (
	property  = regexp.MustCompile(`(?m)^ \* @property \{.*\} \[?(\w+)`)
	topOfFile = regexp.MustCompile(`(?m)^(?:export )?const (\w+) =`)
)

// readNames finds out what needs a name, and what it was called last.
func readNames(root string) (names, error) {
	n := names{kind{first: '一'}, kind{first: '你'}}
	files, err := filepath.Glob(filepath.Join(root, "client/js/src/*.js"))
	if err != nil {
		return n, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return n, err
		}
		switch filepath.Base(file) {
		case "limits.js": // numbers, which esbuild puts where they are used
		case "app.js", "discover.js", "guest.js": // of other parts
		case "state.js":
			n.properties.add(property, text)
		default:
			n.functions.add(topOfFile, text)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, namesFile))
	if err != nil {
		return n, err
	}
	var known struct{ Properties, Functions map[string]string }
	if err := json.Unmarshal(text, &known); err != nil {
		return n, fmt.Errorf("%s: %w", namesFile, err)
	}
	n.properties.recall(known.Properties)
	n.functions.recall(known.Functions)
	return n, nil
}

func (n names) json() ([]byte, error) {
	text, err := json.MarshalIndent(map[string]any{"properties": n.properties.known(), "functions": n.functions.known()}, "", "\t")
	return append(text, '\n'), err
}

func (k *kind) add(declaration *regexp.Regexp, text []byte) {
	for _, m := range declaration.FindAllSubmatch(text, -1) {
		k.long = append(k.long, string(m[1]))
	}
	slices.Sort(k.long)
	k.long = slices.Compact(k.long)
}

func (k *kind) recall(known map[string]string) {
	for _, name := range k.long {
		k.short = append(k.short, known[name])
	}
}

func (k kind) known() map[string]string {
	known := map[string]string{}
	for i, name := range k.long {
		known[name] = k.short[i]
	}
	return known
}

// hole returns a name's hole, "" if it has none.
func (k kind) hole(name string) string {
	if i, ok := slices.BinarySearch(k.long, name); ok {
		return string(k.first + rune(i))
	}
	return ""
}

// mangled returns esbuild's options for the properties.
func (n names) mangled() (pattern string, cache map[string]any) {
	cache = map[string]any{}
	for _, name := range n.properties.long {
		cache[name] = n.properties.hole(name)
	}
	return "^(" + strings.Join(n.properties.long, "|") + ")$", cache
}

// long returns the name that a hole is for; any other name as it is.
func (n names) long(name string) string {
	hole, _ := utf8.DecodeRuneInString(name)
	for _, k := range []kind{n.functions, n.properties} {
		if i := int(hole - k.first); 0 <= i && i < len(k.long) {
			return k.long[i]
		}
	}
	return name
}

// plugin has the core's modules declare holes. They export them by their names, and import from themselves what they use.
func (n names) plugin() api.Plugin {
	return api.Plugin{Name: "names", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `client/js/src/\w+\.js$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(args.Path)
			contents := n.dug(string(text), filepath.Base(args.Path))
			return api.OnLoadResult{Contents: &contents}, err
		})
	}}
}

func (n names) dug(text, file string) string {
	var in, out []string
	text = topOfFile.ReplaceAllStringFunc(text, func(declaration string) string {
		name := topOfFile.FindStringSubmatch(declaration)[1]
		hole := n.functions.hole(name)
		if hole == "" {
			return declaration
		}
		in, out = append(in, name), append(out, hole+" as "+name)
		return strings.Repeat(" ", len(declaration)-len("const x =")) + "const " + hole + " =" // what follows stays where it was: source maps
	})
	if len(in) == 0 {
		return text
	}
	return fmt.Sprintf("%s\nimport { %s } from './%s'\nexport { %s }\n", text, strings.Join(in, ", "), file, strings.Join(out, ", "))
}

var (
	hole    = regexp.MustCompile(`\p{Han}`)
	literal = regexp.MustCompile(`"[^"\n]*"`)
	word    = regexp.MustCompile(`[\w$]+`)
)

// complete gives names to what has none, and leaves some free. No function's name is anything else in the text.
func (n *names) complete(text []byte) {
	others := map[string]bool{}
	for _, w := range word.FindAll(literal.ReplaceAll(text, nil), -1) {
		others[string(w)] = true
	}
	n.properties.complete(map[string]bool{})
	n.functions.complete(others)
}

func (k *kind) complete(taken map[string]bool) {
	for _, keyword := range []string{"", "as", "do", "if", "in", "is", "of"} {
		taken[keyword] = true
	}
	for i, short := range k.short { // also what something new in the text has taken
		if taken[short] {
			k.short[i] = ""
		}
		taken[short] = true
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"
	for _, second := range []string{"", "e", "t"} {
		for _, first := range letters {
			short := string(first) + second
			if taken[short] {
				continue
			}
			if i := slices.Index(k.short, ""); i >= 0 {
				k.short[i] = short
			} else {
				k.short = append(k.short, short)
			}
		}
	}
}

// fill fills the holes.
func (n names) fill(text []byte) []byte {
	return hole.ReplaceAllFunc(text, func(hole []byte) []byte { return []byte(n.in([]rune(string(hole))[0])) })
}

func (n names) in(hole rune) string {
	if hole < n.functions.first {
		return n.properties.short[hole-n.properties.first]
	}
	return n.functions.short[hole-n.functions.first]
}
