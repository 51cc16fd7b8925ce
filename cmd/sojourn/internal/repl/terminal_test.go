package repl

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is a terminal in memory: what is typed, and what it is sent.
type screen struct {
	io.Reader
	mu   sync.Mutex
	sent bytes.Buffer
	more chan struct{} // holds one when something was sent
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.sent.Write(p)
}

// person types at a terminal, and reads.
type person struct {
	t      *testing.T
	ctx    context.Context
	keys   *io.PipeWriter
	screen *screen
	ended  chan error
}

// sit begins a session at a terminal.
func sit(t *testing.T, o Options) *person {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // for a session that hangs
	t.Cleanup(cancel)
	r, w := io.Pipe()
	p := &person{t, ctx, w, &screen{Reader: r, more: make(chan struct{}, 1)}, make(chan error, 1)}
	go func() { p.ended <- converse(ctx, o, newTerminal(p.screen)) }()
	t.Cleanup(func() { w.Close() })
	p.sees("# help lists the commands, Tab completes\r\n> ")
	return p
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, keys); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits until something is on the screen, after what was seen before.
func (p *person) sees(what string) {
	p.t.Helper()
	for {
		p.screen.mu.Lock()
		_, after, found := strings.Cut(p.screen.sent.String(), what)
		if found {
			p.screen.sent.Reset()
			p.screen.sent.WriteString(after)
		}
		p.screen.mu.Unlock()
		if found {
			return
		}
		select {
		case <-p.screen.more:
		case <-p.ctx.Done():
			p.t.Fatalf("there is no %q on the screen, but %q", what, p.screen.sent.String())
		}
	}
}

func (p *person) leaves(keys string) {
	p.t.Helper()
	p.types(keys)
	if err := <-p.ended; err != nil {
		p.t.Error(err)
	}
}

const (
	up    = "\x1b[A"
	ctrlD = "\x04"
)

func TestTerminalSession(t *testing.T) {
	p := sit(t, serve(t, "ws"))
	p.types("chat.en\t{\"Room\":\"lobby\",\r")
	p.sees("chat.enter ")
	p.sees("... ")
	p.types("\t\"Name\":\"ann\"}\r")
	p.sees("{\"Guests\":1}\r\n# ok, ")
	p.sees("> ")
	p.types(up) // brings the whole command back
	p.sees(`chat.enter {"Room":"lobby", "Name":"ann"}`)
	p.types("\r")
	p.sees("{\"Guests\":1}\r\n# ok, ")
	p.leaves("quit\r")
}

// What comes while somebody types stands above of what he types.
func TestNewsAreNotInTheMiddleOfWhatIsTyped(t *testing.T) {
	o := serve(t, "ws")
	p := sit(t, o)
	p.types("subscribe room/lobby\r")
	p.sees("# ok, ")
	p.sees("> ")
	p.types("chat.ty")
	p.sees("chat.ty")
	if _, err := run(t, o, `chat.say {"Text":"hi"}`); err != nil {
		t.Fatal(err)
	}
	p.sees(`< room/lobby {"From":"","Text":"hi"}` + "\r\n> chat.ty")
	p.leaves("\x15quit\r")
}

func TestCtrlCDropsWhatIsTyped(t *testing.T) {
	p := sit(t, serve(t, "ws"))
	p.types("chat.say {\"Text\":\"no\"}\x03")
	p.sees("^C\r\n> ")
	p.types("chat.say {\"Text\":\r")
	p.sees("... ")
	p.types("\"no\"\x03")
	p.sees("! interrupted\r\n> ")
	p.types("chat.enter {\"Room\":\"lobby\"}\r")
	p.sees("{\"Guests\":1}")
	p.leaves(ctrlD)
}

func TestCtrlDIsTheEnd(t *testing.T) {
	p := sit(t, serve(t, "ws"))
	p.leaves(ctrlD)
	p.sees("\r\n")
}

func TestTopicsOfTheHistoryAreCompleted(t *testing.T) {
	o := serve(t, "ws")
	o.History = filepath.Join(t.TempDir(), "history")
	p := sit(t, o)
	p.types("subscribe room/lobby\r")
	p.sees("# ok, ")
	p.leaves("quit\r")
	p = sit(t, o)
	p.types("subscribe room/l\t")
	p.sees("obby ")
	p.leaves("\r quit\r")
	text, err := os.ReadFile(o.History)
	if want := "subscribe room/lobby\nquit\nsubscribe room/lobby\n"; err != nil || string(text) != want {
		t.Errorf("the history is %q, want %q; %v", text, want, err)
	}
}

// A terminal in raw mode would be of no use to the shell.
func TestRawModeIsLeft(t *testing.T) {
	r, w := io.Pipe()
	raw := 0
	entered := make(chan struct{}, 1)
	term := newTerminal(&screen{Reader: r, more: make(chan struct{}, 1)})
	term.raw = func() (func(), error) {
		raw++
		entered <- struct{}{}
		return func() { raw-- }, nil
	}
	go func() { _, _ = io.WriteString(w, "a line\r") }()
	if line, err := term.ReadLine(prompt); line != "a line" || err != nil || raw != 0 {
		t.Errorf("%q, %v; raw %d times", line, err, raw)
	}
	<-entered
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		_, _ = term.ReadLine(prompt)
	}()
	<-entered
	term.close() // in the middle of a line
	if raw != 0 {
		t.Errorf("raw %d times after the end", raw)
	}
	w.Close()
	<-reading
	if _, err := term.ReadLine(prompt); err != io.EOF || len(entered) > 0 {
		t.Errorf("%v; raw %d times: nobody would leave it", err, len(entered))
	}
}
