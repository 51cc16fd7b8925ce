package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reader does what documents say, in an empty folder, from which the module is this checkout.
type reader struct {
	t       *testing.T
	dir     string            // where the commands have led to
	program string            // where what "go run" would run is built
	addr    string            // where the program listens
	others  *strings.Replacer // what is different from what documents say
}

// newReader makes a reader. Where documents say the one of a pair, the other is typed.
func newReader(t *testing.T, pairs ...string) *reader {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, dir: dir, program: filepath.Join(dir, "program"), addr: quietAddress(t)}
	r.others = strings.NewReplacer(append(pairs,
		"go run .", "go build -o "+r.program+" .",
		"go mod tidy", "go mod edit -replace=github.com/sojourn-go/sojourn="+root+" && go mod tidy",
		`":8080"`, `"`+r.addr+`"`)...)
	return r
}

// quietAddress returns a free address at which nobody else listens by chance while a program is away from it: systems give away higher ports.
func quietAddress(t *testing.T) string {
	t.Helper()
	for {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.N(20_000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
}

// block is what a reader types: the text of a file, lines to add to one, a command.
var block = regexp.MustCompile("(?ms)(?:^`([^`\n]+)`:\n\n)?^```(\\w+)\n(.*?)^```$")

// does does what a section of a document says, and returns how many lines that are.
func (r *reader) does(document, heading string) (lines int) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join("../docs", document))
	if err != nil {
		r.t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		r.t.Fatalf("%s has no section %q", document, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range block.FindAllStringSubmatch(section, -1) {
		file, language, typed := m[1], m[2], r.others.Replace(m[3])
		switch {
		case language == "sh":
			r.runs(typed)
		case language == "diff":
			lines -= r.edits(typed)
		case file == "":
			r.t.Fatalf("%s does not say which file this is:\n%s", document, typed)
		default:
			r.writes(file, typed)
		}
		for line := range strings.Lines(typed) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
	}
	return lines
}

func (r *reader) writes(file, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// edits changes main.go, and returns how many lines of the change are there already or taken away.
func (r *reader) edits(diff string) (others int) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "main.go"))
	if err != nil {
		r.t.Fatal(err)
	}
	program := string(text)
	for part := range strings.SplitSeq(diff, "\n\n") {
		var before, after strings.Builder
		for line := range strings.Lines(strings.TrimSuffix(part, "\n") + "\n") {
			if line[0] != '+' {
				others++
				before.WriteString(line[1:])
			}
			if line[0] != '-' {
				after.WriteString(line[1:])
			}
		}
		if strings.Count(program, before.String()) != 1 {
			r.t.Fatalf("these lines are not once in main.go:\n%s", before.String())
		}
		program = strings.Replace(program, before.String(), after.String(), 1)
	}
	r.writes("main.go", program)
	return others
}

// runs runs commands in a shell, and stays where they lead to.
func (r *reader) runs(commands string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", strings.ReplaceAll(commands, "\n", " && ")+"pwd")
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off") // whatever is needed is here
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	r.dir = lines[len(lines)-1]
}

// starts starts the program, and returns when it is ready.
func (r *reader) starts() *instance {
	r.t.Helper()
	cmd := exec.Command(r.program)
	cmd.Dir = r.dir
	i, err := launch(r.t, r.addr, cmd)
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}
