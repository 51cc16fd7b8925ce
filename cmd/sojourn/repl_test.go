package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func talkTo(t *testing.T, commands string, args ...string) (out, said string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), &console{strings.NewReader(commands), &stdout, &stderr}, append([]string{"repl"}, args...))
	return stdout.String(), stderr.String(), status
}

func TestREPLReadsCommands(t *testing.T) {
	url := serve(t, true)
	for _, as := range [][]string{{"-bearer", "ann"}, {"-header", "X-User: ann"}} {
		for _, transport := range []string{"ws", "sse", "longpoll"} {
			args := append(append([]string{"-transports", transport}, as...), url)
			out, said, status := talkTo(t, "chat.mark \"open\"\nstatus\n", args...)
			if status != 0 || said != "" || !strings.HasPrefix(out, "# ok, ") || !strings.Contains(out, url+", "+transport+", socket ") {
				t.Errorf("%v: %d, %s\n%s", args, status, said, out)
			}
		}
	}
}

func TestREPLFails(t *testing.T) {
	url := serve(t, true)
	out, said, status := talkTo(t, "chat.nothing\n", "-bearer", "ann", url)
	if status != 1 || said != "sojourn repl: a command failed\n" || !strings.HasPrefix(out, "! not_found: ") {
		t.Errorf("%d, %q, %q", status, said, out)
	}
	out, said, status = talkTo(t, "status\n", "-bearer", "bob", url)
	if status != 1 || !strings.HasPrefix(said, "sojourn repl: client: ") || out != "" {
		t.Errorf("who may not come in: %d, %q, %q", status, said, out)
	}
}

func TestCredentialsAreSecrets(t *testing.T) {
	d := dialing{bearer: "token", header: map[string][]string{"Cookie": {"a=1", "b=2"}}}
	if got, want := d.secrets(), []string{"token", "a=1", "b=2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
