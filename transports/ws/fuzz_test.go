package ws_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// tight is so small that a fuzzer reaches every edge of it.
var tight = transports.Limits{Frame: 32, Body: 128, Frames: 4, Rate: -1}

// recorder is a switchboard, and its one link, that keeps what comes up.
type recorder struct {
	transports.Switchboard
	transports.Link
	frames [][]byte
}

func (r *recorder) Open(_ *http.Request, hello []byte, _ transports.Carrier) (transports.Link, error) {
	r.frames = append(r.frames, bytes.Clone(hello))
	return r, nil
}

func (r *recorder) Push(_ context.Context, frame []byte) error {
	r.frames = append(r.frames, bytes.Clone(frame))
	return nil
}

func (r *recorder) Take(frames [][]byte) ([][]byte, error) { return frames, nil }

func (r *recorder) Close() {}

// stranger is a connection over which a client has said something, and then hangs up.
type stranger struct {
	net.Conn
	said   io.Reader
	closed func()
}

func (s stranger) Read(b []byte) (int, error)       { return s.said.Read(b) }
func (s stranger) Write(b []byte) (int, error)      { return len(b), nil }
func (s stranger) Close() error                     { s.closed(); return nil }
func (s stranger) RemoteAddr() net.Addr             { return nil }
func (s stranger) SetDeadline(time.Time) error      { return nil }
func (s stranger) SetReadDeadline(time.Time) error  { return nil }
func (s stranger) SetWriteDeadline(time.Time) error { return nil }

// hijacked is a response to a handshake.
type hijacked struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// hear returns what a switchboard hears when a client says these bytes after the handshake.
func hear(said io.Reader) [][]byte {
	r := httptest.NewRequest(http.MethodGet, "/rt/ws", nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	heard := new(recorder)
	closed := make(chan struct{})
	conn := stranger{said: said, closed: sync.OnceFunc(func() { close(closed) })}
	ws.Transport{Limits: tight}.Endpoints(heard)["ws"].ServeHTTP(hijacked{httptest.NewRecorder(), conn}, r)
	<-closed
	return heard.frames
}

// FuzzWire: whatever bytes come, the connection ends, and what is handed on are frames within the limits.
func FuzzWire(f *testing.F) {
	for _, bytes := range [][]byte{
		wire(0x81, "H{}"),
		slices.Concat(wire(0x81, "H{}\nC1,a.b"), wire(0x81, "C2\nC3\nC4\nC5"), wire(0x81, "C2\nC3\nC4\nC5\nC6")),
		slices.Concat(wire(firstFragment, "H"), wire(ping, "x"), wire(nextFragment, "{}\n"), wire(pong, ""), wire(lastFragment, "C1")),
		slices.Concat(wire(0x81, "H{}"), wire(0x82, "C1")),
		slices.Concat(wire(0x81, "H{}"), wire(0x88, "\x03\xe8bye")),
		slices.Concat(wire(0x81, "H{}"), wire(0xc1, "C1")),
		{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'H'},
		{0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 'H'},
		{0x81, 0x03, 'H', '{', '}'},
	} {
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, frame := range hear(bytes.NewReader(said)) {
			if len(frame) == 0 || len(frame) > tight.Frame || bytes.IndexByte(frame, '\n') >= 0 || !utf8.Valid(frame) {
				t.Errorf("%q came up", frame)
			}
		}
	})
}

// FuzzMessage: it does not matter into which fragments and reads a message is cut: what comes up is what Limits makes of it, or nothing.
func FuzzMessage(f *testing.F) {
	for _, message := range []string{"", "\n", "C1", "C1\r\nC2\n", "\xff", "1\n2\n3\n4", "1\n2\n3\n4\n5", "é", string(bytes.Repeat([]byte("x"), 33))} {
		f.Add([]byte(message), 1)
	}
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		if len(message) > 1<<15 {
			return // larger ones have another header, which wire does not write
		}
		cut = min(max(cut, 0), len(message))
		said := slices.Concat(wire(0x81, "H{}"),
			wire(firstFragment, string(message[:cut])), wire(ping, "between"), wire(lastFragment, string(message[cut:])))
		want, _ := tight.Split(message)
		got := hear(io.MultiReader(bytes.NewReader(said[:len(said)/2]), bytes.NewReader(said[len(said)/2:])))
		if !slices.EqualFunc(got[1:], want, bytes.Equal) {
			t.Errorf("of %q cut at %d came up %q, want %q", message, cut, got[1:], want)
		}
	})
}
