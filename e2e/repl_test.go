package e2e

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// asker is the command that asks running servers.
var asker = built("sojourn", "cmd/sojourn")

// ask prepares the command.
func ask(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := asker()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = ".."
	return cmd
}

// developed starts the chat as its developers do, and returns its mount.
func developed(t *testing.T, args ...string) string {
	t.Helper()
	c := startChat(t, "memory", 0, nil)
	c.args = append([]string{"-dev", "../examples/chat/page"}, args...)
	return "http://" + c.add().addr + "/rt"
}

// documented returns a block of docs/repl.md, by how it begins.
func documented(t *testing.T, begin string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/repl.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "\n"+begin)
	block, _, ok := strings.Cut(block, "```\n")
	if !ok {
		t.Fatalf("docs/repl.md has no block that begins with %q", begin)
	}
	return begin + block
}

// varying is what is another one in each session.
var varying = regexp.MustCompile(`\b\d+(\.\d)? m?s\b|"id":"[^"]*"|"by":"[^"]*"|\d{13}`)

// Who types what docs/repl.md does is shown what stands there.
func TestREPLTalksWithTheChat(t *testing.T) {
	t.Parallel()
	mount := developed(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := ask(ctx, t, "repl", mount)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	printed := bufio.NewScanner(out)
	for line := range strings.Lines(documented(t, "> discover chat\n")) {
		typed, isTyped := strings.CutPrefix(strings.TrimPrefix(line, "... "), "> ")
		if isTyped || typed != line {
			if _, err := in.Write([]byte(typed)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		printed.Scan()
		if got, want := varying.ReplaceAllString(printed.Text(), "VARYING"), varying.ReplaceAllString(line, "VARYING"); got+"\n" != want {
			t.Fatalf("it prints\n%s\nnot\n%s", got, want)
		}
	}
	if printed.Scan() {
		t.Errorf("it prints besides: %s", printed.Text())
	}
	if exit, ok := errors.AsType[*exec.ExitError](cmd.Wait()); !ok || exit.ExitCode() != 1 {
		t.Error("its status does not say that a command failed")
	}
}

func TestREPLTakesTheScript(t *testing.T) {
	t.Parallel()
	path, err := asker()
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("go run ./cmd/sojourn", path, "http://localhost:8080/rt", developed(t)).Replace(documented(t, "printf "))
	out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "< room/lobby {") || !strings.Contains(string(out), `"from":"ann","text":"hi"`) {
		t.Errorf("%v: %s", err, out)
	}
}

// The types of the chat's pages are those that it tells while it is worked on.
func TestTypesOfTheChat(t *testing.T) {
	t.Parallel()
	out, err := ask(t.Context(), t, "types", developed(t, "-demo")).Output()
	want, readErr := os.ReadFile("../examples/chat/types.d.ts")
	if err := errors.Join(err, readErr); err != nil || string(out) != string(want) {
		t.Errorf("%v\n%s", err, out)
	}
}
