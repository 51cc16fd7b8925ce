package sockjs

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// sender is how messages come up by a request.
type sender struct {
	foreign bool // pages of other origins may send so by script
	form    bool // a form may bring them, as its field d
	status  int
	body    string // of the answer, for browsers that want one
}

var senders = map[string]sender{
	"xhr_send":   {foreign: true, status: http.StatusNoContent},
	"jsonp_send": {form: true, status: http.StatusOK, body: "ok"},
}

// send serves a request that brings messages.
func (s *service) send(w http.ResponseWriter, r *http.Request, sid string, by sender) {
	if !s.allows(w, r, http.MethodPost, by.foreign) {
		return
	}
	neverCached(w.Header())
	s.jsessionID(w.Header(), r)
	body, status := s.readBody(w, r)
	if status != 0 {
		s.answer(w, status, plainText, http.StatusText(status)+"\n")
		return
	}
	ms, err := by.messages(r, body)
	if err != nil {
		s.answer(w, http.StatusInternalServerError, plainText, err.Error())
		return
	}
	err = s.deliver(r, sid, ms)
	_, gone := errors.AsType[*session.Gone](err)
	switch {
	case err == nil:
		s.answer(w, by.status, plainText, by.body)
	case gone, errors.Is(err, session.ErrUnknown):
		s.answer(w, http.StatusNotFound, plainText, "no such session\n")
	default:
		s.unavailable(w)
	}
}

// readBody reads what a request brings; a status: it is refused. For a switchboard messages have their limit themselves, and stand here quoted.
func (s *service) readBody(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	limit := s.Limits.Body
	if s.board {
		limit *= 2
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.Limits.Wait)) // not every ResponseWriter has deadlines
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	_ = control.SetReadDeadline(time.Time{}) // the answer may take long. What was not read of a refused one has its time still
	return body, 0
}

func (by sender) messages(r *http.Request, body []byte) ([]session.Message, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // any kind will do
	if by.form && kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errNoPayload
		}
		body = []byte(form.Get("d"))
	}
	return parseMessages(body)
}

// deliver hands messages over, as fast as a client may send.
func (s *service) deliver(r *http.Request, sid string, ms []session.Message) error {
	if err := s.take(r.Context(), s.Limits.Pace(), len(ms)); err != nil {
		return err
	}
	return s.sessions.Deliver(r, sid, ms)
}

// take waits until so many messages may come: for seconds, however many there are.
func (s *service) take(ctx context.Context, pace *transports.Pace, n int) error {
	return pace.Take(ctx, min(n, s.Limits.Burst+10*s.Limits.Rate))
}
