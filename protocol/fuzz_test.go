package protocol

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func FuzzParseFrame(f *testing.F) {
	v := readVectors(f)
	for _, frame := range v.Frames {
		f.Add([]byte(frame.Line))
	}
	for _, line := range v.NotFrames {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		frame, err := ParseFrame(line)
		if err != nil {
			return
		}
		if got := frame.Append(nil); !bytes.Equal(got, line) {
			t.Errorf("%q is appended as %q", line, got)
		}
		if lines := Lines(line); len(lines) != 1 || !bytes.Equal(lines[0], line) {
			t.Errorf("%q is %d lines", line, len(lines))
		}
		var fields [][]byte
		for i := 0; frame.Field(i) != nil; i++ {
			fields = append(fields, frame.Field(i))
		}
		if got := bytes.Join(fields, []byte(",")); !bytes.Equal(got, frame.Header) {
			t.Errorf("fields of %q join to %q", frame.Header, got)
		}
		_, errJSON := frame.Payload.JSON()
		_, errBytes := frame.Payload.Bytes()
		if len(frame.Payload) > 0 && errJSON == nil && errBytes == nil {
			t.Errorf("%q is JSON and bytes at once", frame.Payload)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	v := readVectors(f)
	for _, c := range v.Cursors {
		f.Add([]byte(c.Text))
	}
	for _, text := range v.NotCursors {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCursor(text)
		if err != nil || len(text) == 0 {
			return
		}
		if got := c.Append(nil); !bytes.Equal(got, text) {
			t.Errorf("%q is appended as %q", text, got)
		}
	})
}

func FuzzParseHello(f *testing.F) {
	v := readVectors(f)
	for _, h := range v.Hellos {
		f.Add([]byte(h.Line))
	}
	for _, line := range v.NotHellos {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := ParseHello(line)
		if err != nil {
			return
		}
		first := h.Append(nil)
		again, err := ParseHello(first)
		if err != nil {
			t.Fatalf("%q was accepted, %q is not: %v", line, first, err)
		}
		if second := again.Append(nil); !bytes.Equal(first, second) {
			t.Errorf("%q becomes %q", first, second)
		}
		checkKey(t, h.Key)
	})
}

func FuzzParseHelloPost(f *testing.F) {
	v := readVectors(f)
	for _, c := range v.Credentials {
		f.Add([]byte(c.Line))
	}
	for _, line := range v.NotCredentials {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := ParseHelloPost(line)
		if err != nil {
			return
		}
		checkKey(t, h.Key)
		first := h.Append(nil)
		if again, err := ParseHelloPost(first); err != nil || again != h {
			t.Errorf("%q becomes %q: %+v, %v", line, first, again, err)
		}
	})
}

// checkKey: whatever is accepted as a key can stand in a header field.
func checkKey(t *testing.T, key string) {
	t.Helper()
	frame, err := ParseFrame(HelloPost{Key: key}.Append(nil))
	if err != nil || string(frame.Field(0)) != key {
		t.Errorf("key %q does not survive a header: %q, %v", key, frame.Field(0), err)
	}
}

// Lines is the same for any two parts of a text that is cut behind a line break, which is how a stream is read.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"", "\n", "a", "a\n", "a\r\nb\n", "\r\n\na\n\nb", "a\rb\r\r\n", "\r", "é\n\xff\n"} {
		f.Add([]byte(text), 1)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		lines := Lines(text)
		for _, line := range lines {
			if len(line) == 0 || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("%q has the line %q", text, line)
			}
		}
		cut = min(max(cut, 0), len(text))
		cut += bytes.IndexByte(text[cut:], '\n') + 1 // a negative index: where it is
		if cut > 0 && text[cut-1] != '\n' {
			cut = 0
		}
		parts := append(Lines(text[:cut]), Lines(text[cut:])...)
		if !slices.EqualFunc(lines, parts, bytes.Equal) {
			t.Errorf("%q is %q, cut at %d it is %q", text, lines, cut, parts)
		}
		again := Lines(append(bytes.Join(lines, []byte("\r\n")), '\n'))
		if stripped := slices.ContainsFunc(lines, func(l []byte) bool { return l[len(l)-1] == '\r' }); !stripped && !slices.EqualFunc(lines, again, bytes.Equal) {
			t.Errorf("%q is %q, joined again it is %q", text, lines, again)
		}
	})
}

func FuzzPayload(f *testing.F) {
	for _, raw := range []string{"", "{}", "a|b*c", "\x00\xff", "line\nbreak"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := BytesPayload(raw)
		frame, err := ParseFrame(Frame{Kind: Call, Header: []byte("1,a.b"), Payload: p}.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := frame.Payload.Bytes(); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%q came as %q, %v", raw, got, err)
		}
		hostile := Payload(append([]byte{'*'}, raw...))
		if got, err := hostile.Bytes(); err == nil && len(got) > len(raw) {
			t.Errorf("%q is %d bytes", raw, len(got))
		}
	})
}

func FuzzParseAuth(f *testing.F) {
	for _, line := range []string{`T|"token"`, `T|"a\nb"`, `T|"\ud800"`, `T`, `T|`, `T|null`, `T|{}`, `T*AA==`, `Tx|"token"`, `K,,0|"token"`} {
		f.Add([]byte(line))
	}
	f.Add(AppendAuth(nil, strings.Repeat("x", maxAuth)))
	f.Add(AppendAuth(nil, strings.Repeat("x", maxAuth+1)))
	f.Fuzz(func(t *testing.T, line []byte) {
		frame, err := ParseFrame(line)
		if err != nil {
			return
		}
		auth, err := ParseAuth(frame)
		if err != nil {
			return
		}
		if len(auth) > maxAuth {
			t.Fatalf("%d bytes are accepted", len(auth))
		}
		again, err := ParseFrame(AppendAuth(nil, auth))
		if err != nil {
			t.Fatalf("%q is appended as no frame: %v", auth, err)
		}
		if got, err := ParseAuth(again); err != nil || got != auth {
			t.Errorf("%q becomes %q, %v", auth, got, err)
		}
	})
}

// FuzzParseClose: what is parsed is appended as it was, and no reason gets out of its field.
func FuzzParseClose(f *testing.F) {
	for _, line := range []string{"z4004,57,away too long", "z4000", "z4007,,", "z1,2,3,4", "z,,", "z99999999999999999", "z4001,x,"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		why := (&Close{Code: CodeEnded, Why: string(line)}).Append(nil)
		if frame, err := ParseFrame(why); err != nil || frame.Payload != nil || frame.Field(3) != nil {
			t.Errorf("the reason %q is appended as %q, which is %+v, %v", line, why, frame, err)
		}
		frame, err := ParseFrame(line)
		if err != nil {
			return
		}
		end, err := ParseClose(frame)
		if err != nil {
			return
		}
		_, _, _ = end.Code.Action(), end.Code.Status(), end.Error()
		first := end.Append(nil)
		frame, err = ParseFrame(first)
		if err != nil {
			t.Fatalf("%q is appended as %q: %v", line, first, err)
		}
		again, err := ParseClose(frame)
		if err != nil || !bytes.Equal(again.Append(nil), first) {
			t.Errorf("%q becomes %q: %v", line, first, err)
		}
	})
}

func FuzzParseWelcome(f *testing.F) {
	for _, line := range []string{`h{"id":"a","in":1,"at":2,"hb":25,"ttl":120}`, `h{}`, `h`, `hnull`, `h{"in":-1}`, `h{"hb":-1,"ttl":-9223372036854775808}`, `h{"id":"\"\b\u2028"}`, `h{"id":"\ud800"}`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := ParseWelcome(line)
		if err != nil {
			return
		}
		if again, err := ParseWelcome(h.Append(nil)); err != nil || again != h {
			t.Errorf("%q becomes %+v, then %+v, %v", line, h, again, err)
		}
	})
}
