package sockjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Frames that go down.
var (
	openFrame      = []byte("o")
	heartbeatFrame = []byte("h")
)

// messageFrame is the frame of messages: a["one","two"].
func messageFrame(ms []session.Message) []byte {
	b := []byte("a[")
	for i, m := range ms {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, string(m.Data))
	}
	return append(b, ']')
}

// inFrames writes messages, in frames of a size that a slow client may take its time for.
func inFrames(ms []session.Message, write func([]byte) error) error {
	for len(ms) > 0 {
		n, size := 1, len(ms[0].Data)
		for n < len(ms) && size+len(ms[n].Data) <= piece {
			size += len(ms[n].Data)
			n++
		}
		if err := write(messageFrame(ms[:n])); err != nil {
			return err
		}
		ms = ms[n:]
	}
	return nil
}

// closeFrame is the frame of a session's end: c[3000,"Go away!"].
func closeFrame(code int, reason string) []byte {
	b := strconv.AppendInt([]byte("c["), int64(code), 10)
	return append(appendQuoted(append(b, ','), reason), ']')
}

// appendQuoted appends a JSON string in which everything is escaped that a browser, or what stands between, is known to spoil. encoding/json escapes less.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // what is not UTF-8 is U+FFFD here
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case spoiled(r):
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func spoiled(r rune) bool {
	return r < 0x20 || r >= 0x200c && r <= 0x200f || r >= 0x2028 && r <= 0x202f || r >= 0x2060 && r <= 0x206f || r >= 0xfff0 && r <= 0xffff
}

// What is wrong with what a client sends, in the protocol's words.
var (
	errNoPayload  = errors.New("Payload expected.")
	errBrokenJSON = errors.New("Broken JSON encoding.")
)

// parseMessages parses a JSON array of messages.
func parseMessages(body []byte) ([]session.Message, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errNoPayload
	}
	if !utf8.Valid(body) {
		return nil, errBrokenJSON
	}
	var texts []*string
	err := json.Unmarshal(body, &texts)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Value != "" && body[0] != '[' || err == nil && texts == nil {
		return nil, errNoPayload // it is no array
	}
	if err != nil {
		return nil, errBrokenJSON
	}
	ms := make([]session.Message, len(texts))
	for i, t := range texts {
		if t == nil {
			return nil, errBrokenJSON
		}
		ms[i].Data = []byte(*t)
	}
	return ms, nil
}

// parseOne parses what a WebSocket brings: an array of messages, one message, or nothing.
func parseOne(data []byte) ([]session.Message, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if data[0] == '"' {
		data = append(append([]byte{'['}, data...), ']')
	}
	return parseMessages(data)
}
