package engineio

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// post deals with a POST: packets from the client.
func (e *engine) post(w http.ResponseWriter, r *http.Request, sid string) {
	if !e.posts.take(sid) { // two at once have no order
		e.breaks(w, r, sid, whyError)
		return
	}
	defer e.posts.leave(sid)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/octet-stream" { // of an older version of the protocol
		e.breaks(w, r, sid, whyError)
		return
	}
	body, err := e.readBody(w, r)
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		e.refuse(w, r, e.unless(r, sid, tooLarge))
		return
	}
	if err != nil {
		e.refuse(w, r, e.unless(r, sid, badRequest))
		return
	}
	came := time.Now()
	n, err := e.deliver(r, sid, said(r, body))
	switch {
	case errors.Is(err, errPacket):
		e.breaks(w, r, sid, whyParse)
	case errors.Is(err, session.ErrTwice):
		e.breaks(w, r, sid, whyError)
	case err != nil:
		e.refuse(w, r, refusalOf(err))
	default:
		session.Pause(r.Context(), min(paced, time.Duration(n-1)*time.Second/time.Duration(e.Limits.Rate))-time.Since(came))
		_ = e.answer(w, http.StatusOK, "text/html", []byte("ok"))
	}
}

// breaks refuses a request that breaks the protocol, which ends its session; but not one that is on a websocket, since it is no request of that.
func (e *engine) breaks(w http.ResponseWriter, r *http.Request, sid, why string) {
	answer := badRequest
	if err := e.polling(r, sid); err != nil {
		answer = refusalOf(err)
	} else {
		e.end(r.Context(), sid, why)
	}
	e.refuse(w, r, answer)
}

// readBody reads no more than the client's own reckoning can come to: it counts four thirds of a byte as 1.33.
func (e *engine) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(e.Limits.Wait)) // not every ResponseWriter has deadlines
	return io.ReadAll(http.MaxBytesReader(w, r.Body, int64(e.MaxPayload)+int64(e.MaxPayload)/100+1))
}

// paced is how long the answer to a POST of many messages waits at most, so that its client sends no more than Limits.Rate in a second.
const paced = 10 * time.Second

// deliver deals with all packets of a payload, or with none, and returns how many messages there are, or frames for a switchboard.
func (e *engine) deliver(r *http.Request, sid string, body []byte) (n int, _ error) {
	var messages []session.Message
	closes := false
	err := parsePayload(body, func(p packet) error {
		if p.kind == packetPing { // it is the server that pings
			return errPacket
		}
		if m, ok := p.message(); ok && !closes {
			if !m.Binary && !e.board { // a switchboard refuses what is no text
				m.Data = bytes.ToValidUTF8(m.Data, []byte("\uFFFD"))
			}
			messages = append(messages, session.Message(m))
			n += e.weight(m)
		}
		closes = closes || p.kind == packetClose
		return nil
	})
	if err != nil {
		return 0, err
	}
	if len(messages) > 0 {
		err = e.sessions.Deliver(r, sid, messages)
	} else {
		err = e.polling(r, sid)
	}
	if err == nil && closes {
		e.polls.await(r.Context(), sid)
		e.end(r.Context(), sid, whyClose)
	}
	return n, err
}

// weight is what a message counts by Limits.Rate: for a switchboard its frames, before which a line says whose they are.
func (e *engine) weight(m Message) int {
	if !e.board {
		return 1
	}
	return max(1, bytes.Count(m.Data, []byte{'\n'}))
}

// polling tells why a session is not one that is polled.
func (e *engine) polling(r *http.Request, sid string) error {
	state, err := e.sessions.Look(r.Context(), sid)
	if err == nil && state == session.Upgraded {
		err = session.ErrUpgraded
	}
	return err
}
