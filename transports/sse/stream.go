package sse

import (
	"net/http"
	"time"
)

// stream writes an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.5).
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	until   time.Time // the deadline
}

func newStream(w http.ResponseWriter, timeout time.Duration) *stream {
	return &stream{w: w, control: http.NewResponseController(w), timeout: timeout}
}

// begin sets the headers. They leave with the first write.
func (s *stream) begin() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-store, no-transform") // no-transform: compressors hold back small events
	h.Set("X-Accel-Buffering", "no")                           // nginx does, unless told
	h.Set("X-Content-Type-Options", "nosniff")
}

// write sends events that leave at once, all together. Its deadline is its own, so that a server-wide WriteTimeout does not cut the stream and a client
// that does not read is given up: when the timeout is over, or an eighth of it earlier, since to set a deadline costs as much as to format an event.
func (s *stream) write(events []byte) error {
	if now := time.Now(); s.until.Sub(now) < s.timeout-s.timeout/8 {
		s.until = now.Add(s.timeout)
		_ = s.control.SetWriteDeadline(s.until) // not every ResponseWriter has deadlines
	}
	if _, err := s.w.Write(events); err != nil {
		return err
	}
	return s.control.Flush()
}

// format appends one event. A frame has no line breaks, so that its data is one line.
func format(b, frame []byte) []byte {
	b = append(b, "data: "...)
	b = append(b, frame...)
	return append(b, "\n\n"...)
}
