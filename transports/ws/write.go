package ws

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// What becomes of the right to write to a connection. Whoever has something to say, and finds that nobody writes, takes it; the others leave word.
const (
	idle    int32 = iota
	busy          // somebody writes
	again         // somebody writes, and there is more to say since
	awaited       // somebody writes, and stop waits until he has done
	ended         // nothing is written any more
)

// claim takes the right to write, or sees to it that whoever has it looks again.
func (c *conn) claim() bool {
	for {
		switch s := c.writing.Load(); {
		case s == idle && c.writing.CompareAndSwap(idle, busy):
			return true
		case s == busy && c.writing.CompareAndSwap(busy, again), s > busy:
			return false
		}
	}
}

// wake has what there is to say written soon. It may be called by anybody, and does not wait.
func (c *conn) wake() {
	if c.claim() {
		c.flusher.add(c)
	}
}

// ready is the link's Carrier.Ready.
func (c *conn) ready(here bool) {
	if here {
		c.flush()
	} else {
		c.wake()
	}
}

// flush writes what there is to say, unless somebody else does. It does not wait for the client.
func (c *conn) flush() {
	if c.claim() {
		c.write()
	}
}

// stop takes the right to write for good.
func (c *conn) stop() {
	if c.link == nil && c.writing.CompareAndSwap(busy, ended) { // it was never passed on
		return
	}
	stopped := make(chan struct{})
	c.mu.Lock()
	c.words.stopped = stopped
	c.mu.Unlock()
	for {
		switch s := c.writing.Load(); {
		case s == ended, s == idle && c.writing.CompareAndSwap(idle, ended):
			return
		case s != idle && c.writing.CompareAndSwap(s, awaited):
			<-stopped
			return
		}
	}
}

// words are what is said beside the link's frames.
type words struct {
	ping    bool
	move    bool            // the connection is old
	last    *protocol.Close // why it ends
	said    []word
	over    bool          // the last is said
	stopped chan struct{} // for who waits in stop
}

// word is a frame of the WebSocket that gorilla made.
type word struct {
	frame   []byte
	written chan struct{} // closed then
}

// say writes a frame that gorilla made, for the goroutine that reads. Who sends many pings has to wait until the pongs are taken.
func (c *conn) say(frame []byte) error {
	switch {
	case c.writing.Load() == ended:
		return websocket.ErrCloseSent
	case c.link == nil: // nobody writes yet
		return c.put(frame)
	}
	w := word{frame, make(chan struct{})}
	c.mu.Lock()
	c.words.said = append(c.words.said, w)
	c.mu.Unlock()
	c.flush()
	select {
	case <-w.written:
		return nil
	case <-c.life.Done():
		return websocket.ErrCloseSent
	}
}

// tell ends the connection with what the client is told of it, and returns when that is written, or cannot be.
func (c *conn) tell(why *protocol.Close) {
	c.mu.Lock()
	c.words.last = why
	c.mu.Unlock()
	if c.link == nil {
		c.write()
	} else {
		c.flush()
	}
	<-c.life.Done()
}

// write writes until there is nothing more to say. Only who holds the right calls it, and passes that on.
func (c *conn) write() {
	j := jobs.Get().(*job)
	if c.wire.raw == nil {
		go c.carry(j, true)
	} else {
		c.carry(j, false)
	}
}

// carry goes on with a job. If it is not patient it does not wait for the client, but leaves that to a goroutine of its own.
func (c *conn) carry(j *job, patient bool) {
	defer func() {
		if p := recover(); p != nil { // of the switchboard
			c.panicked(p)
			c.fail()
		}
	}()
	for {
		for j.next(c) {
			if c.wire.raw != nil {
				j.put(c.wire.raw)
			}
			if len(j.left) > 0 && j.err == nil {
				if !patient {
					go c.carry(j, true)
					return
				}
				j.err = c.put(j.left)
				j.left = nil
			}
			if j.err != nil {
				c.fail()
				return
			}
		}
		if j.over {
			c.finish()
			break
		}
		if c.rest(patient) {
			break
		}
	}
	j.done()
}

// rest gives the right to write back, unless there is more to say.
func (c *conn) rest(patient bool) bool {
	if patient && c.wire.raw != nil {
		_ = c.wire.Conn.SetWriteDeadline(time.Time{}) // those who do not wait would meet it
	}
	switch {
	case c.writing.CompareAndSwap(busy, idle):
		return true
	case c.writing.CompareAndSwap(again, busy):
		return false
	}
	c.writing.Store(ended) // it was awaited
	close(c.stopper())
	return true
}

func (c *conn) stopper() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.words.stopped
}

// fail ends a connection that cannot be written to.
func (c *conn) fail() {
	c.socket.Close()
	c.finish()
}

// finish ends the writing: the last is said. The peer has some time to close.
func (c *conn) finish() {
	c.life.end()
	c.mu.Lock()
	c.words.over = true
	if c.timer == nil {
		c.timer = time.AfterFunc(lingering, c.tick)
	} else {
		c.timer.Reset(lingering)
	}
	c.mu.Unlock()
	if c.writing.Swap(ended) == awaited {
		close(c.stopper())
	}
}

// piece is how much is written under one deadline, and at most in one message: a client that takes a piece in time, however slow, is not cut off because there
// was much to say.
const piece = 64 << 10

// put writes, and waits until the client's side has taken it.
func (c *conn) put(b []byte) error {
	_ = c.wire.Conn.SetWriteDeadline(time.Now().Add(c.t.Limits.Write))
	_, err := c.wire.Conn.Write(b)
	return err
}

// job is what somebody who writes has in hand.
type job struct {
	frames [][]byte        // to be written
	told   int             // of them, so many are
	out    []byte          // a message
	left   []byte          // of out, or of gorilla's frames: not yet written
	said   []word          // in left
	last   *protocol.Close // what the close frame says, after all frames; nil: there is more to come
	over   bool            // it is in left

	try func(fd uintptr) bool // tryWrite
	err error                 // that it found
}

var jobs = sync.Pool{New: func() any {
	j := new(job)
	j.try = j.tryWrite
	return j
}}

// put writes as much of left as the connection takes without waiting.
func (j *job) put(raw syscall.RawConn) {
	if err := raw.Write(j.try); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // an older deadline: who waits sets his own
		j.err = err
	}
}

// done puts the job back.
func (j *job) done() {
	clear(j.frames[:cap(j.frames)])
	if cap(j.out) > 2*piece { // a larger one is left to the collector
		j.out = nil
	}
	*j = job{frames: j.frames[:0], out: j.out[:0], try: j.try}
	jobs.Put(j)
}

// next fills left with what is to be written next, if there is something.
func (j *job) next(c *conn) bool {
	if len(j.left) > 0 {
		return true
	}
	for _, w := range j.said {
		close(w.written)
	}
	j.said = nil
	if j.told == len(j.frames) && j.last == nil {
		j.hear(c)
	}
	switch {
	case len(j.left) > 0:
	case j.told < len(j.frames):
		j.message()
	case j.last != nil && !j.over:
		j.goodbye()
	}
	return len(j.left) > 0
}

var (
	pingFrame = []byte{byte(protocol.Ping)}
	moveFrame = []byte{byte(protocol.Move), '0'}
)

// hear finds out what there is to say.
func (j *job) hear(c *conn) {
	j.frames, j.told = j.frames[:0], 0
	c.mu.Lock()
	w := c.words
	c.words.said, c.words.ping = nil, false
	c.mu.Unlock()
	for _, w := range w.said {
		j.left = append(j.left, w.frame...)
	}
	j.said = w.said
	if w.ping {
		j.frames = append(j.frames, pingFrame)
	}
	switch {
	case w.last != nil:
		j.frames, j.last = append(j.frames, w.last.Append(nil)), w.last
	case w.move:
		j.frames, j.last = append(j.frames, moveFrame), &protocol.Close{Code: protocol.CodeMove}
	default:
		var err error
		j.frames, err = c.link.Take(j.frames)
		switch {
		case errors.Is(err, io.EOF):
			j.last = transports.Said(j.frames)
		case err != nil:
			j.last = protocol.CloseOf(err)
			j.frames = append(j.frames, j.last.Append(nil))
		}
	}
}

// message makes one message of frames: a line each.
func (j *job) message() {
	var head [maxHeader]byte
	b := append(j.out[:0], head[:]...) // room for it
	for {
		b = append(b, j.frames[j.told]...)
		j.told++
		if j.told == len(j.frames) || len(b)-maxHeader+len(j.frames[j.told]) >= piece {
			break
		}
		b = append(b, '\n')
	}
	j.out = b
	j.left = b[putHeader(b, websocket.TextMessage):]
}

// goodbye makes the close frame.
func (j *job) goodbye() {
	var head [maxHeader]byte
	b := append(append(j.out[:0], head[:]...), websocket.FormatCloseMessage(int(j.last.Code), j.last.Code.String())...)
	j.out, j.over = b, true
	j.left = b[putHeader(b, websocket.CloseMessage):]
}

// maxHeader is how long the header of a frame that is not masked can be (RFC 6455, section 5.2).
const maxHeader = 10

// putHeader writes the header of an unfragmented frame right before its payload, which begins at maxHeader, and returns where it begins.
func putHeader(b []byte, kind byte) (at int) {
	switch n := len(b) - maxHeader; {
	case n < 126:
		at = maxHeader - 2
		b[at+1] = byte(n)
	case n < 1<<16:
		at = maxHeader - 4
		b[at+1] = 126
		binary.BigEndian.PutUint16(b[at+2:], uint16(n))
	default:
		at = 0
		b[at+1] = 127
		binary.BigEndian.PutUint64(b[at+2:], uint64(n))
	}
	b[at] = 0x80 | kind
	return at
}
