// Command build makes what is committed beside the sources of the JavaScript client: each part minified by itself, so that a server
// can join those it needs, and the whole for npm.
//
//	go -C client/js/build run .             # builds
//	go -C client/js/build run . -check      # changes nothing, and exits with 1 if what is committed is not what the sources make
//	go -C client/js/build run . -names 60s  # looks for names that are compressed better, for a minute, before it builds
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
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
	"github.com/sojourn-go/sojourn/client/js/internal/sourcemap"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("build: ")
	check := flag.Bool("check", false, "change nothing; exit with 1 if something is stale")
	root := flag.String("root", "../../..", "the repository")
	find := flag.Duration("names", 0, "how long to look for better names")
	flag.Parse()
	o := output{root: *root, check: *check}
	if err := o.run(*find); err != nil {
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

func (o *output) run(find time.Duration) error {
	n, err := readNames(o.root)
	if err != nil {
		return err
	}
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	scripts := map[string][]byte{} // with holes
	maps := map[string]sourcemap.Map{}
	for _, p := range parts.All {
		if scripts[p.Name], maps[p.Name], err = bundle(root, p, n); err != nil {
			return err
		}
	}
	n.complete(scripts[parts.Core.Name])
	if find > 0 {
		n.search(join(scripts), find)
		text, err := n.json()
		if err != nil {
			return err
		}
		if err := o.put(namesFile, text); err != nil {
			return err
		}
	}
	for _, p := range parts.All {
		stamp, err := p.Stamp(os.DirFS(o.root))
		if err != nil {
			return err
		}
		m, err := o.finish(maps[p.Name], scripts[p.Name], string(bytes.TrimSpace(stamp)), n)
		if err != nil {
			return err
		}
		if err := o.put(p.Map(), m); err != nil {
			return err
		}
		scripts[p.Name] = n.fill(scripts[p.Name])
		if err := o.put(p.Built, append(stamp, scripts[p.Name]...)); err != nil {
			return err
		}
		if err := o.put(p.Module(), p.AsModule(scripts[p.Name])); err != nil {
			return err
		}
	}
	return o.put(parts.Whole, join(scripts))
}

// join makes the package's main file.
func join(scripts map[string][]byte) []byte {
	var transports []parts.Script
	for _, p := range parts.Transports {
		if p.Name != "mock" {
			transports = append(transports, parts.Script{Name: p.Name, Text: scripts[p.Name]})
		}
	}
	return parts.Join(scripts[parts.Core.Name], transports)
}

// exported finds the only export of a minified module.
var exported = regexp.MustCompile(`export\{(\S+) as only\};\s*$`)

// bundle minifies a module and what it imports into a script that declares sojourn_<name>: the module's export of that name.
func bundle(root string, p parts.Part, n names) ([]byte, sourcemap.Map, error) {
	none := sourcemap.Map{}
	options := api.BuildOptions{
		Stdin: &api.StdinOptions{
			Contents:   fmt.Sprintf("export { %s as only } from %q", p.Name, filepath.Join(root, p.Entry)),
			ResolveDir: root,
		},
		AbsWorkingDir:    root,
		Outfile:          filepath.Join(root, "bundle.js"), // which the names of sources are relative to; nothing is written
		Bundle:           true,
		Format:           api.FormatESModule,
		Target:           api.ES2021, // browsers since 2021
		MinifyWhitespace: true,
		MinifySyntax:     true,
		LegalComments:    api.LegalCommentsNone,
		Charset:          api.CharsetUTF8,
		LogLevel:         api.LogLevelWarning,
		Sourcemap:        api.SourceMapExternal,
		SourcesContent:   api.SourcesContentExclude,
	}
	if p == parts.Core {
		options.MangleProps, options.MangleCache = n.mangled()
		options.Plugins = []api.Plugin{n.plugin()}
	}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, none, errors.New("esbuild: " + result.Errors[0].Text)
	}
	mapped, text := result.OutputFiles[0].Contents, result.OutputFiles[1].Contents
	at := exported.FindSubmatchIndex(text)
	if at == nil {
		return nil, none, fmt.Errorf("%s: its one export is not where it should be", p.Entry)
	}
	only := string(text[at[2]:at[3]])
	// Of a script esbuild names anew what is inside of functions, but nothing at its top.
	script := api.Transform(string(text[:at[0]])+inlineMap(mapped), api.TransformOptions{
		MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true, Target: api.ES2021,
		LegalComments: api.LegalCommentsNone, Charset: api.CharsetUTF8,
		Sourcefile: "bundle.js", Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude,
	})
	if len(script.Errors) > 0 {
		return nil, none, errors.New("esbuild: " + script.Errors[0].Text)
	}
	text = bytes.TrimSpace(script.Code)
	before, kept, after := "(()=>{", 0, "return "+only+"})()"
	if m := declaration.FindSubmatchIndex(text); m != nil && isExpression(text[m[2]:m[3]]) {
		before, after = "", ""
		text, kept = text[m[2]:m[3]], m[2]
	}
	before = "var sojourn_" + p.Name + "=" + before
	moved, err := shift(script.Map, len(before)-kept)
	return fmt.Appendf(nil, "%s%s%s;\n", before, text, after), moved, err
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
