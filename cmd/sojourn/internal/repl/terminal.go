package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// Terminal talks with a person, until he quits, the conversation ends, or the process is told to. Ctrl-C drops what was typed, or what a command waits for;
// therefore ctx does not end it.
func Terminal(ctx context.Context, o Options, in, out *os.File) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	interrupts := make(chan os.Signal, 1) // those that come when no command waits
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	t := newTerminal(struct {
		io.Reader
		io.Writer
	}{in, out})
	t.raw = func() (func(), error) {
		old, err := term.MakeRaw(int(in.Fd()))
		return func() { _ = term.Restore(int(in.Fd()), old) }, err
	}
	t.size = func() (width, height int, err error) { return term.GetSize(int(out.Fd())) }
	defer t.close()
	return converse(ctx, o, t)
}

// converse is Terminal for any terminal.
func converse(ctx context.Context, o Options, t *terminal) error {
	s := newSession(o, t, t)
	h, err := openHistory(o.History, o.Secrets)
	defer h.close()
	if err != nil {
		s.out.say("# commands are not remembered: " + err.Error())
	}
	for _, command := range h.commands {
		if word, topic := cut(command); topic != "" && (word == "subscribe" || word == "watch") {
			s.seen[topic] = true
		}
	}
	t.History, t.AutoCompleteCallback = h, s.tab
	s.interruptible = func(parent context.Context) (context.Context, context.CancelFunc) {
		ctx, stop := signal.NotifyContext(parent, os.Interrupt)
		return ctx, func() {
			if ctx.Err() != nil && parent.Err() == nil {
				s.out.say("") // the terminal has shown ^C
			}
			stop()
		}
	}
	return s.talk(ctx, s.greet, func(ctx context.Context) error {
		err := s.command(ctx)
		if forgot := h.remember(strings.Join(s.in.typed, " ")); forgot != nil {
			s.out.say("# not remembered: " + forgot.Error())
		}
		return err
	})
}

// greet says where one is, and asks what there is, for completion.
func (s *session) greet(ctx context.Context) {
	_ = s.status(ctx, "")
	s.out.say("# help lists the commands, Tab completes")
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	s.described, _ = s.c.Discover(ctx) // a server need not tell
}

// terminal reads lines that a person types. It is in raw mode while it does, so that Ctrl-C is a signal while a command runs.
type terminal struct {
	*term.Terminal
	w    io.Writer
	raw  func() (restore func(), err error)
	size func() (width, height int, err error)

	mu      sync.Mutex
	restore func() // set while it is raw
	closed  bool
}

func newTerminal(rw io.ReadWriter) *terminal {
	return &terminal{
		Terminal: term.NewTerminal(&keys{ReadWriter: rw}, prompt), w: rw,
		raw:  func() (func(), error) { return func() {}, nil },
		size: func() (int, int, error) { return 0, 0, errors.New("unknown") },
	}
}

func (t *terminal) ReadLine(prompt string) (string, error) {
	if err := t.enter(); err != nil {
		return "", err
	}
	defer t.leave()
	if width, height, err := t.size(); err == nil && width > 0 { // some do not know theirs
		_ = t.SetSize(width, height) // its error is the writer's, which the next line meets
	}
	t.SetPrompt(prompt)
	line, err := t.Terminal.ReadLine()
	switch {
	case errors.Is(err, io.EOF):
		_, _ = io.WriteString(t.w, "\r\n")
	case err == nil && line == interruption:
		return "", errInterrupted
	}
	return line, err
}

// enter goes into raw mode, unless nobody will leave it again.
func (t *terminal) enter() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return io.EOF
	}
	restore, err := t.raw()
	if err == nil {
		t.restore = restore
	}
	return err
}

func (t *terminal) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaveLocked()
}

func (t *terminal) leaveLocked() {
	if t.restore != nil {
		t.restore()
		t.restore = nil
	}
}

// close leaves the line that is being read, which may be for ever.
func (t *terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restore != nil {
		_, _ = io.WriteString(t.w, "\r\n")
	}
	t.leaveLocked()
	t.closed = true
}

const (
	ctrlC        = "\x03"
	endOfLine    = "\x05" // Ctrl-E
	deleteBefore = "\x15" // Ctrl-U
	interruption = "^C"
)

// keys makes of Ctrl-C, which would be the end of the input, a line of its own.
type keys struct {
	io.ReadWriter
	read []byte
}

func (k *keys) Read(p []byte) (int, error) {
	if len(k.read) == 0 {
		var buf [256]byte
		n, err := k.ReadWriter.Read(buf[:])
		if n == 0 {
			return 0, err
		}
		k.read = bytes.ReplaceAll(buf[:n], []byte(ctrlC), []byte(endOfLine+deleteBefore+interruption+"\r"))
	}
	n := copy(p, k.read)
	k.read = k.read[n:]
	return n, nil
}
