package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// transcript is a session as a terminal shows it. It types what stands behind prompts, each when everything before has been printed.
type transcript struct {
	ctx   context.Context
	lines []string // what is still to be typed and printed
	mu    sync.Mutex
	due   int // lines that are to be printed before the next is typed
	shown bytes.Buffer
	more  chan struct{} // holds one when something was printed
}

func newTranscript(ctx context.Context, text string) *transcript {
	return &transcript{ctx: ctx, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n"), more: make(chan struct{}, 1)}
}

func (tr *transcript) ReadLine(prompt string) (string, error) {
	due := 0
	for len(tr.lines) > 0 && !strings.HasPrefix(tr.lines[0], prompt) {
		tr.lines = tr.lines[1:]
		due++
	}
	if err := tr.await(due); err != nil {
		return "", err
	}
	if len(tr.lines) == 0 {
		return "", io.EOF
	}
	line := tr.lines[0]
	tr.lines = tr.lines[1:]
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.shown.WriteString(line + "\n")
	return strings.TrimPrefix(line, prompt), nil
}

// await waits until so many more lines have been printed.
func (tr *transcript) await(lines int) error {
	tr.mu.Lock()
	tr.due += lines
	tr.mu.Unlock()
	for {
		tr.mu.Lock()
		over := tr.due <= 0
		tr.mu.Unlock()
		if over {
			return nil
		}
		select {
		case <-tr.more:
		case <-tr.ctx.Done():
			return tr.ctx.Err()
		}
	}
}

func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.due -= bytes.Count(p, []byte("\n"))
	select {
	case tr.more <- struct{}{}:
	default:
	}
	return tr.shown.Write(p)
}

// What is another one at each run.
var (
	times   = regexp.MustCompile(`\b\d+(\.\d)? m?s\b`)
	sockets = regexp.MustCompile(`socket [\w-]{16,}`)
	urls    = regexp.MustCompile(`http://[^ ,]+`)
)

func plain(text string) string {
	text = times.ReplaceAllString(text, "TIME")
	text = sockets.ReplaceAllString(text, "socket ID")
	return urls.ReplaceAllString(text, "URL")
}

// rehearse runs a session, which must print what the transcript says.
func rehearse(t *testing.T, o Options, text string) {
	t.Helper()
	perform(t, o, text, func(*session) {})
}

// perform is rehearse with a session that is prepared.
func perform(t *testing.T, o Options, text string, prepare func(*session)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // for a session that hangs
	defer cancel()
	tr := newTranscript(ctx, text)
	s := newSession(o, tr, tr)
	prepare(s)
	if err := s.script(ctx); err != nil && !errors.Is(err, ErrFailed) && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got, want := plain(tr.shown.String()), plain(text); got != want {
		t.Errorf("the session is\n%s\nwant\n%s", got, want)
	}
}

func TestSession(t *testing.T) {
	text, err := os.ReadFile("testdata/session.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			rehearse(t, serve(t, transport), strings.ReplaceAll(string(text), ", TRANSPORT,", ", "+transport+","))
		})
	}
}

func TestInterruptEndsWhatACommandWaitsFor(t *testing.T) {
	perform(t, serve(t, "ws"), `> wait nothing
! interrupted
> chat.enter {"Room":"lobby"}
{"Guests":1}
# ok, 1.0 ms
`, func(s *session) {
		n := 0
		s.interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			if n++; n == 1 {
				cancel(errInterrupted)
			}
			return ctx, func() { cancel(nil) }
		}
	})
}

// The session with a shop in the documentation is one; that with the chat is e2e's.
func TestDocumentedSession(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/repl.md")
	if err != nil {
		t.Fatal(err)
	}
	const first = "> shop.order"
	_, session, _ := strings.Cut(string(text), "```text\n"+first)
	session, _, ok := strings.Cut(session, "```\n")
	if !ok {
		t.Fatal("there is no such session in docs/repl.md")
	}
	rehearse(t, serve(t, "ws"), first+session)
}
