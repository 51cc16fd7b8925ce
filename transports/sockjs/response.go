package sockjs

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// piece is of what is written Limits.Write is about.
const piece = 64 << 10

// response writes frames, one at a time, in one piece: clients that are shown a response as it comes get them whole.
type response struct {
	s        *service
	w        http.ResponseWriter
	control  *http.ResponseController
	way      way
	callback string
	sent     int // bytes of frames
}

func (s *service) newResponse(w http.ResponseWriter, v way, callback string) *response {
	return &response{s: s, w: w, control: http.NewResponseController(w), way: v, callback: callback}
}

// begin writes what stands before all frames of a stream, before anything is asked of a store.
func (o *response) begin() error {
	h := o.w.Header()
	h.Set("Content-Type", o.way.contentType)
	if o.way.callback != nil {
		h.Set("X-Content-Type-Options", "nosniff")
	}
	if o.way.once {
		return nil
	}
	h.Set("X-Accel-Buffering", "no") // nginx does, unless told
	return o.bytes(o.way.prelude(o.callback))
}

// write writes a frame.
func (o *response) write(frame []byte) error {
	b := o.way.frame(nil, frame, o.callback)
	o.sent += len(b)
	if o.way.once {
		o.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	return o.bytes(b)
}

func (o *response) bytes(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), piece)
		_ = o.control.SetWriteDeadline(time.Now().Add(o.s.Limits.Write)) // not every ResponseWriter has deadlines
		if _, err := o.w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return o.control.Flush()
}

// batch writes what goes down a stream at once, and the end after it.
func (o *response) batch(b session.Batch) error {
	err := inFrames(b.Messages, o.write)
	if err == nil && b.End != nil {
		err = o.write(closing(*b.End))
	}
	return err
}

// refuse tells why nothing, or nothing more, is received.
func (o *response) refuse(err error) {
	end, gone := errors.AsType[*session.Gone](err)
	switch {
	case gone:
		_ = o.write(closing(*end)) // here as below: if the client is gone there is nobody to tell
	case errors.Is(err, session.ErrBusy):
		_ = o.write(closeFrame(occupied, "Another connection still open"))
	case o.way.once:
		o.s.unavailable(o.w)
	case !errors.Is(err, session.ErrClosed): // else it is to come again, elsewhere
		_ = o.write(closing(session.Gone{}))
	}
}

// closing is the frame of a session's end. What has no code has ended by what happened to it.
func closing(end session.Gone) []byte {
	if end.Code == 0 {
		return closeFrame(interrupted, "Connection interrupted")
	}
	return closeFrame(end.Code, end.Why)
}
