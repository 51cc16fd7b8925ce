package ws

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// wire is the network's connection as gorilla's sees it once it is upgraded. Deadlines are costly to set, so none is set for each message, but that of an earlier one put off
// when it is over. What comes is read into a buffer that is lent: one that is idle has none. What gorilla writes by itself (a pong, its part of a close) is passed to
// whoever writes.
type wire struct {
	net.Conn
	raw syscall.RawConn // to read and write without waiting; nil: that cannot be done
	say func(frame []byte) error

	buffered *bufio.Reader         // gorilla's
	in       *[inboxSize]byte      // what came and was not read yet: in[from:to]; nil: nothing
	from, to int                   //
	failed   error                 // of take
	take     func(fd uintptr) bool // of raw; it fills in

	silence time.Duration // how long nothing may come
	wait    time.Duration // how long a message that has begun may take to arrive
	since   time.Time     // since when the next message is waited for
	within  bool          // a message has begun
	limited bool          // the deadline holds, whatever comes
}

// inboxSize is how much is read at once.
const inboxSize = 4 << 10

var inboxes = sync.Pool{New: func() any { return new([inboxSize]byte) }}

// newWire wraps a connection that is being upgraded.
func newWire(c net.Conn) *wire {
	w := &wire{Conn: c}
	switch c := c.(type) { // others, as TLS, may do more than read and write what they are given
	case *net.TCPConn:
		w.raw = rawOf(c)
	case *net.UnixConn:
		w.raw = rawOf(c)
	}
	w.take = w.tryTake
	w.buffered = bufio.NewReaderSize(w, readBuffer)
	return w
}

// readBuffer is what gorilla needs for a header, and the least with which it takes another's buffer. What is longer is read past it.
const readBuffer = 257

// limit has whatever is read from now on fail after a time.
func (w *wire) limit(d time.Duration) {
	_ = w.Conn.SetReadDeadline(time.Now().Add(d))
	w.limited = true
}

// unlimit ends what limit, or a message of several reads, began.
func (w *wire) unlimit() {
	w.within = false
	if w.limited {
		w.limited = false
		w.await()
		_ = w.Conn.SetReadDeadline(w.since.Add(w.silence))
	}
}

// await begins to wait for the next message.
func (w *wire) await() { w.since = time.Now() }

// next waits until something has come. To wait here rather than in Read keeps the stack of who waits small.
func (w *wire) next() error {
	if w.raw == nil || w.in != nil || w.buffered.Buffered() > 0 {
		return nil
	}
	return w.fill()
}

func (w *wire) fill() error {
	for {
		err := w.raw.Read(w.take)
		switch {
		case err == nil:
			return w.failed
		case !w.putOff(err):
			return err
		}
	}
}

// Read implements net.Conn.
func (w *wire) Read(b []byte) (int, error) {
	if w.in == nil {
		if w.within && !w.limited { // it came not all at once
			w.limit(w.wait)
		}
		if w.raw == nil || len(b) > inboxSize {
			return w.read(b)
		}
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, w.in[w.from:w.to])
	if w.from += n; w.from == w.to {
		inboxes.Put(w.in)
		w.in = nil
	}
	return n, nil
}

func (w *wire) read(b []byte) (int, error) {
	for {
		n, err := w.Conn.Read(b)
		if err == nil || !w.putOff(err) {
			return n, err
		}
	}
}

// putOff tells whether an error is only that of a deadline which has been put off meanwhile.
func (w *wire) putOff(err error) bool {
	if w.limited || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	until := w.since.Add(w.silence)
	_ = w.Conn.SetReadDeadline(until)
	return until.After(time.Now())
}

func (w *wire) Write(b []byte) (int, error) {
	if w.say == nil { // the handshake's response
		return w.Conn.Write(b)
	}
	if err := w.say(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// SetWriteDeadline is for the handshake; later each write has its own.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.say == nil {
		return w.Conn.SetWriteDeadline(t)
	}
	return nil
}
