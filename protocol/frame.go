package protocol

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Kind is a frame's first letter: upper case up (client to instance), lower case down.
type Kind byte

// The kinds of frames, up.
const (
	Hello       Kind = 'H'
	Credentials Kind = 'K'
	Call        Kind = 'C'
	Reply       Kind = 'R'
	ReplyError  Kind = 'X'
	Subscribe   Kind = 'S'
	Unsubscribe Kind = 'U'
	Goodbye     Kind = 'B'
	Volatile    Kind = 'W'
	Ack         Kind = 'A'
	Auth        Kind = 'T'
)

// The kinds of frames, down.
const (
	Welcome        Kind = 'h'
	Answer         Kind = 'r'
	AnswerError    Kind = 'x'
	Event          Kind = 'e'
	Question       Kind = 'q'
	Subscribed     Kind = 's'
	Unsubscribed   Kind = 'u'
	Entry          Kind = 't'
	Skip           Kind = 'j'
	Snapshot       Kind = 'n'
	Lost           Kind = 'l'
	Committed      Kind = 'a'
	Gap            Kind = 'g'
	VolatileAnswer Kind = 'v'
	VolatileError  Kind = 'y'
	Move           Kind = 'm'
	Closed         Kind = 'z'
	Ping           Kind = 'p'
	Expiring       Kind = 'k'
)

// ErrMalformed is wrapped by the errors of this package's parsers, but for an unknown version's.
var ErrMalformed = errors.New("protocol: malformed frame")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Frame is one parsed line. What its header fields mean depends on its kind.
type Frame struct {
	Kind    Kind    // what the frame is for
	Header  []byte  // between the kind and the payload
	Payload Payload // nil: none
}

// Payload is a frame's payload with the byte that tells its form in front: '|' before JSON, '*' before base64.
// An empty Payload is none at all.
type Payload []byte

// ParseFrame splits a line into its parts. It checks that the line is one frame (UTF-8, not empty, no line breaks, no other
// control characters in the header) and leaves the fields to the methods of Frame and the payload to [Payload.JSON] and
// [Payload.Bytes]. A hello's JSON is all of its Header.
func ParseFrame(line []byte) (Frame, error) {
	if len(line) == 0 {
		return Frame{}, malformed("empty line")
	}
	f := Frame{Kind: Kind(line[0])}
	if c := line[0] | 0x20; c < 'a' || c > 'z' {
		return Frame{}, malformed("kind %q", line[0])
	}
	if !utf8.Valid(line) { // what is passed on would end the WebSocket of another client
		return Frame{}, malformed("not UTF-8")
	}
	rest := line[1:]
	if f.Kind == Hello || f.Kind == Welcome {
		if hasLineBreak(rest) {
			return Frame{}, malformed("line break in a hello")
		}
		f.Header = rest
		return f, nil
	}
	for i, c := range rest {
		switch {
		case c == '|' || c == '*':
			f.Header, f.Payload = rest[:i], Payload(rest[i:])
			if hasLineBreak(f.Payload) {
				return Frame{}, malformed("line break in a payload")
			}
			return f, nil
		case c < 0x20 || c == 0x7f:
			return Frame{}, malformed("control character in a header")
		}
	}
	f.Header = rest
	return f, nil
}

func hasLineBreak(b []byte) bool {
	return bytes.IndexByte(b, '\n') >= 0 || bytes.IndexByte(b, '\r') >= 0
}

// Field returns header field i, counted from 0; nil if there is none.
func (f Frame) Field(i int) []byte {
	h := f.Header
	for ; i > 0; i-- {
		j := bytes.IndexByte(h, ',')
		if j < 0 {
			return nil
		}
		h = h[j+1:]
	}
	if j := bytes.IndexByte(h, ','); j >= 0 {
		h = h[:j]
	}
	return h
}

// Number returns header field i as a number: a message's, a close code, milliseconds.
func (f Frame) Number(i int) (uint64, error) {
	return parseNumber(f.Field(i))
}

// Cursor returns header field i as a cursor.
func (f Frame) Cursor(i int) (Cursor, error) {
	return ParseCursor(f.Field(i))
}

// Append appends the frame as a line, without a line break.
func (f Frame) Append(b []byte) []byte {
	b = append(b, byte(f.Kind))
	b = append(b, f.Header...)
	return append(b, f.Payload...)
}

// JSON returns the payload's JSON text; "null" if there is no payload; an error if it is bytes.
func (p Payload) JSON() ([]byte, error) {
	switch {
	case len(p) == 0:
		return []byte("null"), nil
	case p[0] == '|':
		return p[1:], nil
	}
	return nil, malformed("bytes where JSON is expected")
}

// Bytes returns the payload's raw bytes; nil if there is no payload; an error if it is JSON or not base64.
func (p Payload) Bytes() ([]byte, error) {
	switch {
	case len(p) == 0:
		return nil, nil
	case p[0] == '*':
		b, err := base64.StdEncoding.DecodeString(string(p[1:]))
		if err != nil {
			return nil, malformed("base64")
		}
		return b, nil
	}
	return nil, malformed("JSON where bytes are expected")
}

// IsBytes tells whether the payload is raw bytes rather than JSON.
func (p Payload) IsBytes() bool { return len(p) > 0 && p[0] == '*' }

// JSONPayload makes a payload of compact JSON text, as json.Marshal makes it.
func JSONPayload(text []byte) Payload {
	return append(append(make(Payload, 0, len(text)+1), '|'), text...)
}

// BytesPayload makes a payload of raw bytes.
func BytesPayload(raw []byte) Payload {
	p := make(Payload, 1, 1+base64.StdEncoding.EncodedLen(len(raw)))
	p[0] = '*'
	return base64.StdEncoding.AppendEncode(p, raw)
}

func parseNumber(b []byte) (uint64, error) {
	if len(b) == 0 || len(b) > 16 || (b[0] == '0' && len(b) > 1) { // 2^53-1 has 16 digits
		return 0, malformed("number %q", b)
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, malformed("number %q", b)
		}
		n = n*10 + uint64(c-'0')
	}
	if n > 1<<53-1 {
		return 0, malformed("number %q is over 2^53-1", b)
	}
	return n, nil
}

// AppendNumber appends n in decimal.
func AppendNumber(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

// Lines splits a message or a body into its frames. Empty lines, and a CR before a line break, are dropped.
func Lines(text []byte) [][]byte {
	lines := make([][]byte, 0, 1+bytes.Count(text, []byte{'\n'}))
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		if line = bytes.TrimSuffix(line, []byte{'\r'}); len(line) > 0 {
			lines = append(lines, line)
		}
		text = rest
	}
	return lines
}
