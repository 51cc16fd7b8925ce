package session_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// refusing is a switchboard, and its links, that refuse what they are asked for.
type refusing struct{ open, pull, push error }

func (f *refusing) Open(*http.Request, []byte, transports.Carrier) (transports.Link, error) {
	return f, f.open
}
func (f *refusing) Post(*http.Request, [][]byte) ([][]byte, error) { return nil, f.push }
func (f *refusing) Push(context.Context, []byte) error             { return f.push }
func (f *refusing) Take(frames [][]byte) ([][]byte, error)         { return frames, nil }
func (f *refusing) Close()                                         {}

func (f *refusing) Pull(ctx context.Context) ([][]byte, error) {
	if f.pull != nil {
		return [][]byte{[]byte("e1.a,last")}, f.pull
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

var errFull = &protocol.Close{Code: protocol.CodeFull}

func refuses(t *testing.T, f *refusing, test func(*world)) {
	inWorld(t, session.Config{Board: f}, nil, test)
}

func TestWhyALinkFailsIsTold(t *testing.T) {
	for _, once := range []bool{true, false} {
		refuses(t, &refusing{pull: errFull}, func(w *world) {
			r, err := w.a.Open(request(w.Context()), sid, &session.Carrier{Once: once})
			w.must(err)
			w.must(w.say(w.b, (&client{}).hello()))
			synctest.Wait()
			b, err := r.Next(w.Context())
			w.must(err)
			told := strings.Join(texts(b), "\n")
			if !strings.HasPrefix(told, "e1.a,last\n"+string(errFull.Append(nil))) || b.End == nil {
				t.Errorf("once %v: told %q", once, told)
			}
		})
	}
}

func TestWhyAPushFailsIsTold(t *testing.T) {
	refuses(t, &refusing{push: errFull}, func(w *world) {
		r, err := w.a.Direct(request(w.Context()), onWebSocket)
		w.must(err)
		w.must(r.Deliver(w.Context(), []session.Message{message((&client{}).hello())}))
		if err := r.Deliver(w.Context(), []session.Message{message(frames("C1,m"))}); !errors.Is(err, errFull) {
			t.Errorf("the error is %v", err)
		}
		b, err := r.Next(w.Context())
		w.must(err)
		if told := texts(b); len(told) != 2 || told[0] != string(errFull.Append(nil)) {
			t.Errorf("told %q", told)
		}
	})
}

func TestAHelloThatIsTooLargeIsNone(t *testing.T) {
	refuses(t, &refusing{open: errors.New("it is opened")}, func(w *world) {
		w.open(w.a)
		w.must(w.say(w.b, `H{"v":1}`+strings.Repeat(" ", 65<<10)))
		w.begins(w.polled(w.a), "z4007")
	})
}

// What a line that says whose frames they are stands before, does not count.
func TestAsManyFramesPassAsMay(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		w.open(w.a)
		w.must(w.say(w.a, (&client{}).hello()))
		w.begins(w.polled(w.a), "h{", "")
		w.must(w.say(w.b, frames(strings.Split(strings.Repeat("C1,echo|1\n", 256), "\n")[:256]...)))
		w.begins(w.polled(w.a), "a1")
		w.must(w.say(w.b, frames(strings.Split(strings.Repeat("C1,echo|1\n", 257), "\n")[:257]...)))
		w.begins(w.polled(w.a), "z")
	})
}

func TestAHelloThatIsNoTextIsMalformed(t *testing.T) {
	refuses(t, &refusing{}, func(w *world) {
		w.open(w.a)
		w.must(w.say(w.b, "H{\"key\":\"\xff\"}"))
		if told := w.polled(w.a); len(told) == 0 || !strings.HasPrefix(told[0], string((&protocol.Close{Code: protocol.CodeMalformed}).Append(nil))) {
			t.Errorf("told %q", told)
		}
	})
}
