package engineio

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

// A packet is parsed or refused, and what is parsed is what a client could have meant.
func FuzzPacket(f *testing.F) {
	for _, text := range []string{"", "0{}", "1", "2", "2probe", "3probe", "4", "4hello", "4ä\x1e", "5", "6", "7", "b", "bAA==", "bAA", "b!", "b\nAA==", "abc"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePacket(text)
		if err != nil {
			return
		}
		m, ok := p.message()
		if ok != (text[0] == '4' || text[0] == 'b') {
			t.Fatalf("%q is a message: %v", text, ok)
		}
		if !ok {
			return
		}
		again := appendPacket(nil, m)
		if m.Binary {
			text = append([]byte{'b'}, strings.NewReplacer("\r", "", "\n", "").Replace(string(text[1:]))...)
			decoded, _ := base64.StdEncoding.DecodeString(string(text[1:]))
			text = append([]byte{'b'}, base64.StdEncoding.EncodeToString(decoded)...) // what no bit of stands for is not kept
		}
		if !bytes.Equal(again, text) {
			t.Fatalf("%q became %q", text, again)
		}
	})
}

// All packets of a payload are given in their order, or the payload is refused.
func FuzzPayload(f *testing.F) {
	for _, text := range []string{"", "4", "4a\x1e4b", "4a\x1eb\x1e4", "\x1e", "4\x1e", "4a\x1e\x1e4b", "4a\x1eabc\x1e4b", "bAA==\x1e3\x1e1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var out payload
		messages := 0
		err := parsePayload(text, func(p packet) error {
			if m, ok := p.message(); ok {
				messages++
				out = out.addMessage(m)
			} else {
				out = append(out.add(p.kind), p.data...)
			}
			return nil
		})
		parts := bytes.Count(text, []byte{separator}) + 1
		switch {
		case err != nil:
		case bytes.Count(out, []byte{separator})+1 != parts:
			t.Fatalf("of %d packets in %q these were given: %q", parts, text, out)
		case !bytes.Contains(text, []byte{'b'}) && !bytes.Equal(out, text):
			t.Fatalf("%q became %q", text, out)
		case utf8.Valid(text) && !utf8.Valid(out):
			for part := range bytes.SplitSeq(out, []byte{separator}) {
				if part[0] != packetBinary && !utf8.Valid(part) {
					t.Fatalf("%q became %q", text, out)
				}
			}
		}
		if err == nil && messages > parts {
			t.Fatalf("%d messages in %d packets", messages, parts)
		}
	})
}
