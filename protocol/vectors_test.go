package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// vectors is testdata/vectors.json, which the JavaScript tests read as well.
type vectors struct {
	Frames []struct {
		Line, Kind string
		Fields     []string
		Form       string
		Value      json.RawMessage
	}
	NotFrames   []string                      `json:"not_frames"`
	BadPayloads []struct{ Line, Form string } `json:"bad_payloads"`

	Cursors []struct {
		Text, Tag string
		Offset    uint64
	}
	NotCursors []string `json:"not_cursors"`

	Hellos []struct {
		Line  string
		Hello HelloUp
	}
	NotHellos []string `json:"not_hellos"`
	Welcomes  []struct {
		Line  string
		Hello HelloDown
	}

	Credentials []struct {
		Line, Key, Ack, Auth string
		Tries                int
	}
	NotCredentials []string `json:"not_credentials"`
	Keys           []struct{ Key, Socket, Secret string }

	Closes []struct {
		Line string
		Code Code
		In   *uint64
		Why  string
	}
	Codes []struct {
		Code         Code
		Name, Action string
		Status       int
	}
	Lines []struct {
		Text  string
		Lines []string
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorFrames(t *testing.T) {
	for _, v := range readVectors(t).Frames {
		f, err := ParseFrame([]byte(v.Line))
		if err != nil {
			t.Errorf("ParseFrame(%q): %v", v.Line, err)
			continue
		}
		if string(f.Kind) != v.Kind {
			t.Errorf("%q: kind %q, want %q", v.Line, f.Kind, v.Kind)
		}
		for i, want := range v.Fields {
			if got := f.Field(i); string(got) != want {
				t.Errorf("%q: field %d is %q, want %q", v.Line, i, got, want)
			}
		}
		if got := f.Field(len(v.Fields)); got != nil {
			t.Errorf("%q: field %d is %q, want none", v.Line, len(v.Fields), got)
		}
		payload := checkPayload(t, v.Line, f.Payload, v.Form, v.Value)
		again := Frame{Kind: Kind(v.Kind[0]), Header: []byte(strings.Join(v.Fields, ",")), Payload: payload}
		if got := again.Append(nil); string(got) != v.Line {
			t.Errorf("Append: %q, want %q", got, v.Line)
		}
	}
}

// checkPayload compares a payload with a vector's, and returns one that is made from the vector.
func checkPayload(t *testing.T, line string, p Payload, form string, value json.RawMessage) Payload {
	t.Helper()
	switch form {
	case "none":
		if p != nil {
			t.Errorf("%q: payload %q, want none", line, p)
		}
		return nil
	case "json":
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			t.Fatal(err)
		}
		if got, err := p.JSON(); err != nil || !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%q: JSON is %q, %v, want %s", line, got, err, compact.Bytes())
		}
		return JSONPayload(compact.Bytes())
	case "bytes":
		var numbers []int
		if err := json.Unmarshal(value, &numbers); err != nil {
			t.Fatal(err)
		}
		want := []byte{}
		for _, n := range numbers {
			want = append(want, byte(n))
		}
		if got, err := p.Bytes(); err != nil || !bytes.Equal(got, want) || !p.IsBytes() {
			t.Errorf("%q: bytes are %v, %v, want %v", line, got, err, want)
		}
		return BytesPayload(want)
	}
	t.Fatalf("%q: unknown form %q", line, form)
	return nil
}

func TestVectorRefusals(t *testing.T) {
	v := readVectors(t)
	refused := func(parser string, lines []string, parse func([]byte) error) {
		if len(lines) == 0 {
			t.Errorf("no vectors for %s", parser)
		}
		for _, line := range lines {
			err := parse([]byte(line))
			var c *Close
			if !errors.Is(err, ErrMalformed) && !(errors.As(err, &c) && c.Code == CodeVersion) {
				t.Errorf("%s(%q): error %v, want it refused", parser, line, err)
			}
		}
	}
	refused("ParseFrame", v.NotFrames, func(b []byte) error { _, err := ParseFrame(b); return err })
	refused("ParseFrame", []string{"C1,chat.\xff|{}", "C1,chat.say|\"\xc3\"", "H{\"v\":\"\xff\"}"}, // JSON cannot say these
		func(b []byte) error { _, err := ParseFrame(b); return err })
	refused("ParseCursor", v.NotCursors, func(b []byte) error { _, err := ParseCursor(b); return err })
	refused("ParseHello", v.NotHellos, func(b []byte) error { _, err := ParseHello(b); return err })
	refused("ParseHelloPost", v.NotCredentials, func(b []byte) error { _, err := ParseHelloPost(b); return err })
	for _, bad := range v.BadPayloads {
		f, err := ParseFrame([]byte(bad.Line))
		if err != nil {
			t.Errorf("ParseFrame(%q): %v", bad.Line, err)
			continue
		}
		if bad.Form == "json" {
			_, err = f.Payload.JSON()
		} else {
			_, err = f.Payload.Bytes()
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%q read as %s: error %v, want it refused", bad.Line, bad.Form, err)
		}
	}
}

func TestUnknownVersion(t *testing.T) {
	_, err := ParseHello([]byte(`H{"v":2,"key":"AAECAwQFBgcICQoLDA0ODw","c":1}`))
	if c := CloseOf(err); c.Code != CodeVersion {
		t.Errorf("a hello of version 2 is closed with %v, want %v", c.Code, CodeVersion)
	}
}

func TestVectorCursors(t *testing.T) {
	for _, v := range readVectors(t).Cursors {
		want := Cursor{Offset: v.Offset, Tag: v.Tag}
		if got, err := ParseCursor([]byte(v.Text)); err != nil || got != want {
			t.Errorf("ParseCursor(%q) = %v, %v", v.Text, got, err)
		}
		if want.String() != v.Text {
			t.Errorf("String: %q, want %q", want.String(), v.Text)
		}
	}
	if c, err := ParseCursor(nil); err != nil || !c.IsZero() {
		t.Errorf("ParseCursor of nothing = %v, %v, want the zero Cursor", c, err)
	}
}

func TestVectorHellos(t *testing.T) {
	v := readVectors(t)
	for _, v := range v.Hellos {
		got, err := ParseHello([]byte(v.Line))
		if err != nil || string(got.Append(nil)) != v.Line {
			t.Errorf("ParseHello(%q) = %s, %v", v.Line, got.Append(nil), err)
		}
		if line := v.Hello.Append(nil); string(line) != v.Line {
			t.Errorf("Append: %q, want %q", line, v.Line)
		}
	}
	for _, v := range v.Welcomes {
		if got, err := ParseWelcome([]byte(v.Line)); err != nil || got != v.Hello {
			t.Errorf("ParseWelcome(%q) = %+v, %v", v.Line, got, err)
		}
		if line := v.Hello.Append(nil); string(line) != v.Line {
			t.Errorf("Append: %q, want %q", line, v.Line)
		}
	}
	for _, line := range []string{"", "h", "h{", "H{}", "p"} {
		if _, err := ParseWelcome([]byte(line)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseWelcome(%q): error %v, want it refused", line, err)
		}
	}
}

func TestVectorCredentials(t *testing.T) {
	v := readVectors(t)
	for _, v := range v.Credentials {
		h, err := ParseHelloPost([]byte(v.Line))
		if err != nil || h.Key != v.Key || h.Tries != v.Tries || h.Auth != v.Auth || (v.Ack != "" && h.Ack.String() != v.Ack) || (v.Ack == "" && !h.Ack.IsZero()) {
			t.Errorf("ParseHelloPost(%q) = %+v, %v", v.Line, h, err)
		}
		if line := h.Append(nil); string(line) != v.Line {
			t.Errorf("Append: %q, want %q", line, v.Line)
		}
	}
	for _, v := range v.Keys {
		if got := CredentialOf(v.Key); got.Socket != v.Socket || got.Secret != v.Secret {
			t.Errorf("CredentialOf(%q) = %+v, want %s and %s", v.Key, got, v.Socket, v.Secret)
		}
	}
}

func TestVectorCloses(t *testing.T) {
	for _, v := range readVectors(t).Closes {
		f, err := ParseFrame([]byte(v.Line))
		if err != nil {
			t.Errorf("ParseFrame(%q): %v", v.Line, err)
			continue
		}
		got, err := ParseClose(f)
		if err != nil || got.Code != v.Code || got.Why != v.Why || (got.In == nil) != (v.In == nil) || (v.In != nil && *got.In != *v.In) {
			t.Errorf("ParseClose(%q) = %+v, %v", v.Line, got, err)
			continue
		}
		if line := got.Append(nil); string(line) != v.Line {
			t.Errorf("Append: %q, want %q", line, v.Line)
		}
	}
}

func TestVectorLines(t *testing.T) {
	for _, v := range readVectors(t).Lines {
		got := []string{}
		for _, line := range Lines([]byte(v.Text)) {
			got = append(got, string(line))
		}
		if !slices.Equal(got, v.Lines) {
			t.Errorf("Lines(%q) = %q, want %q", v.Text, got, v.Lines)
		}
	}
}
