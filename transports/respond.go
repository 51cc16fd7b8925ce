package transports

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// piece is how much is written under one deadline, and at most with one write: a client that takes a piece within the write timeout, however slow,
// is not cut off because there was much to say.
const piece = 64 << 10

// Respond answers a request completely: with the frames as lines, and after them, if err is neither nil nor [io.EOF],
// the z frame that protocol.CloseOf makes of it. The status is that of its code, or 200.
func (l Limits) Respond(w http.ResponseWriter, frames [][]byte, err error) {
	if err == nil || errors.Is(err, io.EOF) {
		l.respond(w, http.StatusOK, frames, nil)
		return
	}
	end := protocol.CloseOf(err)
	l.respond(w, end.Code.Status(), frames, end)
}

// RespondStatus answers a request that is refused with a status of its own instead of the code's: 404, 405, 426.
func RespondStatus(w http.ResponseWriter, status int, end *protocol.Close) {
	Limits{}.respond(w, status, nil, end)
}

func (l Limits) respond(w http.ResponseWriter, status int, frames [][]byte, end *protocol.Close) {
	var body []byte
	for _, f := range frames {
		body = append(append(body, f...), '\n')
	}
	if end != nil {
		body = append(end.Append(body), '\n')
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "1") // the client's own back-off goes on from there
	}
	_ = l.Answer(w, status, body) // if the client is gone, or does not read, there is nobody to tell
}

// Answer answers a request completely, with a body whose type is in the headers already. Each 64 KiB have [Limits].Write: the server's WriteTimeout counts from the request's
// arrival, however long the answer was waited for. The error is the first of a write.
func (l Limits) Answer(w http.ResponseWriter, status int, body []byte) error {
	l = l.Defaults()
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(l.Write)) // not every ResponseWriter has deadlines
	w.WriteHeader(status)
	for {
		n := min(len(body), piece)
		if _, err := w.Write(body[:n]); err != nil || n == len(body) {
			return err
		}
		body = body[n:]
		_ = control.SetWriteDeadline(time.Now().Add(l.Write))
	}
}
