package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sojourn-go/sojourn/client/js/internal/sourcemap"
)

// Source maps: esbuild makes them of the text with holes, so that what comes after one that is filled has to be moved.

// inlineMap is how a text tells esbuild where it comes from itself.
func inlineMap(text []byte) string {
	return "\n//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString(text)
}

// shift moves a map's first line.
func shift(text []byte, by int) (m sourcemap.Map, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, err
	}
	all, err := sourcemap.Parse(m.Mappings)
	for i := range all {
		if at := &all[i].At; at.Line == 0 {
			at.Column = max(0, at.Column+by)
		}
	}
	m.Mappings = sourcemap.Format(all)
	return m, err
}

// finish makes what is committed of the map of a text with holes: as the text is when they are filled, and with the sources.
func (o *output) finish(m sourcemap.Map, text []byte, stamp string, n names) ([]byte, error) {
	all, err := sourcemap.Parse(m.Mappings)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	for i := range all {
		at := &all[i].At
		before := lines[at.Line]
		if runes := []rune(before); at.Column < len(runes) { // nothing in the sources is two characters of UTF-16
			before = string(runes[:at.Column])
		}
		at.Column = len([]rune(string(n.fill([]byte(before)))))
	}
	m.File, m.Mappings = stamp, sourcemap.Format(all)
	for i, name := range m.Names {
		m.Names[i] = n.long(name)
	}
	for i, name := range m.Sources {
		source, err := os.ReadFile(filepath.Join(o.root, name))
		if err != nil {
			return nil, fmt.Errorf("a source of the map: %w", err)
		}
		m.SourcesContent = append(m.SourcesContent, string(source))
		m.Sources[i] = "sojourn/" + name
	}
	written, err := json.Marshal(m)
	return append(written, '\n'), err
}
