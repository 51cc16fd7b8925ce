package transports

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/protocol"
)

// Limits bound what one client may send at once, and how long it may take. A zero field has its default; one that is negative bounds nothing.
type Limits struct {
	Frame  int // bytes of one frame; default 65 KiB: 64 KiB of payload and a header
	Body   int // bytes of the body of a POST to /up, or of a WebSocket message; default 1 MiB
	Frames int // lines, empty ones too, of a POST to /up, not counting the first, or of a WebSocket message; default 256, over a WebSocket 2,048

	Wait  time.Duration // time for a request's body, or a WebSocket message that has begun, to arrive; default 30 s
	Write time.Duration // time for a client to take in 64 KiB of what is written to it, else it is cut off; default 10 s

	// What comes faster is read, and answered, later: nothing is refused or lost. See Pace.
	Rate  int // frames per second of a WebSocket, or within a POST; default 1,000
	Burst int // frames that a WebSocket may bring at once before Rate counts; default 2,000
}

// What a negative limit stands for: numbers that can be reckoned with, and that nothing reaches.
const (
	many  = math.MaxInt / 2
	never = 100 * 365 * 24 * time.Hour
)

// Defaults returns the limits with every field set: zero fields to their defaults, negative ones to what nothing reaches.
func (l Limits) Defaults() Limits {
	return Limits{
		Frame:  limit(l.Frame, 65<<10, many),
		Body:   limit(l.Body, 1<<20, many),
		Frames: limit(l.Frames, 256, many),
		Wait:   limit(l.Wait, 30*time.Second, never),
		Write:  limit(l.Write, 10*time.Second, never),
		Rate:   limit(l.Rate, 1000, many),
		Burst:  limit(l.Burst, 2000, many),
	}
}

func limit[N int | time.Duration](n, byDefault, none N) N {
	if n < 0 {
		return none
	}
	return cmp.Or(n, byDefault)
}

var errTooBig = &protocol.Close{Code: protocol.CodeTooBig}

// ReadMessage reads a message of one or more frames into a buffer, which it makes larger if need be, and splits it: the frames are parts of the buffer. An
// error about the message is a *protocol.Close; others are the reader's.
func (l Limits) ReadMessage(r io.Reader, buffer *[]byte) ([][]byte, error) {
	b := (*buffer)[:0]
	if cap(b) > 2*piece { // a larger one is left to the collector
		b = nil
	}
	for most := l.Defaults().Body; len(b) <= most; {
		b = slices.Grow(b, 512)
		n, err := r.Read(b[len(b):min(cap(b), most+1)])
		b = b[:len(b)+n]
		*buffer = b
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return l.Split(b)
}

// readAll reads no more than one byte over the limit.
func readAll(r io.Reader, limit int) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, int64(limit)+1))
}

// Split splits a message into its frames, which are slices of it. The error is a *protocol.Close.
func (l Limits) Split(message []byte) ([][]byte, error) {
	l = l.Defaults()
	if len(message) > l.Body || countLines(message) > l.Frames { // counted first: the slices of a million lines are larger than they
		return nil, errTooBig
	}
	if !utf8.Valid(message) {
		return nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "not UTF-8"}
	}
	frames := protocol.Lines(message)
	for _, f := range frames {
		if len(f) > l.Frame {
			return nil, errTooBig
		}
	}
	return frames, nil
}

func countLines(message []byte) int {
	n := bytes.Count(message, []byte{'\n'})
	if len(message) > 0 && message[len(message)-1] != '\n' {
		n++
	}
	return n
}

// ReadHello reads the body of a POST that is one frame: the hello. If it returns false it has answered the request.
func (l Limits) ReadHello(w http.ResponseWriter, r *http.Request) (hello []byte, ok bool) {
	l = l.Defaults()
	l.Body = l.Frame
	body, ok := l.readBody(w, r)
	if !ok {
		return nil, false
	}
	frames, err := l.Split(body)
	if err == nil && len(frames) != 1 {
		err = &protocol.Close{Code: protocol.CodeMalformed, Why: "the body is not one frame"}
	}
	if err != nil {
		l.Respond(w, nil, err)
		return nil, false
	}
	return frames[0], true
}

// ReadFrames reads the body of a POST to /up: a first frame, that says who sends, and Frames more at most. If it returns false it has answered the request.
func (l Limits) ReadFrames(w http.ResponseWriter, r *http.Request) (frames [][]byte, ok bool) {
	l = l.Defaults()
	body, ok := l.readBody(w, r)
	if !ok {
		return nil, false
	}
	l.Frames++ // the first
	frames, err := l.Split(body)
	if err != nil {
		l.Respond(w, nil, err)
		return nil, false
	}
	return frames, true
}

// readBody reads the body of a POST. The limits have their defaults.
func (l Limits) readBody(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		RespondStatus(w, http.StatusMethodNotAllowed, &protocol.Close{Code: protocol.CodeMalformed, Why: "POST is expected"})
		return nil, false
	}
	// The server lifts the deadline itself when it has read the body. Not every ResponseWriter has one.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(l.Wait))
	body, err := readAll(http.MaxBytesReader(w, r.Body, int64(l.Body)), l.Body)
	if err != nil {
		l.Respond(w, nil, bodyError(err))
		return nil, false
	}
	return body, true
}

func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooBig
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &protocol.Close{Code: protocol.CodeSilent, Why: "the body did not arrive in time"}
	}
	return &protocol.Close{Code: protocol.CodeMalformed, Why: "the body broke off"}
}
