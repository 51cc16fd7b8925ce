package engineio

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// hold is how long a poll is held at most for a switchboard's client, which is to hear something well before it takes the connection for a dead one.
const hold = 20 * time.Second

// poll answers a GET: with what there is, as soon as there is something, or a ping when that is due.
func (e *engine) poll(w http.ResponseWriter, r *http.Request, sid string) {
	came := time.Now()
	receiver, err := e.sessions.Receive(r, sid, session.Carrier{Transport: name, Once: true})
	if errors.Is(err, session.ErrBusy) { // who has lost count of its polls cannot be told anything in order
		e.breaks(w, r, sid, whyError)
		return
	}
	if err != nil {
		e.refuse(w, r, refusalOf(err))
		return
	}
	defer e.polls.arrive(sid)()

	due := e.pings.due(sid, e.PingInterval)
	until := due
	if limit := came.Add(hold); e.board && until.After(limit) {
		until = limit
	}
	ctx, cancel := context.WithDeadline(r.Context(), until)
	defer cancel()
	batch, err := receiver.Next(ctx)
	over := err != nil && !errors.Is(err, context.DeadlineExceeded) || batch.End != nil
	body, err := e.polled(r, sid, came, batch, err)
	switch {
	case errors.Is(err, context.Canceled):
		receiver.Broken()
		return
	case err != nil:
		e.refuse(w, r, refusalOf(err))
		receiver.Broken()
		return
	case !over && !time.Now().Before(due):
		e.pings.said(sid)
		body = body.add(packetPing)
	case len(body) == 0:
		body = body.add(packetNoop)
	}
	if e.say(w, r, body) != nil {
		receiver.Broken()
	}
}

// polled is what a poll is answered; an error of its own is one that it is refused with.
func (e *engine) polled(r *http.Request, sid string, came time.Time, batch session.Batch, err error) (body payload, _ error) {
	if end, ok := errors.AsType[*session.Gone](err); ok {
		if end.Why == whyClose { // the client has said so
			return body.add(packetNoop), nil
		}
		return body.add(packetClose), nil
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, nil
	case errors.Is(err, session.ErrClosed):
		return body.add(packetNoop), nil
	case errors.Is(err, session.ErrMoved), batch.Noop && len(batch.Messages) == 0 && batch.End == nil:
		return e.released(r, sid, came)
	case err != nil:
		return nil, err
	}
	for _, m := range batch.Messages {
		body = body.addMessage(Message(m))
	}
	if batch.End != nil {
		body = body.add(packetClose)
	}
	return body, nil
}

// settle is how long a poll that has just come may have been sent after the packet that upgrades its session.
const settle = 20 * time.Millisecond

// released is the answer of a poll that is to end because of an upgrade. Who comes when that is done is refused, and so is who came a moment before on a connection of its own though it was sent later.
func (e *engine) released(r *http.Request, sid string, came time.Time) (body payload, _ error) {
	if wait := settle - time.Since(came); wait > 0 {
		if !session.Pause(r.Context(), wait) {
			return nil, context.Canceled
		}
		if state, err := e.sessions.Look(r.Context(), sid); err == nil && state == session.Upgraded {
			return nil, session.ErrUpgraded
		}
	}
	return body.add(packetNoop), nil
}

func (e *engine) end(ctx context.Context, sid, why string) {
	_ = e.sessions.End(context.WithoutCancel(ctx), e.sessions.ID(sid), session.Gone{Why: why}) // if nobody hears of it, the session ends at its deadline
}
