package sockjs

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

const (
	maxAge   = 295 * time.Second // of a connection under a switchboard, or up to a tenth less: before the platform cuts it
	maxQuiet = 20 * time.Second  // of a poll under a switchboard, whose clients take a longer silence for a broken connection
)

// receive serves a request that receives a session.
func (s *service) receive(w http.ResponseWriter, r *http.Request, sid string, v way) {
	if !s.allows(w, r, v.method, v.foreign) {
		return
	}
	neverCached(w.Header())
	callback, err := v.callbackOf(r)
	if err != nil {
		answer(w, http.StatusInternalServerError, plainText, err.Error())
		return
	}
	s.jsessionID(w.Header(), r)
	out := newResponse(w, v, callback, s.Limits)
	switch {
	case drain(w, r, s.Limits) != nil || out.begin() != nil: // the client is gone
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
	wait := s.HeartbeatDelay
	if s.board {
		wait = min(wait, maxQuiet)
	}
	b, err := next(r.Context(), got, wait)
	switch {
	case err == nil && len(b.Messages) > 0: // an end is told to who comes next
		err = out.write(appendMessages(nil, b.Messages))
	case err == nil:
		err = out.write(closing(*b.End))
	case errors.Is(err, context.DeadlineExceeded):
		err = out.write(heartbeatFrame)
	case err == session.ErrClosed:
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
	for age := s.newAge(); err == nil && out.sent < s.ResponseLimit && !age.over(); {
		var b session.Batch
		b, err = next(r.Context(), got, age.wait(s.HeartbeatDelay))
		switch {
		case err == nil:
			err = out.batch(b)
			if b.End != nil && err == nil {
				return
			}
		case errors.Is(err, context.DeadlineExceeded) && age.over():
			err = nil
		case errors.Is(err, context.DeadlineExceeded):
			err = out.write(s.heartbeat())
		case err == session.ErrClosed:
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

// next waits so long for what is to go down.
func next(ctx context.Context, got *session.Receiver, wait time.Duration) (session.Batch, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return got.Next(ctx)
}

// heartbeat is what is said after a silence. The clients of a switchboard listen for one of their own.
func (s *service) heartbeat() []byte {
	if s.board {
		return appendMessages(nil, []session.Message{{Data: []byte{byte(protocol.Ping)}}})
	}
	return heartbeatFrame
}

// age says when a connection is old; zero: never.
type age time.Time

func (s *service) newAge() age {
	if !s.board {
		return age{}
	}
	return age(time.Now().Add(maxAge - rand.N(maxAge/10+1))) // connections that began together do not end together
}

func (a age) over() bool { return !time.Time(a).IsZero() && !time.Now().Before(time.Time(a)) }

// wait is how long to wait for something that is due after a while, if the connection is not old before.
func (a age) wait(d time.Duration) time.Duration {
	if time.Time(a).IsZero() {
		return d
	}
	return min(d, time.Until(time.Time(a)))
}
