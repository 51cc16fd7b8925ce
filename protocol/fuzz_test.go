package protocol

import (
	"bytes"
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
