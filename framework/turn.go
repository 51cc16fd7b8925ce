package framework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Turn is the handling of one thing that happened (a message, an answer, a connect, a goodbye, a timer, or a piece of the
// program's own code) with all its effects. Effects are only collected while the handler runs; they become real together, in one atomic commit,
// after it returned nil, or not at all.
//
// A handler may run more than once for the same turn (after a conflict, a crash, or on two instances at the same time): with the same
// ID, and exactly one run commits. Effects outside of the framework should use the ID as their idempotency key.
//
// A Turn is a context.Context. It ends when the turn's time is over or the instance drains; context.Cause tells which.
// It is for the handler's goroutine alone, and over when the handler returns.
type Turn struct {
	context.Context

	srv     *Server
	id      uuid.UUID // zero: not made yet, see uuid
	number  uint64    // of the message
	newIDs  int
	sock    *socket // whose turn it is; nil: nobody's
	user    User
	method  string
	payload protocol.Payload
	codec   Codec // of the payload, or of the answer that the turn goes on with
	attempt int
	what    []any        // of the program runs, for the log
	log     *slog.Logger // nil: not made yet

	volatile bool // the turn may only do volatile things
	over     bool // the handler returned

	collected
	kept      collected // commits also if the handler fails
	keeping   bool      // Always runs: what is collected is to be kept
	count     int       // of effects, and of states that were read
	bytes     int
	volatiles []volatileSend // leave after the commit
	locks     *heldLocks
}

type volatileSend struct {
	topic, socket string // one of them
	data          []byte
}

// ID is the turn's id: a UUID, the same in every run of the turn.
func (t *Turn) ID() string { return t.uuid().String() }

// uuid makes the id for the first who asks.
func (t *Turn) uuid() uuid.UUID {
	switch {
	case t.id != uuid.Nil:
	case t.volatile:
		t.id = newTurnID()
	default:
		t.id = turnID(t.sock.id, t.number)
	}
	return t.id
}

// NewID returns a new id: a UUID. The first call, the second call ... of a turn return the same when the turn runs again, so that what is
// made twice has one name.
func (t *Turn) NewID() string {
	t.newIDs++
	return uuid.NewSHA1(t.uuid(), fmt.Appendf(nil, "%d", t.newIDs)).String()
}

// Now is the instance's time. It differs between runs and between instances.
func (t *Turn) Now() time.Time { return time.Now() }

// User is who the turn's socket belongs to, as the program's Identify said of the request, or the connection, that brought the message; in
// a goodbye, when the socket was opened. In a turn of nobody's it is zero.
func (t *Turn) User() User { return t.user }

// Socket is the id of the socket whose turn this is; "" for timers and the program's own code.
func (t *Turn) Socket() string {
	if t.sock == nil {
		return ""
	}
	return t.sock.id
}

// SessionID is the id of the session that the turn's socket belongs to; "" where Socket is.
func (t *Turn) SessionID() string {
	if t.sock == nil {
		return ""
	}
	return t.sock.session
}

// Method is the full name of the called method, "chat.say"; "" if the turn is not a call.
func (t *Turn) Method() string { return t.method }

// Payload is the call's payload as it came.
func (t *Turn) Payload() Payload { return t.payload }

// Attempt tells how often the turn's message is known to have been tried, this time included: more than 1 in a run after a conflict, and when
// the client had to send it again.
func (t *Turn) Attempt() int { return t.attempt }

// Log is the server's logger with what the turn is: its id as turn, the service, and what of it runs, as method, topic (of a subscription), continuation
// (of an answer or a timer) or hook (connect, away, goodbye); and socket and user, by its ID, if the turn is a socket's.
func (t *Turn) Log() *slog.Logger {
	if t.log == nil {
		t.log = t.srv.turnLog(job{id: t.uuid(), sock: t.sock, user: t.user, method: t.method}).With(t.what...)
	}
	return t.log
}

// runs says what of the program runs, beside the method: keys and values for the log.
func (t *Turn) runs(what ...any) { t.what, t.log = what, nil }

// Send sends an event to a socket: its page's half of the service is called, "chat.notice". It reaches the client once, in order, also if
// it is away for a while. To a socket that has ended nothing is sent.
func (t *Turn) Send(socket, method string, v any) error {
	if socket == "" {
		return errNobody
	}
	p, err := t.encode(method, v, nil)
	if err != nil {
		return err
	}
	return t.add(store.Append{Socket: socket, Data: join("e", method, p)}, len(p))
}

// Ask asks a client a question: its page's half of the service is called, and what it returns is the answer that then goes on
// with. Question and continuation become real with the turn. There is no answer before the turn is over, so nothing can
// wait for it here; outside of turns [Server.Ask] can. Timeout 0 means an hour. Questions count towards Limits.Pending, as timers do: see [Turn.After].
func (t *Turn) Ask(socket, method string, v any, then Bound, timeout time.Duration) error {
	if socket == "" {
		return errNobody
	}
	p, err := t.encode(method, v, &then)
	if err != nil {
		return err
	}
	id, err := t.later(socket, method, then, cmp.Or(timeout, time.Hour))
	if err != nil {
		return err
	}
	return t.add(store.Append{Socket: socket, Data: join("q", id, []byte{','}, method, p)}, len(p))
}

// After runs a timer's continuation after a time, on any instance: not before, and as soon as any instance is there to do it. It
// returns the timer's id for [Turn.Cancel].
//
// A timer counts for the socket whose turn made it until it is done or cancelled. A turn by which a socket would have more of them than Limits.Pending (default
// 200), questions included, has no effect and is answered with [CodeFull]; After itself has returned no error then. So cancel what is not needed any more; and
// what there can be much of for one client, as items that expire, keep in a [State] or [Map], with one timer for the first that is due. Timers that turns of nobody's
// make have no such limit.
func (t *Turn) After(d time.Duration, then Bound) (id string, err error) {
	return t.later("", "", then, d)
}

// Cancel cancels a timer, if it is not yet done.
func (t *Turn) Cancel(timer string) error { return t.add(store.Cancel{Item: timer}, 0) }

// Close ends a socket, this turn's or another: its client is told why and stays away, and its goodbye turn runs.
func (t *Turn) Close(socket, why string) error {
	return t.add(store.End{Socket: socket, Code: int(protocol.CodeEnded), Why: why}, 0)
}

var errNobody = errors.New("framework: no socket: in a turn that belongs to none, Turn.Socket is empty")

func (t *Turn) later(socket, asked string, then Bound, after time.Duration) (string, error) {
	if _, ok := t.srv.reg.continuations[then.name]; !ok {
		return "", fmt.Errorf("framework: continuation %q is not listed in any service", then.name)
	}
	if t.srv.reg.codecOf(asked) == nil {
		asked = ""
	}
	data, err := then.item(t.srv.cfg.Build, asked)
	if err != nil {
		return "", err
	}
	id := t.NewID()
	put := store.Put{Item: id, Socket: socket, After: after, Data: data}
	if t.sock != nil {
		put.By, put.Max = t.sock.id, forStore(t.srv.cfg.Limits.Pending)
	}
	return id, t.add(put, len(data))
}

// encode encodes what a client is told, or asked if there is a continuation.
func (t *Turn) encode(method string, v any, then *Bound) (protocol.Payload, error) {
	if !validMethod(method) {
		return nil, fmt.Errorf("framework: method %q is not of the form service.method", method)
	}
	if err := t.srv.reg.fits(method, v, then); err != nil {
		return nil, err
	}
	p, err := encode(t.srv.reg.codecOf(method), v)
	if err != nil {
		return nil, fmt.Errorf("framework: %s: %w", method, err)
	}
	return p, nil
}

// add collects an effect.
func (t *Turn) add(e store.Effect, size int) error {
	switch {
	case t.over:
		return ErrTurnOver
	case t.volatile:
		return ErrVolatileTurn
	}
	if err := t.room(size); err != nil {
		return err
	}
	t.count++
	t.bytes += size
	t.effects = append(t.effects, e)
	return nil
}

// read asks the store. If the turn is over by then it is not the store that does not answer, and nothing to try again.
func (t *Turn) read(q store.Query) (store.Reply, error) {
	replies, err := t.srv.store.Read(t, []store.Query{q})
	switch {
	case err == nil:
		return replies[0], nil
	case t.Err() != nil:
		return store.Reply{}, t.Err()
	}
	return store.Reply{}, t.srv.unavailable(err)
}

// room returns an error if there is no room for another effect of a size.
func (t *Turn) room(size int) error {
	l := t.srv.cfg.Limits
	switch {
	case t.count >= l.Effects:
		return fmt.Errorf("framework: more than %d effects in one turn", l.Effects)
	case t.bytes+size > l.EffectBytes:
		return fmt.Errorf("framework: effects of more than %d bytes in one turn", l.EffectBytes)
	}
	return nil
}

// roomForAnswer returns an error if the turn's effects and its answer are too much together.
func (t *Turn) roomForAnswer(answer []byte) error {
	if answer != nil && t.bytes+len(answer) > t.srv.cfg.Limits.EffectBytes {
		return Errorf(CodeFull, "the answer has %d bytes, more than one turn may have", len(answer))
	}
	return nil
}

// run runs a handler in the turn, and then what makes effects of its outcome. It turns a panic of either into an error: encoding runs the
// program's code too.
func (t *Turn) run(h Handler, finish func(v any) error) (err error) {
	defer func() {
		t.over = true
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, stack())
		}
	}()
	v, err := h(t)
	t.over = true
	if err == nil {
		// A handler that swallowed the end of its context has still been given less time than it needed: its effects would be
		// those of half its work.
		err = t.stopped()
	} else if stop := t.stopped(); stop != nil && errors.Is(err, t.Err()) {
		err = stop
	}
	if err != nil {
		return err
	}
	return finish(v)
}

// stopped returns why the turn was stopped, if it was.
func (t *Turn) stopped() error {
	if t.Err() == nil {
		return nil
	}
	return context.Cause(t.Context)
}

// join concatenates what strings and byte slices it is given.
func join(parts ...any) []byte {
	size := 0
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			size += len(p)
		case []byte:
			size += len(p)
		case protocol.Payload:
			size += len(p)
		}
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case protocol.Payload:
			b = append(b, p...)
		}
	}
	return b
}
