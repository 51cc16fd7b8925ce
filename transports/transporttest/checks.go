package transporttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// The first frame that a switchboard sees is the hello as it was sent, and the first that a client sees is the greeting.
func helloFirst(t *testing.T, b *bench) {
	c, k := b.dial()
	if k.hello != string(hello) {
		t.Errorf("Open was given %q, want the hello %q", k.hello, hello)
	}
	if k.request == nil {
		t.Error("Open was given no request")
	}
	if k.carrier.Transport != b.Transport.Name() || k.carrier.Once != b.Once || k.carrier.Heartbeat != b.Heartbeat {
		t.Errorf("Open was given the carrier %+v, want %q, once %v, a heartbeat of %v", k.carrier, b.Transport.Name(), b.Once, b.Heartbeat)
	}
	k.give("e1.a,kit.first")
	b.expect(c, string(greeting), "e1.a,kit.first")
}

// What Pull returns arrives in order, each frame once, whatever the number of frames and Pulls.
func downInOrder(t *testing.T, b *bench) {
	c, k := b.dial()
	want := []string{string(greeting)}
	for i := range 20 {
		var batch []string
		for j := range 1 + 7*i%13 {
			batch = append(batch, fmt.Sprintf(`e%d.a,kit.n|"%s"`, 100*i+j, strings.Repeat("é", j)))
		}
		want = append(want, batch...)
		k.give(batch...)
		if b.Once {
			break
		}
	}
	b.expect(c, want...)
}

// The frames of one Pull leave with one write.
func oneWrite(t *testing.T, b *bench) {
	c, k := b.dial()
	var batch []string
	for i := range 50 {
		batch = append(batch, fmt.Sprintf("e%d.a,kit.n|%d", i+1, i))
	}
	if !b.Once {
		b.expect(c, string(greeting))
	}
	synctest.Wait()
	before := b.server.pipes.writes.Load()
	k.give(batch...)
	if b.Once {
		batch = append([]string{string(greeting)}, batch...)
	}
	b.expect(c, batch...)
	if n := b.server.pipes.writes.Load() - before; n > 1 {
		t.Errorf("%d frames of one Pull left with %d writes", len(batch), n)
	}
}

// A Pull may return more than is written at once.
func largeBatch(t *testing.T, b *bench) {
	c, k := b.dial()
	want := []string{string(greeting)}
	for i := range 40 {
		want = append(want, fmt.Sprintf(`e%d.a,kit.n|"%s"`, i+1, strings.Repeat("x", 1000*i)))
	}
	k.give(want[1:]...)
	b.expect(c, want...)
}

// Frames come up in order, one or several in a message.
func upInOrder(t *testing.T, b *bench) {
	c, k := b.dial()
	var sent []string
	for i := range 30 {
		var message [][]byte
		for j := range 1 + i%4 {
			f := fmt.Sprintf(`C%d,kit.m|"%d é"`, len(sent)+1, j)
			sent = append(sent, f)
			message = append(message, []byte(f))
		}
		b.send(c, message...)
	}
	for _, want := range sent {
		if got := b.arrived(); got != want {
			t.Fatalf("%q came up, want %q", got, want)
		}
	}
	k.give("e1.a,kit.done") // the connection is still good
	b.expect(c, string(greeting), "e1.a,kit.done")
}

// Who sends too fast waits; nothing is refused or lost.
func flood(t *testing.T, b *bench) {
	const n = 5000
	c, _ := b.dial()
	sent := make(chan error, 1)
	go func() {
		for i := 0; i < n; i += 50 {
			var message [][]byte
			for j := range 50 {
				message = append(message, fmt.Appendf(nil, "C%d,kit.m", i+j+1))
			}
			if err := c.Send(message...); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range n {
		select {
		case got := <-b.board.up:
			if want := fmt.Sprintf("C%d,kit.m", i+1); got != want {
				t.Fatalf("of %d frames %q came up, want %q", n, got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d frames came up", i, n)
		}
	}
	if err := <-sent; err != nil {
		t.Errorf("Send: %v", err)
	}
}

// A frame of 65 KiB passes, one that is longer does not reach the switchboard, and the client is told.
func tooBig(t *testing.T, b *bench) {
	const edge = 65 << 10
	c, _ := b.dial()
	b.send(c, bytes.Repeat([]byte("x"), edge))
	if got := b.arrived(); len(got) != edge {
		t.Errorf("a frame of %d bytes came up with %d", edge, len(got))
	}
	for _, frames := range [][]string{
		{strings.Repeat("x", edge+1)},
		{"C1,kit.m|" + strings.Repeat("x", 2<<20)},
		{"C1,kit.m|" + strings.Repeat("x", 300<<10), "C2,kit.m"},
	} {
		c, _ := b.dial()
		if code := b.sendUntilEnd(c, lines(frames)...); code != protocol.CodeTooBig {
			t.Errorf("a message of %d bytes ended with %v, want too_big", len(frames[0]), code)
		}
		b.nothingArrived()
	}
}

// So it is with the number of frames: 256 pass.
func tooMany(t *testing.T, b *bench) {
	c, _ := b.dial()
	b.send(c, slices.Repeat([][]byte{[]byte("C1,kit.m")}, 256)...)
	for range 256 {
		b.arrived()
	}
	for _, line := range []string{"", "p", "C1,kit.m"} {
		c, _ := b.dial()
		if code := b.sendUntilEnd(c, slices.Repeat([][]byte{[]byte(line)}, 100_000)...); code != protocol.CodeTooBig {
			t.Errorf("a message of 100,000 lines of %q ended with %v, want too_big", line, code)
		}
		b.nothingArrived()
	}
}

// A hello over the limit opens nothing.
func helloTooBig(t *testing.T, b *bench) {
	b.refused(append(bytes.Repeat([]byte(" "), 66<<10), hello...), protocol.CodeTooBig)
}

// What is not UTF-8 does not reach the switchboard.
func notUTF8(t *testing.T, b *bench) {
	c, _ := b.dial()
	if code := b.sendUntilEnd(c, []byte("C1,kit.m|\"\xff\"")); code != protocol.CodeMalformed {
		t.Errorf("bytes that are not UTF-8 ended with %v, want malformed", code)
	}
	b.nothingArrived()
	b.refused([]byte("H{\"v\":1,\"key\":\"\xff\"}"), protocol.CodeMalformed)
}

// reasons are errors of a switchboard, and what the client is told.
func reasons() map[error]protocol.Close {
	n := uint64(57)
	r := map[error]protocol.Close{
		errors.New("secret: the store's password is hunter2"): {Code: protocol.CodeUnavailable},
		fmt.Errorf("while testing: %w", protocol.ErrMalformed): {
			Code: protocol.CodeMalformed, Why: "while testing: " + strings.ReplaceAll(protocol.ErrMalformed.Error(), ",", " "),
		},
	}
	for code := protocol.CodeMove; code <= protocol.CodeSilent; code++ {
		end := protocol.Close{Code: code, In: &n, Why: "für kit"}
		r[&end] = end
	}
	return r
}

// If Open fails the client is told why.
func openRefused(t *testing.T, b *bench) {
	for err, want := range reasons() {
		b.board.set(err, nil)
		b.told(b.dialError(hello), want)
	}
}

// If Pull fails the client gets the frames that came with the error, and is told why.
func pullRefused(t *testing.T, b *bench) {
	for err, want := range reasons() {
		c, k := b.dial()
		k.end(err, "e1.a,kit.last")
		b.expect(c, string(greeting), "e1.a,kit.last")
		b.told(b.ending(c), want)
		c.Close()
	}
}

// If Push (or Post) fails the client is told why.
func pushRefused(t *testing.T, b *bench) {
	for err, want := range reasons() {
		c, _ := b.dial()
		b.board.set(nil, err)
		end := c.Send([]byte("C1,kit.m"))
		if end == nil {
			end = b.ending(c)
		}
		b.told(end, want)
		c.Close()
		b.board.set(nil, nil)
	}
}

// After the last frame the connection ends in good order: the client connects again at once.
func endOfFile(t *testing.T, b *bench) {
	c, k := b.dial()
	k.end(io.EOF, "e1.a,kit.last", "m4000")
	b.expect(c, string(greeting), "e1.a,kit.last", "m4000")
	b.endsWell(c)
}

// A message that is being dealt with does not keep a connection that is to end.
func endDuringPush(t *testing.T, b *bench) {
	c, k := b.dial()
	b.board.hang(true)
	go c.Send([]byte("C1,kit.m"))
	synctest.Wait()
	k.end(io.EOF, "m0")
	b.expect(c, string(greeting), "m0")
	b.endsWell(c)
	b.pass(2 * time.Second)
	select {
	case <-k.closed:
	default:
		t.Error("the link is not closed: a Push holds up the end")
	}
}

// When all links end, as in a drain, all connections do, and nothing of them is left though no client hangs up.
func drain(t *testing.T, b *bench) {
	var conns []Conn
	var links []*link
	for range 20 {
		c, k := b.dial()
		conns, links = append(conns, c), append(links, k)
	}
	start := time.Now()
	for _, k := range links {
		k.end(io.EOF, "m0")
	}
	for _, c := range conns {
		b.expect(c, string(greeting), "m0")
		b.endsWell(c)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("the connections ended %v after their links", d)
	}
	b.pass(2 * time.Second)
	if n := b.server.active.Load(); n != 0 {
		t.Errorf("%d requests are still being served after their links have ended", n)
	}
}

// When the client is gone, Pull's context ends and the link is closed.
func clientLeaves(t *testing.T, b *bench) {
	c, k := b.dial()
	if !b.Once {
		b.expect(c, string(greeting))
	}
	synctest.Wait()
	c.Close()
	synctest.Wait()
	select {
	case <-k.closed:
	default:
		t.Error("the link is not closed though its client is gone")
	}
}

// The server's ReadTimeout and WriteTimeout do not end a connection.
func serverTimeouts(t *testing.T, b *bench) {
	c, k := b.dial()
	want := []string{string(greeting), "e1.a,kit.late"}
	if !b.Once {
		b.expect(c, want[0])
		want = want[1:]
	}
	b.pass(16 * time.Second)
	k.give("e1.a,kit.late")
	b.expect(c, want...)
	b.send(c, []byte("C1,kit.m"))
	if got := b.arrived(); got != "C1,kit.m" {
		t.Errorf("%q came up, want what was sent", got)
	}
}

// A page of another origin is refused before the switchboard hears of it.
func foreignOrigin(t *testing.T, b *bench) {
	for _, origin := range []string{"http://elsewhere", "null", "http://kit.elsewhere", "http://kit:8080", ""} {
		b.server.Header = map[string][]string{"Origin": {origin}}
		b.refused(hello, protocol.CodeDenied)
	}
	b.server.Header = map[string][]string{"Origin": {"http://kit"}}
	c, k := b.dial()
	k.give("e1.a,kit.own")
	b.expect(c, string(greeting), "e1.a,kit.own")
}

// much is more than a client that is slow takes in within the write timeout.
func much() []string {
	var frames []string
	for i := range 20 {
		frames = append(frames, fmt.Sprintf(`e%d.a,kit.n|"%s"`, i+1, strings.Repeat("x", 60<<10)))
	}
	return frames
}

// A client that does not read is cut off when the write timeout is over. Meanwhile it holds up nobody, and nothing piles up for it.
func slowClient(t *testing.T, b *bench) {
	slow, k := b.dial()
	k.give(much()...)
	synctest.Wait()
	k.give("e21.a,kit.n")
	c, other := b.dial()
	other.give("e1.a,kit.other")
	b.expect(c, string(greeting), "e1.a,kit.other")
	c.Close()
	synctest.Wait()
	if len(k.down) == 0 {
		t.Error("Pull was called again though the client does not read: what comes now piles up outside of the switchboard's bounds")
	}
	b.cutOff()
	slow.Close()
}

// A client that reads a byte each second is cut off as well.
func slowReader(t *testing.T, b *bench) {
	slow, k := b.dial()
	b.server.pipes.slow.Store(true)
	go b.ending(slow)
	k.give(much()...)
	synctest.Wait()
	b.cutOff()
	slow.Close()
}

// While there is nothing to say a ping comes every heartbeat.
func heartbeat(t *testing.T, b *bench) {
	c, _ := b.dial()
	b.expect(c, string(greeting))
	for range 5 {
		start := time.Now()
		frames, err := c.Receive()
		if err != nil || len(frames) != 1 || string(frames[0]) != "p" {
			t.Fatalf("%q, %v came, want a ping", frames, err)
		}
		if d := time.Since(start); d > b.Heartbeat {
			t.Errorf("a ping came after %v, want at most %v", d, b.Heartbeat)
		}
		b.send(c, []byte("A1.a"))
	}
}

// A connection is told to move when it reaches its age, at most a tenth before, and ends.
func maxAge(t *testing.T, b *bench) {
	start := time.Now()
	c, _ := b.dial()
	b.expect(c, string(greeting))
	frames := b.receiveAnswering(c)
	if string(frames[0]) != "m0" {
		t.Fatalf("%q came, want m0", frames)
	}
	if age := time.Since(start); age > b.MaxAge || age < b.MaxAge-b.MaxAge/10 {
		t.Errorf("told to move at the age of %v, want %v or up to a tenth less", age, b.MaxAge)
	}
	b.endsWell(c)
}
