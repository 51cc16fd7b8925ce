package session_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

const key = "AAAAAAAAAAAAAAAAAAAAAA"

// client is what a client of the switchboard says. Each hello is the next attach.
type client struct {
	attach uint64
	cursor *protocol.Cursor
}

func (c *client) hello() string {
	c.attach++
	return string(protocol.HelloUp{Version: protocol.Version, Key: key, Attach: c.attach, Cursor: c.cursor}.Append(nil))
}

func frames(lines ...string) string {
	return string(protocol.HelloPost{Key: key, Tries: 1}.Append(nil)) + "\n" + strings.Join(lines, "\n")
}

// echo is a switchboard that two instances share.
func echo() *transports.Local {
	return transports.NewLocal(func(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil })
}

// inBoard runs a test of sessions that serve a switchboard.
func inBoard(t *testing.T, test func(*world, *transports.Local)) {
	board := echo()
	inWorld(t, session.Config{Board: board}, nil, func(w *world) { test(w, board) })
}

// begins checks that lines begin so, one by one.
func (w *world) begins(lines []string, with ...string) {
	w.Helper()
	if len(lines) != len(with) {
		w.Fatalf("got %q, want what begins with %q", lines, with)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, with[i]) || with[i] == "" && line != "" {
			w.Fatalf("got %q, want what begins with %q", lines, with)
		}
	}
}

func TestAHelloFindsWhoReceives(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		var c client
		w.open(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, 15*time.Second) })
		synctest.Wait()
		w.must(w.say(w.b, c.hello()))
		b, err := poll.wait()
		w.must(err)
		w.begins(texts(b), `h{"id"`, "") // the hello, and that the next is due
		w.must(w.say(w.b, frames("C1,echo|x")))
		w.begins(w.polled(w.a), "a1") // an answer to the post itself needs no hello
		c.cursor = &protocol.Cursor{}
		w.must(w.say(w.a, c.hello()))
		w.begins(w.polled(w.b), "h{", "")
	})
}

func TestNobodyReadsAHelloInTheStore(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		w.open(w.a)
		w.must(w.say(w.b, (&client{}).hello()))
		if got := w.stream(); got == "" || got[0] != 'h' || strings.Contains(got, key) {
			t.Errorf("the stream has %q", got)
		}
	})
}

func TestTheLastHelloCounts(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		var c client
		w.open(w.a)
		w.must(w.say(w.b, c.hello(), c.hello()))
		w.begins(w.polled(w.a), "h{", "")
		_, err := w.poll(w.a, time.Second)
		w.is(err, context.DeadlineExceeded)
	})
}

func TestAHelloThatComesWhileALinkWaitsIsForTheNextPoll(t *testing.T) {
	inBoard(t, func(w *world, board *transports.Local) {
		var c client
		w.open(w.a)
		w.must(w.say(w.b, c.hello()))
		w.begins(w.polled(w.a), "h{", "")
		w.must(board.Send(protocol.CredentialOf(key).Socket, "news", protocol.Payload("|1")))
		w.must(w.say(w.b, c.hello()))
		b := w.polled(w.a)
		w.begins(b, "h{", "")
		last, err := protocol.ParseFrame([]byte(b[0][strings.LastIndexByte(b[0], '\n')+1:]))
		w.must(err)
		at, err := last.Cursor(0)
		w.must(err)

		c.cursor = &at
		w.must(w.say(w.b, c.hello()))
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, 15*time.Second) })
		synctest.Wait() // its link has nothing to say
		w.must(w.say(w.b, c.hello()))
		waiting, err := poll.wait()
		w.must(err)
		w.begins(texts(waiting), "h{", "")
		w.begins(w.polled(w.a), "h{", "")
	})
}

func TestAStreamsLinkLasts(t *testing.T) {
	inBoard(t, func(w *world, board *transports.Local) {
		var c client
		r, err := w.a.Open(request(w.Context()), sid, &session.Carrier{Heartbeat: time.Second})
		w.must(err)
		w.must(w.say(w.b, c.hello()))
		synctest.Wait()
		b, err := r.Next(w.Context())
		w.must(err)
		w.begins(texts(b), "h{")
		socket := protocol.CredentialOf(key).Socket
		for range 3 {
			next := begin(func() (session.Batch, error) { return r.Next(w.Context()) })
			synctest.Wait()
			w.must(board.Send(socket, "news", protocol.Payload("|\"x\"")))
			b, err = next.wait()
			w.must(err)
			w.begins(texts(b), "e")
		}
		next := begin(func() (session.Batch, error) { return r.Next(w.Context()) })
		synctest.Wait()
		w.must(w.say(w.b, frames("V,m|x", "C2,echo|x"))) // a gap: answered
		b, err = next.wait()
		w.must(err)
		w.begins(texts(b), "g1")
		b, err = r.Leave(w.Context())
		w.must(err)
		w.begins(texts(b), "")
	})
}

func TestAnUpgradedWebSocketOpensItsOwnLink(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		var c client
		w.open(w.a)
		w.must(w.say(w.a, c.hello()))
		w.begins(w.polled(w.a), "h{", "")
		r, err := w.b.Receive(request(w.Context()), sid, onWebSocket)
		w.must(err)
		defer r.Broken()
		checkWebSocket(w, r, &c)
	})
}

func TestAWebSocketOfItsOwnNeedsNoRecord(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		var c client
		r, err := w.b.Direct(request(w.Context()), onWebSocket)
		w.must(err)
		defer r.Broken()
		checkWebSocket(w, r, &c)
		_, err = w.a.Look(w.Context(), "")
		w.is(err, session.ErrUnknown)
	})
}

// checkWebSocket says a hello and calls, over a websocket.
func checkWebSocket(w *world, r *session.Receiver, c *client) {
	w.Helper()
	w.must(r.Deliver(w.Context(), []session.Message{message(frames("C1,echo|early"))})) // before the hello: as a post
	b, err := r.Next(w.Context())
	w.must(err)
	w.begins(texts(b)[:1], map[bool]string{true: "a1", false: "z4004"}[c.attach > 0])
	w.must(r.Deliver(w.Context(), []session.Message{message(c.hello())}))
	b, err = r.Next(w.Context())
	w.must(err)
	w.begins(texts(b)[:1], "h{")
	next := begin(func() (session.Batch, error) { return r.Next(w.Context()) })
	synctest.Wait()
	n := "1"
	if c.attach > 1 {
		n = "2"
	}
	w.must(r.Deliver(w.Context(), []session.Message{message(frames("C" + n + ",echo|x"))}))
	b, err = next.wait()
	w.must(err)
	if got := strings.Join(texts(b), "\n"); !strings.Contains(got, "|x") {
		w.Fatalf("got %q, want the answer", got)
	}
}

func TestARefusedHelloEndsTheSession(t *testing.T) {
	inBoard(t, func(w *world, board *transports.Local) {
		w.open(w.a)
		w.must(w.say(w.b, "H{}"))
		w.begins(w.polled(w.a), "z4", "end 0")
		if _, err := w.poll(w.a, time.Second); err == nil {
			t.Error("the session goes on")
		}
	})
}

// host is a switchboard that lets nobody in, or is being shut down.
type host struct {
	*transports.Local
	refused error
	drained chan struct{}
}

func (*host) Store() store.Store          { return nil }
func (h *host) Admit(*http.Request) error { return h.refused }
func (h *host) Drained() <-chan struct{}  { return h.drained }

func TestTheSwitchboardAdmits(t *testing.T) {
	refused := &protocol.Close{Code: protocol.CodeCrowded}
	inWorld(t, session.Config{Board: &host{Local: echo(), refused: refused}}, nil, func(w *world) {
		_, err := w.a.Open(request(w.Context()), sid, nil)
		w.is(err, refused)
		_, err = w.a.Direct(request(w.Context()), onWebSocket)
		w.is(err, refused)
	})
}

func TestWhoWaitsWhileTheSwitchboardIsDrainedComesAgain(t *testing.T) {
	board := &host{Local: echo()}
	inWorld(t, session.Config{Board: board}, nil, func(w *world) {
		board.drained = make(chan struct{})
		w.open(w.a)
		poll := begin(func() (session.Batch, error) { return w.poll(w.a, 15*time.Second) })
		time.Sleep(time.Second)
		close(board.drained)
		_, err := poll.wait()
		w.is(err, session.ErrClosed)
		board.drained = nil // at another instance, as it were
		var c client
		w.must(w.say(w.b, c.hello()))
		w.begins(w.polled(w.b), "h{", "")
	})
}

// A switchboard that has no store does not look after the sessions' own.
func TestSessionsOfASwitchboardWithoutAStoreEnd(t *testing.T) {
	inBoard(t, func(w *world, _ *transports.Local) {
		w.open(w.a)
		time.Sleep(time.Minute)
		synctest.Wait()
		_, err := w.b.Look(w.Context(), sid)
		w.is(err, session.ErrUnknown)
	})
}
