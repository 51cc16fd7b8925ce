package sockjs

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// maxQuiet is how long a poll waits under a switchboard, whose clients take a longer silence for a broken connection.
const maxQuiet = 20 * time.Second

// receive serves a request that receives a session.
func (s *service) receive(w http.ResponseWriter, r *http.Request, sid string, v way) {
	if !s.allows(w, r, v.method, v.foreign) {
		return
	}
	neverCached(w.Header())
	callback, err := v.callbackOf(r)
	if err != nil {
		s.answer(w, http.StatusInternalServerError, plainText, err.Error())
		return
	}
	s.jsessionID(w.Header(), r)
	if _, status := s.readBody(w, r); status != 0 { // nobody needs it, but until it is read the server does not hear of it when the client is gone
		s.answer(w, status, plainText, http.StatusText(status)+"\n")
		return
	}
	out := s.newResponse(w, v, callback)
	switch {
	case out.begin() != nil: // the client is gone
	case v.once:
		s.poll(out, r, sid)
	default:
		s.stream(out, r, sid)
	}
}

// poll answers with one frame.
func (s *service) poll(out *response, r *http.Request, sid string) {
	got, opened, err := s.sessions.Enter(r, sid, session.Carrier{Transport: transportName, Once: true})
	switch {
	case err != nil:
		out.refuse(err)
		return
	case opened:
		_ = out.write(openFrame) // if it does not arrive nobody comes again
		return
	}
	quiet := s.HeartbeatDelay
	if s.board {
		quiet = min(quiet, maxQuiet)
	}
	ctx, cancel := context.WithTimeout(r.Context(), quiet)
	defer cancel()
	b, err := got.Next(ctx)
	switch {
	case err == nil && len(b.Messages) > 0: // an end is told to who comes next
		err = out.write(messageFrame(b.Messages))
	case err == nil:
		err = out.write(closing(*b.End))
	case errors.Is(err, context.DeadlineExceeded):
		err = out.write(heartbeatFrame)
	case errors.Is(err, session.ErrClosed):
		out.w.Header().Set("Connection", "close") // its client comes again, elsewhere
		err = out.write(heartbeatFrame)
	default:
		out.refuse(err)
	}
	if err != nil {
		got.Broken()
	}
}

// stream answers with frames until it is long enough.
func (s *service) stream(out *response, r *http.Request, sid string) {
	got, opened, err := s.sessions.Enter(r, sid, session.Carrier{Transport: transportName, Heartbeat: s.HeartbeatDelay})
	if err != nil {
		out.refuse(err)
		return
	}
	if opened {
		err = out.write(openFrame)
	}
	for due := s.newSchedule(); err == nil && out.sent < s.ResponseLimit && !due.old; {
		var b session.Batch
		b, err = due.next(r.Context(), got)
		switch {
		case err == nil:
			err = out.batch(b)
			if b.End != nil && err == nil {
				return
			}
		case errors.Is(err, context.DeadlineExceeded):
			err = nil
			if due.tick(); !due.old {
				err = out.write(s.heartbeat())
			}
		case errors.Is(err, session.ErrClosed):
			return // its client comes again, elsewhere
		default:
			out.refuse(err)
		}
	}
	if err == nil {
		var b session.Batch
		if b, err = got.Leave(r.Context()); err == nil {
			err = out.batch(b)
		}
	}
	if err != nil {
		got.Broken()
	}
}

// heartbeat is what is said after a silence. The clients of a switchboard listen for one of their own.
func (s *service) heartbeat() []byte {
	if s.board {
		return messageFrame([]session.Message{{Data: []byte{byte(protocol.Ping)}}})
	}
	return heartbeatFrame
}
