//go:build unix

package ws

import "syscall"

// tryWrite writes to a file descriptor that does not block. It never asks to be called again.
func (j *job) tryWrite(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), j.left)
		switch {
		case n > 0:
			j.left = j.left[n:]
			return true
		case err == syscall.EINTR:
			continue
		case err != nil && err != syscall.EAGAIN:
			j.err = err
		}
		return true
	}
}
