package ws

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// wire is the network's connection as gorilla's sees it once it is upgraded. Deadlines are costly to set, so none is set for each message, but that of an earlier one put off
// when it is over. What gorilla writes by itself (a pong, its part of a close) is passed to whoever writes.
type wire struct {
	net.Conn
	raw syscall.RawConn // to write without waiting; nil: that cannot be done
	say func(frame []byte) error

	silence time.Duration // how long nothing may come
	wait    time.Duration // how long a message that has begun may take to arrive
	since   time.Time     // since when the next message is waited for
	within  bool          // a message has begun
	limited bool          // the deadline holds, whatever comes
}

// newWire wraps a connection that is being upgraded.
func newWire(c net.Conn) *wire {
	w := &wire{Conn: c}
	switch c := c.(type) { // others, as TLS, may do more than write what they are given
	case *net.TCPConn:
		w.raw, _ = c.SyscallConn()
	case *net.UnixConn:
		w.raw, _ = c.SyscallConn()
	}
	return w
}

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

func (w *wire) Read(b []byte) (int, error) {
	if w.within && !w.limited { // it came not all at once
		w.limit(w.wait)
	}
	for {
		n, err := w.Conn.Read(b)
		if err == nil || w.limited || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		until := w.since.Add(w.silence)
		if !until.After(time.Now()) {
			return n, err
		}
		_ = w.Conn.SetReadDeadline(until)
	}
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
