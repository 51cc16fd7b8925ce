package transports_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// cutAt is a body that arrives in two parts.
func cutAt(body []byte, at int) io.Reader {
	at = min(max(at, 0), len(body))
	return io.MultiReader(bytes.NewReader(body[:at]), bytes.NewReader(body[at:]))
}

// tight is so small that a fuzzer reaches every edge of it.
var tight = transports.Limits{Frame: 32, Body: 128, Frames: 4, Rate: -1}

// FuzzUp: whatever the body and wherever it is cut, a POST is answered as a plain reading of the rules would.
func FuzzUp(f *testing.F) {
	for _, body := range []string{"", "\n", "K\nC1,a.b|1", "K\r\nC1\r\n", "K\nC1\nC2\nC3\nC4", "K\nC1\nC2\nC3\nC4\n", "K\nC1\nC2\nC3\nC4\nC5", "K\xff", "K\n" + string(bytes.Repeat([]byte("x"), 33))} {
		f.Add([]byte(body), 3)
	}
	f.Fuzz(func(t *testing.T, body []byte, cut int) {
		var got [][]byte
		h := transports.Up(&script{post: func(_ *http.Request, frames [][]byte) ([][]byte, error) {
			got = frames
			return [][]byte{[]byte("a1,1")}, nil
		}}, tight)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/rt/up", cutAt(body, cut)))
		frames, code := readPlainly(body)
		if w.Code != code.Status() || !slices.EqualFunc(got, frames, bytes.Equal) {
			t.Errorf("%q was answered %d, and %q handed on; want %d, %q", body, w.Code, got, code.Status(), frames)
		}
		checkLines(t, w.Body.Bytes())
	})
}

// readPlainly reads a body of POST /up under the tight limits.
func readPlainly(body []byte) ([][]byte, protocol.Code) {
	var frames [][]byte
	long := false
	rows := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	for _, row := range rows {
		row = bytes.TrimSuffix(row, []byte("\r"))
		long = long || len(row) > tight.Frame
		if len(row) > 0 {
			frames = append(frames, row)
		}
	}
	switch {
	case len(body) > tight.Body, len(rows) > 1+tight.Frames:
		return nil, protocol.CodeTooBig
	case !utf8.Valid(body):
		return nil, protocol.CodeMalformed
	case long:
		return nil, protocol.CodeTooBig
	case len(frames) == 0:
		return nil, protocol.CodeMalformed
	}
	return frames, 0
}

// checkLines: what a client is told are frames.
func checkLines(t *testing.T, body []byte) {
	t.Helper()
	for _, line := range protocol.Lines(body) {
		if _, err := protocol.ParseFrame(line); err != nil {
			t.Errorf("the client is told %q: %v", line, err)
		}
	}
}

// FuzzHelloBody: a hello that is read is one frame within its limit, and is all of the body.
func FuzzHelloBody(f *testing.F) {
	for _, body := range []string{"", "\n", "H{}", "H{}\n", "H{}\r\n", "H{}\n\n", "H\xff", "H{}\nC1", "H" + string(bytes.Repeat([]byte("x"), 32))} {
		f.Add([]byte(body), 1)
	}
	f.Fuzz(func(t *testing.T, body []byte, cut int) {
		w := httptest.NewRecorder()
		hello, ok := tight.ReadHello(w, httptest.NewRequest(http.MethodPost, "/rt/lp", cutAt(body, cut)))
		if ok != (w.Body.Len() == 0) {
			t.Fatalf("%q: %v, answered %q", body, ok, w.Body)
		}
		checkLines(t, w.Body.Bytes())
		if !ok {
			return
		}
		if lines := protocol.Lines(body); len(lines) != 1 || !bytes.Equal(hello, lines[0]) || len(body) > tight.Frame || !utf8.Valid(body) {
			t.Errorf("%q is the hello of %q", hello, body)
		}
	})
}

// FuzzLocal: whatever a client says to Local after its hello, over a connection or by a POST, it is answered with frames, or with the end.
func FuzzLocal(f *testing.F) {
	for _, text := range []string{
		"C1,a.b|1\nC2,a.b|2\nA2.\n", "C2,a.b", "C1,a.b*AA==\nB2", "W1,a.b|1\nW2,a.c", "S1,a/b\nU2,a/b", "R1,x|1\nX2,x|{}",
		"A0.", "A1.zzzzz", "C1\nC2\nC3,", "p\n|\n*", "W,|\nW1|\nW,,,|", "C9007199254740991,a.b", "T|\"x\"",
	} {
		f.Add([]byte(text))
	}
	const key = "AAAAAAAAAAAAAAAAAAAAAA"
	f.Fuzz(func(t *testing.T, text []byte) {
		local := transports.NewLocal(func(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil })
		r := httptest.NewRequest(http.MethodPost, "/rt/up", nil)
		link, err := local.Open(r, protocol.HelloUp{Version: 1, Key: key, Attach: 1}.Append(nil), transports.Carrier{})
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		frames := protocol.Lines(text)
		for i, frame := range frames {
			if i%2 == 0 {
				err = link.Push(t.Context(), frame)
			} else {
				var reply [][]byte
				reply, err = local.Post(r, [][]byte{protocol.HelloPost{Key: key}.Append(nil), frame})
				checkLines(t, bytes.Join(reply, []byte("\n")))
			}
			if end, ok := errors.AsType[*protocol.Close](err); err != nil && !ok && !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("%q: %v, which is neither a Close nor malformed: %v", frame, err, end)
			}
		}
		down, _ := link.Pull(over)
		for _, frame := range down {
			if _, err := protocol.ParseFrame(frame); err != nil {
				t.Errorf("after %q the client is told %q: %v", text, frame, err)
			}
		}
	})
}
