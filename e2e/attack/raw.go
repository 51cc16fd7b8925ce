package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// target is the host that is attacked.
type target string

// wire is a connection of an attacker, who writes by hand.
type wire struct {
	net.Conn
	in *bufio.Reader
}

const (
	smallBuffer = 4 << 10          // that the kernel keeps of what is not read
	patience    = 20 * time.Second // that an attacker has with an answer
)

// dial connects. What it will not read stays with the server: the kernel takes little of it.
func (t target) dial(ctx context.Context) (*wire, error) {
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
		})
		return errors.Join(failed, err)
	}}
	c, err := d.DialContext(ctx, "tcp", string(t))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.SetDeadline(time.Now().Add(lull)) }) // whatever it is at
	return &wire{c, bufio.NewReaderSize(c, 512)}, nil
}

// websocket connects and upgrades, and says its first message.
func (t target) websocket(ctx context.Context, message []byte) (*wire, error) {
	w, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(w, "GET /rt/ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", t)
	for head := []byte("."); err == nil && len(bytes.TrimSpace(head)) > 0; {
		head, err = w.in.ReadSlice('\n')
	}
	if err == nil {
		_, err = w.Write(textMessage(message))
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// textMessage is a text message of a client, masked with zeros.
func textMessage(payload []byte) []byte {
	const final, text, masked = 0x80, 1, 0x80
	b := []byte{final | text}
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// message reads a message of the server. A close frame is an error, a *protocol.Close.
func (w *wire) message() ([]byte, error) {
	head, err := w.exactly(2)
	if err != nil {
		return nil, err
	}
	length := int(head[1] & 0x7f)
	if size := map[int]int{126: 2, 127: 8}[length]; size > 0 {
		long, err := w.exactly(size)
		if err != nil {
			return nil, err
		}
		length = int(binary.BigEndian.Uint64(append(make([]byte, 8-size), long...)))
	}
	payload, err := w.exactly(length)
	if err == nil && head[0]&0xf == 8 && length >= 2 {
		err = &protocol.Close{Code: protocol.Code(binary.BigEndian.Uint16(payload))}
	}
	return payload, err
}

func (w *wire) exactly(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(w.in, b)
	return b, err
}

// post writes a request and reads its answer; an end of the conversation in it is an error, a *protocol.Close.
func (w *wire) post(path string, body []byte, headers ...string) ([]byte, error) {
	_ = w.SetDeadline(time.Now().Add(patience))
	if _, err := w.Write(request(path, body, headers...)); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil {
		err = endIn(answer)
	}
	return answer, err
}

func request(path string, body []byte, headers ...string) []byte {
	b := fmt.Appendf(nil, "POST /rt/%s HTTP/1.1\r\nHost: attacked\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n", path, len(body))
	for _, h := range headers {
		b = append(append(b, h...), "\r\n"...)
	}
	return append(append(b, "\r\n"...), body...)
}

// endIn finds the end of a conversation among frames.
func endIn(frames []byte) error {
	for _, l := range protocol.Lines(frames) {
		if f, err := protocol.ParseFrame(l); err == nil && f.Kind == protocol.Closed {
			if end, err := protocol.ParseClose(f); err == nil {
				return end
			}
		}
	}
	return nil
}

func randomKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hello is the n-th hello of a socket.
func hello(key string, n int) []byte {
	cursor := ""
	if n > 1 {
		cursor = `,"cur":"0."`
	}
	return fmt.Appendf(nil, `H{"v":1,"key":"%s","c":%d%s}`, key, n, cursor)
}

// reason names what an attacker was told.
func reason(err error) string {
	if end, ok := errors.AsType[*protocol.Close](err); ok {
		return fmt.Sprintf("closed %d %s", end.Code, end.Code)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "cut off"
	case strings.Contains(err.Error(), "timeout"):
		return "not answered"
	}
	return err.Error()
}
