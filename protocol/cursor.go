package protocol

import (
	"bytes"
	"strconv"
)

// Cursor is a place in a stream. Two cursors of one stream that are equal have the same history before them.
type Cursor struct {
	Offset uint64 // counted from 1; 0 is the place before the first entry
	Tag    string // says which history led here; empty only in the zero Cursor
}

// IsZero tells whether c is the zero Cursor: no place known.
func (c Cursor) IsZero() bool { return c.Offset == 0 && c.Tag == "" }

// String writes the cursor as frames do: "12.ab3f9".
func (c Cursor) String() string { return string(c.Append(nil)) }

// Append appends the cursor as frames write it.
func (c Cursor) Append(b []byte) []byte {
	b = strconv.AppendUint(b, c.Offset, 10)
	b = append(b, '.')
	return append(b, c.Tag...)
}

// ParseCursor parses what String writes. The empty text is the zero Cursor, as is "0.".
func ParseCursor(text []byte) (Cursor, error) {
	if len(text) == 0 {
		return Cursor{}, nil
	}
	offset, tag, ok := bytes.Cut(text, []byte{'.'})
	if !ok || len(tag) > 8 {
		return Cursor{}, malformed("cursor %q", text)
	}
	n, err := parseNumber(offset)
	if err != nil {
		return Cursor{}, err
	}
	if n > 0 && len(tag) == 0 {
		return Cursor{}, malformed("cursor %q", text)
	}
	for _, c := range tag {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-') {
			return Cursor{}, malformed("cursor %q", text)
		}
	}
	return Cursor{Offset: n, Tag: string(tag)}, nil
}

// MarshalText writes the cursor as frames do, so that it can stand in JSON.
func (c Cursor) MarshalText() ([]byte, error) { return c.Append(nil), nil }

// UnmarshalText is the reverse of MarshalText.
func (c *Cursor) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCursor(text)
	return err
}
