package framework

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// message is a numbered frame of a socket.
type message struct {
	protocol.Frame
	n     uint64
	tries int
	ack   store.Cursor // that came with it
	user  User
	link  *link // that it came over; nil: by a POST
}

// keepGoodbye is how long the store remembers a socket that said goodbye itself: for as long as a request of it may still be under way. Those
// that were lost are remembered for longer, since their clients may come back and ask.
const keepGoodbye = 10 * time.Minute

// numbered tells whether a frame is a message.
func numbered(k protocol.Kind) bool {
	switch k {
	case protocol.Call, protocol.Reply, protocol.ReplyError, protocol.Subscribe, protocol.Unsubscribe, protocol.Goodbye:
		return true
	}
	return false
}

// receipt is what a client is told of its messages, beside their answers.
type receipt struct {
	missing  bool   // message in+1 has not come, and is the next
	in, at   uint64 // messages up to in took effect, and their answers are at or before offset at
	answered bool   // the socket's own stream tells it as well
}

func (r receipt) frame() []byte {
	b := make([]byte, 0, 34)
	if r.missing {
		return protocol.AppendNumber(append(b, byte(protocol.Gap)), r.in+1)
	}
	b = protocol.AppendNumber(append(b, byte(protocol.Committed)), r.in)
	return protocol.AppendNumber(append(b, ','), r.at)
}

// handleMessage makes a message take effect. The error is what the client's connection is to be closed with.
func (s *Server) handleMessage(ctx context.Context, sock *socket, m message) (r receipt, err error) {
	if m.n, err = m.Number(0); err != nil || m.n == 0 {
		return r, protocol.ErrMalformed
	}
	if err := sock.begin(ctx); err != nil {
		return r, err
	}
	defer sock.done()
	in, top := sock.applied()
	leaps := m.n > in+1 && sock.hasLeapt()
	if leaps { // else another instance has probably taken those between, and the commit will tell
		if err := s.look(ctx, sock); err != nil {
			return r, err
		}
		in, top = sock.applied()
	}
	switch {
	case m.n <= in:
		return receipt{in: in, at: top.Offset}, nil
	case m.n > in+1 && leaps:
		return receipt{in: in, missing: true}, nil
	case sock.isFull() && m.Kind != protocol.Goodbye:
		return r, &protocol.Close{Code: protocol.CodeFull}
	}
	j := s.jobOf(sock, m)
	out, failed, err := s.execute(ctx, j)
	if err != nil {
		return r, err
	}
	switch out.Status {
	case store.Applied:
		sock.note(m.n, out.Top)
		return receipt{in: m.n, at: out.Top.Offset, answered: j.answers || failed != nil}, nil
	case store.Repeated:
		sock.note(out.Number, out.Top)
		return receipt{in: out.Number, at: out.Top.Offset}, nil
	case store.Gap:
		sock.noteLeap(out.Number, out.Top)
		return receipt{in: out.Number, missing: true}, nil
	case store.Full:
		sock.noteFull()
		return r, &protocol.Close{Code: protocol.CodeFull}
	}
	return r, s.ended(ctx, sock.id)
}

// jobOf returns the turn that a message asks for.
func (s *Server) jobOf(sock *socket, m message) job {
	j := job{
		cause: store.Cause{Socket: sock.id, Number: m.n}, sock: sock, user: m.user,
		link: m.link, payload: m.Payload, tries: m.tries, ack: m.ack, records: true, always: true,
	}
	switch target := m.Field(1); m.Kind {
	case protocol.Call:
		s.call(&j, target)
	case protocol.Subscribe:
		j.handler = s.subscribeTurn(string(target))
	case protocol.Unsubscribe:
		j.handler = unsubscribeTurn(string(target))
	case protocol.Reply:
		j.patient = true
		j.handler = s.answerTurn(string(target), m.Payload, nil)
	case protocol.ReplyError:
		j.patient = true
		j.handler = s.answerTurn(string(target), nil, errorFrom(m.Payload))
	case protocol.Goodbye:
		j.records = false // nobody is left to read it
		j.handler = s.reg.goodbye.turn
		j.after = []store.Effect{store.Bye{Code: int(protocol.CodeGone), Why: "goodbye", Keep: keepGoodbye}}
	}
	return j
}

// call makes a job that of a method.
func (s *Server) call(j *job, name []byte) {
	method, ok := s.reg.methods[string(name)]
	if ok {
		j.method, j.codec, j.answers, j.handler = method.name, method.codec, method.answers, method.chain
		return
	}
	j.method = string(name)
	j.handler = func(t *Turn) (any, error) { return nil, s.unknown(t, "method "+t.method) }
}

// answerTo is the entry that answers call n.
func answerTo(n uint64, c Codec, v any) ([]byte, error) {
	var head [24]byte
	return encodeAfter(protocol.AppendNumber(append(head[:0], byte(protocol.Answer)), n), c, v)
}

// errorTo is the entry that answers message n with an error.
func errorTo(n uint64, e *Error) []byte {
	return append(protocol.AppendNumber([]byte{byte(protocol.AnswerError)}, n), e.payload()...)
}

// answerTurn goes on with a question that the client answered. The answer to one that was never asked of this socket, or that
// timed out meanwhile, is dropped.
func (s *Server) answerTurn(ask string, answer protocol.Payload, failed error) Handler {
	return func(t *Turn) (any, error) {
		reply, err := t.read(store.Query{Item: ask})
		if err != nil {
			return nil, err
		}
		found := reply.Item
		if reply.Status != store.Applied || found.Socket != t.Socket() {
			return nil, nil
		}
		t.guards = append(t.guards, store.Guard{Item: ask})
		t.kept.effects = append(t.kept.effects, store.Cancel{Item: ask}) // answered, whatever the continuation makes of it
		return nil, s.resume(t, found, answer, failed)
	}
}

// resume runs an item's continuation.
func (s *Server) resume(t *Turn, i store.Item, answer protocol.Payload, failed error) error {
	var kept item
	if err := json.Unmarshal(i.Data, &kept); err != nil {
		return err
	}
	c, ok := s.reg.continuations[kept.Then]
	if !ok {
		if kept.Build > s.cfg.Build {
			return errNewer
		}
		if 0 < i.Tries && i.Tries < maxTake { // claimed: another build that is being deployed may know it, though it does not say that it is newer
			return &protocol.Close{Code: protocol.CodeUnavailable, Why: "no continuation " + kept.Then + " here"}
		}
		return Errorf(CodeNotFound, "no continuation %s here", kept.Then)
	}
	if kept.Gone {
		failed = errAskedGone
	}
	if i.Tries > maxTake {
		return Errorf(CodePoison, "item %s was tried %d times", i.ID, i.Tries-1)
	}
	t.codec = s.reg.codecOf(kept.Asked)
	if c.service != "" { // else it is the framework's own
		t.runs("service", c.service, "continuation", c.name)
	}
	return c.run(t, protocol.Payload(kept.With), answer, failed)
}

// volatileCall runs a message that is not remembered, and returns the frame that answers it.
func (s *Server) volatileCall(ctx context.Context, sock *socket, user User, f protocol.Frame) []byte {
	method, ok := s.reg.methods[string(f.Field(1))]
	var answer []byte
	var err error
	switch {
	case !ok:
		err = Errorf(CodeNotFound, "no method %s here", f.Field(1))
	case !method.volatile:
		err = Errorf(CodeInvalid, "%s is not volatile", f.Field(1))
	default:
		answer, err = s.runVolatile(ctx, sock, user, method, f)
	}
	if err != nil {
		return refusal(f, told(err, ""))
	}
	return answer
}

func (s *Server) runVolatile(ctx context.Context, sock *socket, user User, m method, f protocol.Frame) (answer []byte, err error) {
	r, err := s.beginTurn(ctx, false)
	if err != nil {
		return nil, Errorf(CodeUnavailable, "the instance is being shut down")
	}
	defer s.endTurn(r)
	t := &Turn{Context: r, srv: s, sock: sock, user: user, method: m.name, payload: f.Payload, codec: m.codec, attempt: 1,
		locks: &r.locks, volatile: true}
	err = t.run(m.chain, func(v any) (err error) {
		var head [24]byte
		before := append(append(head[:0], byte(protocol.VolatileAnswer)), f.Field(0)...)
		answer, err = encodeAfter(before, t.codec, v)
		if size, most := len(answer)-len(before), s.cfg.Limits.EffectBytes; err == nil && size > most {
			err = Errorf(CodeFull, "the answer has %d bytes, more than %d", size, most)
		}
		return err
	})
	if err != nil {
		if CodeOf(err) == CodeInternal {
			t.Log().Error("the volatile turn failed", "error", err)
		}
		return nil, err
	}
	s.sendVolatile(r, t.volatiles)
	return answer, nil
}

func validMethod(name string) bool {
	service, method, ok := strings.Cut(name, ".")
	return ok && namePattern.MatchString(service) && namePattern.MatchString(method)
}
