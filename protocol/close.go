package protocol

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Code says why a connection was closed. It is also the close code of a WebSocket.
type Code int

// The close codes. What a client does about each is its [Action].
const (
	CodeMove        Code = 4000
	CodeMalformed   Code = 4001
	CodeDenied      Code = 4002
	CodeStale       Code = 4003
	CodeGone        Code = 4004
	CodeReplaced    Code = 4005
	CodeUnavailable Code = 4006
	CodeTooBig      Code = 4007
	CodeFull        Code = 4008
	CodeVersion     Code = 4009
	CodeRewound     Code = 4010
	CodeEnded       Code = 4011
	CodeUserChanged Code = 4012
	CodeSilent      Code = 4013
	CodeExpired     Code = 4014
	CodeCrowded     Code = 4015
)

// Action is what a client does when its connection was closed with a code.
type Action int

const (
	Resume Action = iota // connects again with the same socket; also when a connection breaks without a code
	Anew                 // connects again with a new socket, and tells the program (lost)
	Stop                 // does not connect again by itself
)

// codes is the one table of close codes; docs/protocol.md shows it to people, and a test compares the two.
var codes = map[Code]struct {
	name   string
	action Action
	status int
}{
	CodeMove:        {"move", Resume, http.StatusOK},
	CodeMalformed:   {"malformed", Stop, http.StatusBadRequest},
	CodeDenied:      {"denied", Stop, http.StatusForbidden},
	CodeStale:       {"stale", Stop, http.StatusOK},
	CodeGone:        {"gone", Anew, http.StatusOK},
	CodeReplaced:    {"replaced", Stop, http.StatusOK},
	CodeUnavailable: {"unavailable", Resume, http.StatusServiceUnavailable},
	CodeTooBig:      {"too_big", Stop, http.StatusRequestEntityTooLarge},
	CodeFull:        {"full", Resume, http.StatusOK},
	CodeVersion:     {"version", Stop, http.StatusBadRequest},
	CodeRewound:     {"rewound", Anew, http.StatusOK},
	CodeEnded:       {"ended", Stop, http.StatusOK},
	CodeUserChanged: {"user_changed", Anew, http.StatusOK},
	CodeSilent:      {"silent", Resume, http.StatusRequestTimeout},
	CodeExpired:     {"expired", Resume, http.StatusUnauthorized},
	CodeCrowded:     {"crowded", Resume, http.StatusTooManyRequests},
}

// String returns the code's name, "gone", or its number if it is not in the table.
func (c Code) String() string {
	if row, ok := codes[c]; ok {
		return row.name
	}
	return strconv.Itoa(int(c))
}

// Action returns what a client does about the code. For a code that is not in the table it is Resume.
func (c Code) Action() Action { return codes[c].action }

// Status returns the HTTP status of a response that ends with the code.
func (c Code) Status() int {
	if row, ok := codes[c]; ok {
		return row.status
	}
	return http.StatusOK
}

// Close is a connection's end with a code: the z frame, and the error that a transport is given for it.
type Close struct {
	Code Code    // what the client is to do
	In   *uint64 // last message of the socket that took effect; nil: unknown
	Why  string  // for people; reaches the client
}

// Error implements error.
func (c *Close) Error() string {
	if c.Why == "" {
		return "protocol: closed: " + c.Code.String()
	}
	return fmt.Sprintf("protocol: closed: %s: %s", c.Code, c.Why)
}

// Append appends the z frame.
func (c *Close) Append(b []byte) []byte {
	b = AppendNumber(append(b, byte(Closed)), uint64(c.Code))
	b = append(b, ',')
	if c.In != nil {
		b = AppendNumber(b, *c.In)
	}
	b = append(b, ',')
	for _, r := range c.Why { // a header field: no separators, no control characters
		if r < 0x20 || r == 0x7f || r == ',' || r == '|' || r == '*' {
			r = ' '
		}
		b = append(b, string(r)...)
	}
	return b
}

// ParseClose reads a z frame.
func ParseClose(f Frame) (*Close, error) {
	code, err := f.Number(0)
	if err != nil || f.Kind != Closed {
		return nil, malformed("close")
	}
	c := &Close{Code: Code(code), Why: string(f.Field(2))}
	if text := f.Field(1); len(text) > 0 {
		n, err := parseNumber(text)
		if err != nil {
			return nil, err
		}
		c.In = &n
	}
	return c, nil
}

// CloseOf returns err as the Close that a client is to be told: the one it wraps; malformed for an
// [ErrMalformed]; else unavailable, without the error's text, which is for the log.
func CloseOf(err error) *Close {
	var c *Close
	switch {
	case errors.As(err, &c):
		return c
	case errors.Is(err, ErrMalformed):
		return &Close{Code: CodeMalformed, Why: err.Error()}
	}
	return &Close{Code: CodeUnavailable}
}
