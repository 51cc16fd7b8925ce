package house

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	exportJS = regexp.MustCompile(`^export (?:declare )?(?:function|const|class|interface|type) (\w+)`)
	memberJS = regexp.MustCompile(`^  (?:readonly )?(\w+)\??[:(<]`)
)

// What pages can name is documented: each export, and each member of one, in a comment of its own, or by its name in that of what it is a member of or in the
// last one above it.
func TestExportedDocsInJavaScript(t *testing.T) {
	seen := 0
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".d.ts") || !fits("client/js/...", path.Dir(name)) && path.Dir(name) != "framework/typescript" {
			continue
		}
		seen++
		for _, id := range undocumentedJS(read(t, name)) {
			t.Errorf("%s: %s has no comment", name, id)
		}
	}
	if seen < 10 {
		t.Errorf("there are %d files of declarations", seen)
	}
}

// undocumentedJS returns the names that declarations, as they are formatted here, leave without a comment.
func undocumentedJS(text string) (names []string) {
	var above, outer, export string // the last comment, that of the export, and its name
	fresh := false                  // the comment is the next line's
	comment := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "/**"), comment:
			if !comment {
				above = ""
			}
			above += trimmed
			comment = !strings.HasSuffix(trimmed, "*/")
			fresh = true
			continue
		case exportJS.MatchString(line):
			export, outer = exportJS.FindStringSubmatch(line)[1], ""
			if fresh {
				outer = above
			} else {
				names = append(names, export)
			}
		case memberJS.MatchString(line) && export != "":
			id := memberJS.FindStringSubmatch(line)[1]
			if !fresh && !regexp.MustCompile(`\b`+id+`\b`).MatchString(outer+above) {
				names = append(names, export+"."+id)
			}
		case strings.HasPrefix(line, "}"):
			export = ""
		}
		fresh = false
	}
	return names
}
