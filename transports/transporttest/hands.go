package transporttest

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// bench is what a check works with: the server, its switchboard, and a client's hands.
type bench struct {
	Subject
	t      *testing.T
	board  *board
	server *Server
}

var hello = []byte(`H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`)

func newBench(t *testing.T, s Subject) *bench {
	b := &bench{Subject: s, t: t, board: newBoard(t)}
	t.Cleanup(b.afterwards)
	b.server = Serve(t, b.board, s.Transport)
	return b
}

// afterwards checks what must hold whatever happened, once all connections are broken off.
func (b *bench) afterwards() {
	if n := b.server.active.Load(); n != 0 {
		b.t.Errorf("%d requests are still being served after their clients are gone", n)
	}
	for _, k := range b.board.all {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.closes != 1 {
			b.t.Errorf("Close was called %d times on a link, want once", k.closes)
		}
	}
}

// dial makes a connection that is broken off when the check is over.
func (b *bench) dial() (Conn, *link) {
	b.t.Helper()
	c, err := b.Dial(b.t.Context(), b.server, hello)
	if err != nil {
		b.t.Fatalf("Dial: %v", err)
	}
	b.t.Cleanup(func() { c.Close() })
	synctest.Wait()
	select {
	case k := <-b.board.links:
		return c, k
	default:
		b.t.Fatal("Open was not called")
		return nil, nil
	}
}

// dialError returns how a connection that must be refused ends.
func (b *bench) dialError(hello []byte) error {
	b.t.Helper()
	c, err := b.Dial(b.t.Context(), b.server, hello)
	if err == nil {
		defer c.Close()
		err = b.ending(c)
	}
	select {
	case <-b.board.links:
		b.t.Error("a link was opened for a connection that is to be refused")
	default:
	}
	return err
}

func (b *bench) refused(hello []byte, want protocol.Code) {
	b.t.Helper()
	if code := codeOf(b.dialError(hello)); code != want {
		b.t.Errorf("refused with %v, want %v", code, want)
	}
}

func (b *bench) send(c Conn, frames ...[]byte) {
	b.t.Helper()
	if err := c.Send(frames...); err != nil {
		b.t.Fatalf("Send: %v", err)
	}
}

// sendUntilEnd sends what must end the connection, or be refused, and returns the code. The connection is read
// meanwhile: a pipe has no buffer.
func (b *bench) sendUntilEnd(c Conn, frames ...[]byte) protocol.Code {
	b.t.Helper()
	sent, ended := make(chan error, 1), make(chan error, 1)
	go func() { sent <- c.Send(frames...) }()
	go func() { ended <- b.ending(c) }()
	for {
		select {
		case err := <-sent:
			if code := codeOf(err); code != 0 {
				c.Close()
				<-ended
				return code
			}
			sent = nil
		case err := <-ended:
			c.Close()
			return codeOf(err)
		}
	}
}

// expect receives exactly these frames.
func (b *bench) expect(c Conn, want ...string) {
	b.t.Helper()
	for len(want) > 0 {
		frames, err := c.Receive()
		for _, f := range frames {
			if len(want) == 0 || string(f) != want[0] {
				b.t.Fatalf("received %.80q, want %.80q", f, want)
			}
			want = want[1:]
		}
		if err != nil && len(want) > 0 {
			b.t.Fatalf("received the end (%v), want %.80q", err, want)
		}
	}
}

// receiveAnswering receives the next frames that are not pings, which it answers.
func (b *bench) receiveAnswering(c Conn) [][]byte {
	b.t.Helper()
	for {
		frames, err := c.Receive()
		if err != nil {
			b.t.Fatalf("Receive: %v", err)
		}
		if string(frames[0]) != "p" {
			return frames
		}
		b.send(c, []byte("A1.a"))
	}
}

// ending reads until the connection has ended.
func (b *bench) ending(c Conn) error {
	for {
		if _, err := c.Receive(); err != nil {
			return err
		}
	}
}

// cutOff lets the write timeout pass, after which the one client that is left must be gone.
func (b *bench) cutOff() {
	b.t.Helper()
	if n := b.held(); n != 1 {
		b.t.Fatalf("%d connections are held, want that of the slow client alone: the check is broken", n)
	}
	b.pass(b.WriteTimeout + 2*time.Second)
	if b.held() != 0 {
		b.t.Error("a client that does not read was not cut off")
	}
}

// held returns how many connections the transport holds: a poll's link is closed before it is answered, and a WebSocket outlives its request.
func (b *bench) held() int { return max(int(b.server.active.Load()), b.board.open()) }

func (b *bench) endsWell(c Conn) {
	b.t.Helper()
	if err := b.ending(c); !errors.Is(err, io.EOF) && codeOf(err) != protocol.CodeMove {
		b.t.Errorf("the connection ended with %v, want an orderly end", err)
	}
}

// told checks that the client was told what the switchboard said.
func (b *bench) told(err error, want protocol.Close) {
	b.t.Helper()
	got, ok := errors.AsType[*protocol.Close](err)
	if !ok {
		b.t.Errorf("the client was told %v, want %v", err, &want)
		return
	}
	same := got.In == nil && want.In == nil || got.In != nil && want.In != nil && *got.In == *want.In
	if got.Code != want.Code || got.Why != want.Why || !same {
		b.t.Errorf("the client was told %q, want %q", got.Append(nil), want.Append(nil))
	}
}

// arrived returns the next frame that came up.
func (b *bench) arrived() string {
	b.t.Helper()
	synctest.Wait()
	select {
	case f := <-b.board.up:
		return f
	default:
		b.t.Fatal("no frame came up")
		return ""
	}
}

func (b *bench) nothingArrived() {
	b.t.Helper()
	synctest.Wait()
	select {
	case f := <-b.board.up:
		b.t.Errorf("%.80q came up, want nothing", f)
	default:
	}
}

// pass lets time go by.
func (b *bench) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// codeOf returns the code that err says, 0 if it says none.
func codeOf(err error) protocol.Code {
	if end, ok := errors.AsType[*protocol.Close](err); ok {
		return end.Code
	}
	return 0
}
