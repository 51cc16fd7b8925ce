package framework

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// job is a turn that is to be run and committed.
type job struct {
	id      uuid.UUID // zero: that of the message that the cause says
	cause   store.Cause
	sock    *socket // nil: nobody's
	link    *link   // that waits for it to end; nil: none
	user    User
	method  string
	payload protocol.Payload
	codec   Codec // of the method
	tries   int   // how often the client has sent the message before
	ack     store.Cursor
	handler Handler

	before  []store.Effect // take place before the handler's
	after   []store.Effect // take place last, also if the handler fails
	records bool           // the socket's stream has an entry for the handler's error
	answers bool           // and for what it returns
	always  bool           // commit also if the handler fails, without its effects
	patient bool           // nobody would be told that it failed for want of time: it is tried again later
	idle    bool           // do not commit if there are no effects
	bound   bool           // the turn ends with the context it was given
}

const (
	maxRuns    = 8 // of one turn in conflict with others
	maxTries   = 5 // of one message, by the client
	commitTime = 5 * time.Second
)

// execute runs a turn until it is certain what became of it.
//
// The outcome is what the store said of it; failed is the handler's error, which is part of what was recorded if the job is one that always
// commits. An err means that nothing happened, or that nothing is known: a protocol.Close, which is told to the client.
//
// This is the one place where turns are run; the table "What becomes of a turn that does not succeed" in docs/design.md specifies it.
func (s *Server) execute(ctx context.Context, j job) (out store.Outcome, failed, err error) {
	r, err := s.beginTurn(ctx, j.bound)
	if err != nil {
		return out, nil, err
	}
	defer s.endTurn(r)

	handler, full := j.handler, false // full: the turn had more than it may have, and runs to say so
	for run := 1; ; run++ {
		t := &Turn{Context: r, srv: s, id: j.id, number: j.cause.Number, sock: j.sock, user: j.user, method: j.method, payload: j.payload,
			codec: j.codec, attempt: j.tries + run, locks: &r.locks}
		effects, failed := s.handle(t, &j)
		switch {
		case errors.Is(failed, ErrDraining), errors.Is(failed, errNewer), isUnavailable(failed), j.cause.Item != "" && CodeOf(failed) == CodeTimeout:
			return out, failed, &protocol.Close{Code: protocol.CodeUnavailable, Why: "try again"}
		case failed != nil && !j.always:
			return out, failed, nil
		case j.idle && len(effects) == 0: // nothing to commit
			s.sendVolatile(r, t.volatiles)
			return out, nil, nil
		}
		turn := store.Turn{
			Cause: j.cause, Attempt: newAttempt(), From: s.hub.inbox(), Ack: j.ack, Guards: slices.Concat(t.kept.guards, t.guards), Effects: effects,
		}
		out, err = s.commit(r, turn)
		if err != nil {
			s.hub.uncertain(effects)
			return out, failed, err
		}
		s.due.hint(out.NextDue)
		switch out.Status {
		case store.Applied:
			j.link.quietly(func() { s.hub.committed(turn, out.At) })
			if len(t.volatiles) > 0 { // which may take their time
				if j.link != nil {
					j.link.wake()
				}
				s.sendVolatile(r, t.volatiles)
			}
			return out, failed, nil
		case store.Repeated: // perhaps by ourselves, and the answer was lost
			s.hub.uncertain(effects)
			return out, failed, nil
		case store.Conflict:
			j.handler, full = handler, false
			if run >= maxRuns && j.patient {
				return out, failed, &protocol.Close{Code: protocol.CodeUnavailable, Why: "the state kept changing"}
			}
			if run >= maxRuns {
				j.handler = func(*Turn) (any, error) { return nil, Errorf(CodeBusy, "the state kept changing") }
			}
			if run > 2 { // not in step with whoever else is at it
				sleep(r, rand.N(time.Millisecond<<run))
			}
			r.locks.again(r, turn.Guards, out.Fresh)
		case store.Exceeded:
			if len(j.before) > 0 { // not even room for the socket
				return out, failed, nil
			}
			kept := t.kept
			if full { // it was one of those that is too many
				kept = collected{}
			}
			j.handler, full = tooMany(s.cfg.Limits.exceeded(out.Over, effects), kept, t.what), true
		default:
			return out, failed, nil
		}
	}
}

// tooMany answers a turn with one thing too many, of which only that remains which it always does.
func tooMany(full *Error, kept collected, what []any) Handler {
	return func(t *Turn) (any, error) {
		t.kept = kept
		t.runs(what...)
		return nil, full
	}
}

// handle runs the handler once and returns the turn's effects; if it failed, what is recorded of that.
func (s *Server) handle(t *Turn, j *job) (effects []store.Effect, failed error) {
	var states []store.Effect
	var answer []byte
	finish := func(v any) (err error) {
		if states, err = t.stateEffects(); err == nil && j.answers {
			answer, err = answerTo(j.cause.Number, j.codec, v)
		}
		if err == nil {
			err = t.roomForAnswer(answer)
		}
		return err
	}
	err := error(nil)
	if j.tries >= maxTries {
		err = Errorf(CodePoison, "sent %d times without an answer", j.tries)
	} else {
		err = t.run(j.handler, finish)
	}
	if err == nil {
		return j.ending(slices.Concat(j.before, t.kept.all(), t.effects, states), answer), nil
	}
	if errors.Is(err, ErrTurnTime) {
		err = &Error{Code: CodeTimeout, Message: "the turn took too long", cause: err}
	}
	quiet := errors.Is(err, ErrDraining) || errors.Is(err, errNewer) || isUnavailable(err) ||
		j.bound && t.Err() != nil // whoever asked for it has gone, or is told
	if !quiet && (CodeOf(err) == CodeInternal || j.patient) { // else the client is told
		t.Log().Error("the turn failed", "error", err)
	}
	t.collected, t.volatiles = collected{}, nil
	answer = nil
	if j.records {
		answer = errorTo(j.cause.Number, told(err, t.ID()))
	}
	return j.ending(t.kept.all(), answer), err
}

// ending adds to a turn's effects the entry that answers its message, if there is one, and what takes place last.
func (j *job) ending(effects []store.Effect, answer []byte) []store.Effect {
	if answer != nil {
		effects = append(effects, store.Append{Socket: j.sock.id, Data: answer})
	}
	return append(effects, j.after...)
}

// commit sends a turn to the store until its outcome is certain. It does not end with the request: a client that goes away would leave
// the outcome unknown. When the store is away for long it gives up, and the client is told to try again.
func (s *Server) commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	late := &lateContext{values: ctx, until: time.Now().Add(commitTime)}
	defer late.finish()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		out, err := s.store.Commit(late, t)
		if err == nil {
			return out, nil
		}
		if errors.Is(err, store.ErrClosed) || !sleep(late, pause/2+rand.N(pause)) {
			return out, s.unavailable(err)
		}
	}
}

// unavailable is what a client is told when the store does not answer; the cause goes to the log.
func (s *Server) unavailable(err error) error {
	if s.logged.away.now() {
		s.log.Warn("the store does not answer", "error", err)
	}
	return &protocol.Close{Code: protocol.CodeUnavailable, Why: "try again"}
}

func isUnavailable(err error) bool {
	c, ok := errors.AsType[*protocol.Close](err)
	return ok && c.Code == protocol.CodeUnavailable
}

// running is what all runs of a turn share: its context and its locks.
type running struct {
	lateContext
	locks heldLocks
}

// beginTurn begins a turn: it ends with the turn's time or when the instance drains, and not with the request that brought
// the message, unless it is bound to it.
func (s *Server) beginTurn(ctx context.Context, bound bool) (*running, error) {
	if !s.drain.begin() {
		return nil, &protocol.Close{Code: protocol.CodeUnavailable, Why: "the instance is being shut down"}
	}
	return &running{
		lateContext: lateContext{values: ctx, bound: bound, until: time.Now().Add(s.cfg.TurnTime), drain: &s.drain},
		locks:       heldLocks{all: &s.locks},
	}, nil
}

func (s *Server) endTurn(r *running) {
	r.locks.end()
	r.finish()
	s.drain.end()
}

// turnLog is a turn's log, but for what is found out by running the turn: see [Turn.Log].
func (s *Server) turnLog(j job) *slog.Logger {
	about := []any{"turn", j.id.String()}
	if service, _, ok := strings.Cut(j.method, "."); ok {
		about = append(about, "service", service, "method", j.method)
	}
	if j.sock != nil {
		about = append(about, "socket", j.sock.id, "user", j.user.ID)
	}
	return s.log.With(about...)
}

// sendVolatile sends what leaves after a commit without being remembered.
func (s *Server) sendVolatile(ctx context.Context, sends []volatileSend) {
	if len(sends) == 0 {
		return
	}
	v, ok := s.store.(store.Volatiler)
	for _, send := range sends {
		if !ok {
			s.log.Warn("the store cannot pass on volatile messages", "topic", send.topic)
		} else if err := v.Volatile(ctx, send.topic, send.socket, send.data); err != nil {
			s.log.Debug("volatile message lost", "topic", send.topic, "socket", send.socket, "error", err)
		}
	}
}

// newAttempt names one run of a turn, by 128 random bits: no other run anywhere may have them, but they are no secret.
func newAttempt() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	return string(b[:])
}

// turnID is the id of a message's turn: the same on every instance and in every run.
func turnID(socket string, number uint64) uuid.UUID {
	return uuid.NewSHA1(turnSpace, fmt.Appendf(nil, "%s %d", socket, number))
}

var turnSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/sojourn-go/sojourn#turn"))

func stack() []byte { return debug.Stack() }

// sleep waits, and tells whether it waited to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
