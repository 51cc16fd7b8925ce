package repl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/protocol"
)

// question is one that the server asks, until it is answered.
type question struct {
	n       int
	method  string
	payload protocol.Payload
	answer  chan answer // holds it
}

type answer struct {
	payload protocol.Payload
	err     error
}

func (q *question) String() string {
	return fmt.Sprintf("question %d: %s %s", q.n, q.method, show(q.payload))
}

// handler shows what the server tells, and has its questions wait for an answer.
func (s *session) handler(method string, asked bool) client.Handler {
	if asked {
		return func(ctx context.Context, p protocol.Payload) (any, error) { return s.ask(ctx, method, p) }
	}
	return func(_ context.Context, p protocol.Payload) (any, error) {
		s.out.tell(method, show(p))
		return nil, nil
	}
}

func (s *session) ask(ctx context.Context, method string, p protocol.Payload) (any, error) {
	s.mu.Lock()
	s.asked++
	q := &question{s.asked, method, p, make(chan answer, 1)}
	s.questions[q.n] = q
	s.mu.Unlock()
	s.out.tell(method, fmt.Sprintf("%s (question %d)", show(p), q.n))
	select {
	case a := <-q.answer:
		return a.payload, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *session) answer(_ context.Context, args string) error {
	number, text := cut(args)
	payload, err := s.in.payload(text)
	if err != nil {
		return err
	}
	return s.settle(number, answer{payload: payload})
}

func (s *session) refuse(_ context.Context, args string) error {
	number, text := cut(args)
	code, message := cut(text)
	if code == "" {
		return fmt.Errorf(`a refusal has a code, and may have a message: "refuse %s denied not now"`, number)
	}
	return s.settle(number, answer{err: &client.Error{Code: code, Message: message}})
}

// settle answers a question.
func (s *session) settle(number string, a answer) error {
	n, _ := strconv.Atoi(number)
	s.mu.Lock()
	q := s.questions[n]
	delete(s.questions, n)
	s.mu.Unlock()
	if q == nil {
		return fmt.Errorf("no question %q is open: status lists them", number)
	}
	q.answer <- a
	s.out.say("# ok")
	return nil
}

// open returns the numbers of the questions that are open.
func (s *session) open() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var numbers []string
	for _, n := range slices.Sorted(maps.Keys(s.questions)) {
		numbers = append(numbers, strconv.Itoa(n))
	}
	return numbers
}
