package framework

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Do runs a turn for the program's own code: an HTTP handler, a job. What f does through the turn becomes real when it returns nil, all of
// it, or not at all. f may run more than once. An error is f's own, or one that wraps what kept the turn from being committed; [CodeOf] tells.
func (s *Server) Do(ctx context.Context, f func(*Turn) error) error {
	id := newTurnID()
	_, err := s.do(ctx, job{id: id, cause: store.Cause{Key: "turn/" + id.String(), KeepKey: 2 * time.Minute}, idle: true}, f)
	return err
}

// DoOnce is Do for something that must happen once, however often and by however many instances it is asked for: a webhook, a
// scheduled job. The key names it; it is remembered for 24 hours. done tells whether it was this call that did it.
func (s *Server) DoOnce(ctx context.Context, key string, f func(*Turn) error) (done bool, err error) {
	if key == "" || len(key) > 200 {
		return false, errors.New("framework: DoOnce: the key must have 1 to 200 bytes")
	}
	out, err := s.do(ctx, job{id: uuid.NewSHA1(turnSpace, []byte("once "+key)), cause: store.Cause{Key: "once/" + key}}, f)
	return err == nil && out.Status == store.Applied, err
}

func (s *Server) do(ctx context.Context, j job, f func(*Turn) error) (store.Outcome, error) {
	j.bound = true
	j.handler = func(t *Turn) (any, error) { return nil, f(t) }
	out, failed, err := s.execute(ctx, j)
	s.due.passing(ctx)
	switch {
	case err != nil:
		return out, Errorf(CodeUnavailable, "not done, or not known to be: %w", err)
	case failed != nil:
		return out, failed
	}
	return out, nil
}

// Ask asks a client a question and waits for the answer, which is decoded into answer (a pointer; nil to drop it). It is for code outside of turns: inside,
// the question could not leave before the turn is over. It waits until ctx ends, at most for an hour. The error has
// code [CodeTimeout], [CodeGone], or what the client answered with.
func (s *Server) Ask(ctx context.Context, socket, method string, question, answer any) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	id := newTurnID().String()
	w := &waiter{woken: make(chan struct{}, 1)}
	t := s.hub.tail(answersTopic+id, store.Cursor{}, w, nil)
	defer s.hub.forget(context.WithoutCancel(ctx), t, w)
	err := s.Do(ctx, func(t *Turn) error {
		return t.Ask(socket, method, question, asked.With(id), time.Until(deadline))
	})
	if err != nil {
		return err
	}
	a, err := w.wait(ctx, s, t)
	if err != nil {
		return err
	}
	if a.Err != nil {
		return a.Err
	}
	if answer == nil {
		return nil
	}
	if err := decodeTo(s.reg.codecOf(method), a.Answer, answer); err != nil {
		return Errorf(CodeInvalid, "the answer does not fit: %w", err)
	}
	return nil
}

// answersTopic is where the continuation of Server.Ask leaves the answer, on whatever instance it runs, for the instance that waits.
const answersTopic = "~answers/"

type askAnswer struct {
	Answer protocol.Payload `json:"answer,omitempty"`
	Err    *Error           `json:"err,omitempty"`
}

// asked is the continuation of Server.Ask: it passes the answer on as it is, in whatever form.
var asked = &Asked[string, protocol.Payload]{continuation{name: "~asked", run: func(t *Turn, bound, answer protocol.Payload, err error) error {
	id, bad := decode[string](nil, bound)
	if bad != nil {
		return bad
	}
	return publishAnswer(t, id, answer, err)
}}}

func publishAnswer(t *Turn, id string, answer protocol.Payload, err error) error {
	a := askAnswer{Answer: answer}
	if err != nil {
		a = askAnswer{Err: told(err, t.ID())}
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return t.add(store.Publish{Topic: answersTopic + id, Data: text, Keep: 1, TTL: time.Hour}, len(text))
}

// waiter waits for the first entry of a topic.
type waiter struct{ woken chan struct{} }

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *waiter) wait(ctx context.Context, s *Server, t *tail) (a askAnswer, err error) {
	timer := time.NewTicker(checkTopics)
	defer timer.Stop()
	for {
		if _, err := s.hub.sync(ctx, []*tail{t}, nil, checkTopics/2); err != nil && ctx.Err() == nil {
			s.log.Debug("the store does not answer", "error", err)
		}
		t.mu.Lock()
		if len(t.entries) > 0 {
			err = json.Unmarshal(t.entries[0].Data, &a)
			t.mu.Unlock()
			return a, err
		}
		t.mu.Unlock()
		select {
		case <-w.woken:
		case <-timer.C:
		case <-ctx.Done():
			return a, Errorf(CodeTimeout, "no answer in time: %w", ctx.Err())
		}
	}
}
