package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"testing"
)

// python returns a command of the Python client's folder.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		missing(t, "no python3 on this machine; on Debian: apt-get install python3")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = "python"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// What the Python client knows of the protocol, without a connection: frames, merge patches, when a message is settled.
func TestPythonConversation(t *testing.T) {
	t.Parallel()
	if out, err := python(t, "-m", "unittest").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// talk is python/talk.py, or clients/talk.js, as it runs.
type talk struct {
	t        *testing.T
	commands io.WriteCloser
	lines    *bufio.Scanner
	errors   bytes.Buffer
	end      func() error
}

func startTalk(t *testing.T, cmd *exec.Cmd) *talk {
	t.Helper()
	p := &talk{t: t, end: cmd.Wait}
	cmd.Stderr = &p.errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if p.commands, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		p.end()
		if t.Failed() {
			t.Logf("%s:\n%s", cmd.Args[1:], p.errors.String())
		}
	})
	return p
}

func (p *talk) say(command string, a ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.commands, command+"\n", a...); err != nil {
		p.t.Fatal(err)
	}
}

// line returns the next line that it prints.
func (p *talk) line() []byte {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the client prints no more: %v", p.lines.Err())
	}
	return p.lines.Bytes()
}

// seen is all that it has been told, in the order in which it was.
type seen struct {
	Answers []int          `json:"answers"` // of the diary: how many entries there are with this one
	Entries []string       `json:"entries"` // of the page, but for the moods: "1"
	Moods   []string       `json:"moods"`   // of the page: its answers to questions
	Noted   []string       `json:"noted"`   // events
	Count   map[string]int `json:"count"`   // the state, in the end
	Lost    []string       `json:"lost"`
	Failed  []string       `json:"failed"`
	Build   string         `json:"build"` // the answer to a volatile call
	End     string         `json:"end"`
}

func (p *talk) prints(want string) {
	p.t.Helper()
	if got := string(p.line()); got != want {
		p.t.Fatalf("the client prints %s, want %s", got, want)
	}
}

func (p *talk) report() (s seen) {
	p.t.Helper()
	p.say("end")
	if err := json.Unmarshal(p.line(), &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

// agrees ends the talk of n entries, and fails if something of it is missing, repeated or in another order.
func (p *talk) agrees(page string, n int) {
	p.t.Helper()
	got, want := p.report(), seen{
		Entries: numbers(n), Noted: numbers(n), Count: map[string]int{page: n, "mood": n / 5},
		Failed: []string{"not_found"}, Lost: []string{}, Build: "1", End: "closed",
	}
	for i := range n {
		want.Answers = append(want.Answers, i+1)
		if (i+1)%5 == 0 {
			want.Moods = append(want.Moods, fmt.Sprintf("%d!", i+1))
		}
	}
	if !reflect.DeepEqual(got, want) {
		p.t.Errorf("the client of page %s saw\n%+v, want\n%+v", page, got, want)
	}
}

// A client that was written from docs/protocol.md alone talks to a program whose instances are killed. Nothing is missing, nothing is repeated.
func TestPythonClient(t *testing.T) {
	t.Parallel()
	const n = 60
	d := startDiary(t, "1", "1", "1")
	p := startTalk(t, python(t, "talk.py", d.URL+"/rt"))
	p.say("talk %d", n)
	for i := range n {
		if i%15 == 10 {
			d.kill(d.running[0])
			d.add("1")
		}
		p.prints(fmt.Sprint(i + 1))
	}
	p.agrees("python", n)
}

// When the store has forgotten everything the client begins anew, and says so. What it says then takes effect once.
func TestPythonClientAnew(t *testing.T) {
	t.Parallel()
	d := startDiary(t, "1", "1")
	p := startTalk(t, python(t, "talk.py", d.URL+"/rt"))
	p.say("talk 3")
	for _, answer := range []string{"1", "2", "3"} {
		p.prints(answer)
	}
	d.redis.Stop()
	if err := d.redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for string(p.line()) != `"gone"` { // a connection may notice of the page first
	}
	p.prints(`"page gone"`)
	p.say("talk 2")
	p.prints("1")
	p.prints("2")
	got := p.report()
	want := seen{
		Answers: []int{1, 2, 3, 1, 2}, Entries: numbers(5), Noted: numbers(5), Moods: []string{"5!"},
		Count: map[string]int{"python": 2, "mood": 1}, Lost: got.Lost,
		Failed: []string{"not_found"}, Build: "1", End: "closed",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the client saw\n%+v, want\n%+v", got, want)
	}
}
