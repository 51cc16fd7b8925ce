// Command build makes what is committed beside the sources of the JavaScript client: each part minified by itself, so that a server
// can join those it needs, and the whole for npm.
//
//	go -C client/js/build run .         # builds
//	go -C client/js/build run . -check  # changes nothing, and exits with 1 if what is committed is not what the sources make
//
// It is a module of its own: nobody who uses the framework needs esbuild.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("build: ")
	check := flag.Bool("check", false, "change nothing; exit with 1 if something is stale")
	root := flag.String("root", "../../..", "the repository")
	flag.Parse()
	o := output{root: *root, check: *check}
	if err := o.all(); err != nil {
		log.Fatal(err)
	}
	if o.stale {
		os.Exit(1)
	}
}

type output struct {
	root  string
	check bool
	stale bool
}

func (o *output) all() error {
	core, err := o.part(parts.Core)
	if err != nil {
		return err
	}
	var transports []parts.Script
	for _, p := range parts.Transports {
		script, err := o.part(p)
		if err != nil {
			return err
		}
		if p.Name != "mock" {
			transports = append(transports, parts.Script{Name: p.Name, Text: script})
		}
	}
	return o.put(parts.Whole, parts.Join(core, transports))
}

// part builds one part.
func (o *output) part(p parts.Part) ([]byte, error) {
	stamp, err := p.Stamp(os.DirFS(o.root))
	if err != nil {
		return nil, err
	}
	names, err := internalNames(filepath.Join(o.root, "client/js/src/state.js"))
	if err != nil {
		return nil, err
	}
	script, err := bundle(filepath.Join(o.root, p.Entry), p.Name, names)
	if err != nil {
		return nil, err
	}
	text := append(stamp, script...)
	return text, o.put(p.Built, text)
}

// exported finds the only export of a minified module.
var exported = regexp.MustCompile(`export\{(\w+) as only\};\s*$`)

var property = regexp.MustCompile(`(?m)^ \* @property \{.*\} \[?(\w+)`)

// internalNames returns a regular expression that matches the properties that state.js declares: those whose names nobody else knows.
func internalNames(state string) (string, error) {
	text, err := os.ReadFile(state)
	if err != nil {
		return "", err
	}
	var names []string
	for _, m := range property.FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	return "^(" + strings.Join(names, "|") + ")$", nil
}

// bundle minifies a module and what it imports into a script that declares sojourn_<name>: the module's export of that name.
func bundle(entry, name, mangle string) ([]byte, error) {
	path, err := filepath.Abs(entry)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		Stdin: &api.StdinOptions{
			Contents:   fmt.Sprintf("export { %s as only } from %q", name, path),
			ResolveDir: filepath.Dir(path),
		},
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2021, // browsers since 2021
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MangleProps:       mangle,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return nil, errors.New("esbuild: " + result.Errors[0].Text)
	}
	text := result.OutputFiles[0].Contents
	at := exported.FindSubmatchIndex(text)
	if at == nil {
		return nil, fmt.Errorf("%s: its one export is not where it should be", entry)
	}
	if only := declaration.FindSubmatch(text[:at[0]]); only != nil && isExpression(only[1]) {
		return fmt.Appendf(nil, "var sojourn_%s=%s;\n", name, only[1]), nil
	}
	return fmt.Appendf(nil, "var sojourn_%s=(()=>{%sreturn %s})();\n", name, text[:at[0]], text[at[2]:at[3]]), nil
}

// declaration finds what one variable is declared to be, if there is nothing else in the module.
var declaration = regexp.MustCompile(`(?s)^var \w+=(\{.*\});\s*$`)

// isExpression tells whether text is one expression, and not what several are declared to be.
func isExpression(text []byte) bool {
	return len(api.Transform(fmt.Sprintf("({only:%s})", text), api.TransformOptions{LogLevel: api.LogLevelSilent}).Errors) == 0
}

func (o *output) put(file string, text []byte) error {
	name := filepath.Join(o.root, file)
	old, err := os.ReadFile(name)
	switch {
	case err == nil && bytes.Equal(old, text):
		return nil
	case o.check:
		log.Printf("%s is stale", file)
		o.stale = true
		return nil
	}
	fmt.Println(file, len(text))
	return os.WriteFile(name, text, 0o644)
}
