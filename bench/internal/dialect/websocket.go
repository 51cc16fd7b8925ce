package dialect

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// words is what is said in the messages of a WebSocket.
type words interface {
	// path is where the handshake goes.
	path() string
	// upgraded is told that messages can go; h.Opened is its to call, now or later.
	upgraded(w *webSocket, out *[]byte, h Hearer)
	// call appends the text of a message that makes a call.
	call(b, payload []byte) []byte
	// hear takes a whole message.
	hear(message []byte, w *webSocket, out *[]byte, h Hearer) error
}

// webSocket is a session over a WebSocket: RFC 6455, without extensions.
type webSocket struct {
	Setting
	words
	up    bool   // the handshake is done
	parts []byte // of a message whose last frame has not come
}

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10

	final  = 0x80 // in a frame's first byte
	masked = 0x80 // in its second
)

func newWebSocket(s Setting, w words) *webSocket { return &webSocket{Setting: s, words: w} }

// Open implements Session.
func (w *webSocket) Open(out *[]byte) {
	w.up, w.parts = false, nil
	*out = fmt.Appendf(*out, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", w.path(), w.Host)
}

// Call implements Session.
func (w *webSocket) Call(out *[]byte, payload []byte) {
	start := len(*out)
	*out = frame(w.call(*out, payload), start, opText)
}

// say writes a message.
func (w *webSocket) say(out *[]byte, text string) {
	start := len(*out)
	*out = frame(append(*out, text...), start, opText)
}

// Read implements Session.
func (w *webSocket) Read(in []byte, out *[]byte, h Hearer) (taken int, err error) {
	if !w.up {
		end := bytes.Index(in, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, nil
		}
		if !bytes.HasPrefix(in, []byte("HTTP/1.1 101 ")) {
			return 0, fmt.Errorf("dialect: the handshake at %s was answered %q", w.path(), firstLine(in))
		}
		taken, w.up = end+4, true
		w.upgraded(w, out, h)
	}
	for {
		n, err := w.readFrame(in[taken:], out, h)
		taken += n
		if n == 0 || err != nil {
			return taken, err
		}
	}
}

// readFrame takes one frame; 0 bytes if it is not whole.
func (w *webSocket) readFrame(in []byte, out *[]byte, h Hearer) (int, error) {
	if len(in) < 2 {
		return 0, nil
	}
	if in[1]&masked != 0 {
		return 0, fmt.Errorf("dialect: the server masks its frames")
	}
	head, size := 2, int(in[1])
	switch {
	case size == 126:
		if head = 4; len(in) < head {
			return 0, nil
		}
		size = int(binary.BigEndian.Uint16(in[2:]))
	case size == 127:
		if head = 10; len(in) < head {
			return 0, nil
		}
		size = int(binary.BigEndian.Uint64(in[2:]))
	}
	whole := head + size
	if len(in) < whole {
		return 0, nil
	}
	return whole, w.takeFrame(in[0], in[head:whole], out, h)
}

func (w *webSocket) takeFrame(first byte, payload []byte, out *[]byte, h Hearer) error {
	switch first & 0xf {
	case opClose:
		return fmt.Errorf("dialect: the server closes: %q", payload)
	case opPing:
		start := len(*out)
		*out = frame(append(*out, payload...), start, opPong)
		return nil
	case opPong:
		return nil
	}
	if first&final == 0 || len(w.parts) > 0 {
		w.parts = append(w.parts, payload...)
		if first&final == 0 {
			return nil
		}
		payload = w.parts
	}
	err := w.hear(payload, w, out, h)
	w.parts = w.parts[:0]
	return err
}

// frame makes what b has from start on the payload of a client's frame. It is masked with zeros: a mask like others to whoever takes it off.
func frame(b []byte, start int, op byte) []byte {
	size := len(b) - start
	var head [14]byte
	h := append(head[:0], final|op)
	switch {
	case size < 126:
		h = append(h, masked|byte(size))
	case size < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, masked|126), uint16(size))
	default:
		h = binary.BigEndian.AppendUint64(append(h, masked|127), uint64(size))
	}
	h = append(h, 0, 0, 0, 0)
	b = append(b, h...) // room
	copy(b[start+len(h):], b[start:start+size])
	copy(b[start:], h)
	return b
}

func firstLine(in []byte) []byte {
	line, _, _ := bytes.Cut(in, []byte("\r\n"))
	return line
}
