//go:build unix

package ws

import (
	"io"
	"syscall"
)

// rawOf returns what reads and writes a connection without waiting.
func rawOf(c syscall.Conn) syscall.RawConn {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// tryTake reads what has come. It asks to be called again when something has.
func (w *wire) tryTake(fd uintptr) bool {
	in := inboxes.Get().(*[inboxSize]byte)
	n, err := syscall.Read(int(fd), in[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), in[:])
	}
	if n > 0 {
		w.in, w.from, w.to = in, 0, n
		return true
	}
	inboxes.Put(in)
	if err == syscall.EAGAIN {
		return false
	}
	if w.failed = err; err == nil {
		w.failed = io.EOF
	}
	return true
}

// tryWrite writes what the connection takes. It never asks to be called again.
func (j *job) tryWrite(fd uintptr) bool {
	n, err := syscall.Write(int(fd), j.left)
	for err == syscall.EINTR {
		n, err = syscall.Write(int(fd), j.left)
	}
	switch {
	case n > 0:
		j.left = j.left[n:]
	case err != nil && err != syscall.EAGAIN:
		j.err = err
	}
	return true
}
