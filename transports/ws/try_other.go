//go:build !unix

package ws

import "syscall"

// rawOf returns nil: those who read and write wait.
func rawOf(syscall.Conn) syscall.RawConn { return nil }

func (w *wire) tryTake(uintptr) bool { return true }

func (j *job) tryWrite(uintptr) bool { return true }
