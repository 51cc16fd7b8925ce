package transports

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/protocol"
)

// Limits bound what a client may send at once. A zero field has its default.
type Limits struct {
	Frame  int           // bytes of one frame; default 65 KiB: 64 KiB of payload and a header
	Body   int           // bytes of the body of a POST to /up, or of a WebSocket message; default 1 MiB
	Frames int           // frames of a POST to /up, not counting the first; default 256
	Wait   time.Duration // time for a request's body to arrive; default 30 s
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Frame:  cmp.Or(l.Frame, 65<<10),
		Body:   cmp.Or(l.Body, 1<<20),
		Frames: cmp.Or(l.Frames, 256),
		Wait:   cmp.Or(l.Wait, 30*time.Second),
	}
}

var errTooBig = &protocol.Close{Code: protocol.CodeTooBig}

// ReadMessage reads a message of one or more frames and splits it. An error about the message is a *protocol.Close; others are the reader's.
func (l Limits) ReadMessage(r io.Reader) ([][]byte, error) {
	message, err := io.ReadAll(io.LimitReader(r, int64(l.withDefaults().Body)+1))
	if err != nil {
		return nil, err
	}
	return l.Split(message)
}

// Split splits a message into its frames, which are slices of it. The error is a *protocol.Close.
func (l Limits) Split(message []byte) ([][]byte, error) {
	l = l.withDefaults()
	if len(message) > l.Body {
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

// ReadHello reads the body of a POST that is one frame: the hello. If it returns false it has answered the request.
func (l Limits) ReadHello(w http.ResponseWriter, r *http.Request) (hello []byte, ok bool) {
	l = l.withDefaults()
	l.Body = l.Frame
	frames, ok := l.ReadFrames(w, r)
	if ok && len(frames) != 1 {
		Respond(w, nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "the body is not one frame"})
		return nil, false
	}
	if !ok {
		return nil, false
	}
	return frames[0], true
}

// ReadFrames reads the body of a POST. If it returns false it has answered the request.
func (l Limits) ReadFrames(w http.ResponseWriter, r *http.Request) (frames [][]byte, ok bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		RespondStatus(w, http.StatusMethodNotAllowed, &protocol.Close{Code: protocol.CodeMalformed, Why: "POST is expected"})
		return nil, false
	}
	l = l.withDefaults()
	// The server lifts the deadline itself when it has read the body. Not every ResponseWriter has one.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(l.Wait))
	frames, err := l.ReadMessage(http.MaxBytesReader(w, r.Body, int64(l.Body)))
	if err != nil {
		Respond(w, nil, bodyError(err))
		return nil, false
	}
	return frames, true
}

func bodyError(err error) error {
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return errTooBig
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &protocol.Close{Code: protocol.CodeSilent, Why: "the body did not arrive in time"}
	}
	if _, ok := errors.AsType[*protocol.Close](err); ok {
		return err
	}
	return &protocol.Close{Code: protocol.CodeMalformed, Why: "the body broke off"}
}
