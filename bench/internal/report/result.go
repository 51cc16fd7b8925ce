// Package report keeps what was measured, and writes it down: tables, plots, and what of it is not as it should be.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Result is what was measured of one case, and under which circumstances.
type Result struct {
	Work, Case string // their names
	When       time.Time
	Machine    measure.Machine
	Versions   map[string]string // of what was measured, by module or package
	Spec       generate.Spec
	Series     measure.Series
	Failed     string `json:",omitempty"` // why nothing was measured
}

func file(dir, work, name string) string {
	return filepath.Join(dir, strings.ToLower(work+"-"+name)+".json")
}

// Save keeps a result in a directory, in the place of an earlier one of the same case.
func Save(dir string, r Result) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(file(dir, r.Work, r.Case)+".new", append(text, '\n'), 0o644)
	}
	if err == nil {
		err = os.Rename(file(dir, r.Work, r.Case)+".new", file(dir, r.Work, r.Case))
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Load returns what a directory has of a case; false if nothing.
func Load(dir, work, name string) (r Result, ok bool, err error) {
	text, err := os.ReadFile(file(dir, work, name))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, false, fmt.Errorf("report: %s: %w", file(dir, work, name), err)
	}
	return r, true, nil
}

// Answers tells whether a case need not be measured again: these servers were, in this version, with these settings.
func (r Result) Answers(c work.Case, rounds int, versions map[string]string) bool {
	for _, s := range c.Servers {
		if !has(r.Series, s) {
			return false
		}
	}
	return reflect.DeepEqual(r.Spec, c.Spec) && len(r.Series.Rounds) >= rounds && r.Versions[ours] == versions[ours]
}

// Reason words in a line why something could not be measured.
func Reason(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.ReplaceAll(strings.TrimSuffix(line, "."), "|", "\\|")
}

// Versions returns the versions of the modules that this program is made of, of Node and its packages, and the commit that ours is: the last
// that changed more than documents and results.
func Versions(node string) map[string]string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	versions[ours] = output("git", "log", "-1", "--format=%h", "--abbrev=12", "--", "..", ":!../docs", ":!results")
	versions["node"] = output("node", "--version")
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	if text, err := os.ReadFile(filepath.Join(node, "package-lock.json")); err == nil && json.Unmarshal(text, &lock) == nil {
		for path, p := range lock.Packages {
			if name, ok := strings.CutPrefix(path, "node_modules/"); ok {
				versions[name] = p.Version
			}
		}
	}
	return versions
}

const ours = "github.com/sojourn-go/sojourn"

// output is what a program says, in one line; "unknown" if it cannot.
func output(name string, words ...string) string {
	text, err := exec.Command(name, words...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
