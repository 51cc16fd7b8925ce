package transports

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// localSocket is one client's conversation.
type localSocket struct {
	local *Local
	id    string
	tag   string        // of every place of its stream: memory does not go back in time
	turn  chan struct{} // holds one while a message is handled

	mu      sync.Mutex
	link    *localLink // the newest connection; nil: away since seen
	seen    time.Time
	number  uint64   // of the newest attach
	in      uint64   // last message handled
	base    uint64   // offset of the place before entries[0]
	entries [][]byte // frames that the client has not acknowledged
	size    int      // of entries, in bytes
	bye     bool
}

// What bounds a stream: a client's own messages are refused at half of it, and all is let go when there would be more.
const (
	maxEntries = 1000
	maxBytes   = 1 << 20
)

// attach makes a new connection the one that receives the stream.
func (s *localSocket) attach(h protocol.HelloUp, c Carrier) (Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case h.Attach < s.number:
		return nil, &protocol.Close{Code: protocol.CodeStale}
	case h.In > s.in:
		return nil, s.closeLocked(protocol.CodeRewound)
	}
	k := &localLink{s: s, once: c.Once, waits: c.Once && h.Cursor != nil && !h.Now, at: s.base, wake: make(chan struct{}, 1), ready: c.Ready}
	if h.Cursor != nil {
		if err := s.acknowledgeLocked(*h.Cursor); err != nil {
			return nil, err
		}
		k.at = h.Cursor.Offset
	}
	if s.link != nil {
		s.link.endLocked(&protocol.Close{Code: protocol.CodeReplaced})
	}
	s.link, s.number = k, h.Attach
	hello := protocol.HelloDown{
		ID: s.id, In: s.in, At: s.topLocked(),
		Heartbeat: int((c.Heartbeat + time.Second - 1) / time.Second),
		TTL:       int(localTTL / time.Second),
	}
	k.head = [][]byte{hello.Append(nil)}
	return k, nil
}

// receive deals with one frame. The answer, if there is one, goes to where the frame came from.
func (s *localSocket) receive(frame []byte) (answer []byte, err error) {
	f, err := protocol.ParseFrame(frame)
	if err != nil {
		return nil, err
	}
	switch f.Kind {
	case protocol.Ack:
		at, err := f.Cursor(0)
		if err != nil {
			return nil, err
		}
		return nil, s.acknowledge(at)
	case protocol.Volatile:
		return s.volatile(f), nil
	case protocol.Call, protocol.Reply, protocol.ReplyError, protocol.Subscribe, protocol.Unsubscribe, protocol.Goodbye:
		n, err := f.Number(0)
		if err != nil {
			return nil, err
		}
		return s.message(n, f)
	}
	return nil, nil // a kind that this version does not know
}

// message handles message n, if it is its turn.
func (s *localSocket) message(n uint64, f protocol.Frame) (answer []byte, err error) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if answer, err := s.admit(n); answer != nil || err != nil {
		return answer, err
	}
	var result protocol.Frame
	switch f.Kind {
	case protocol.Call:
		p, err := s.local.handle(s.id, string(f.Field(1)), f.Payload)
		result = answerOf(protocol.Answer, protocol.AnswerError, p, err)
	case protocol.Subscribe:
		result = protocol.Frame{Kind: protocol.AnswerError, Payload: errorPayload("not_found", "no topics here")}
	case protocol.Goodbye:
		s.local.forget(s.id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = n
	if result.Kind != 0 {
		s.appendLocked(result.Kind, string(protocol.AppendNumber(nil, n)), result.Payload)
		return nil, nil
	}
	if f.Kind == protocol.Goodbye {
		s.bye = true
		if s.link != nil {
			s.link.endLocked(s.closeLocked(protocol.CodeGone))
		}
	}
	return s.committedLocked(), nil
}

// admit says why message n is not to be handled now; nil: it is.
func (s *localSocket) admit(n uint64) (answer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bye:
		return nil, s.closeLocked(protocol.CodeGone)
	case n <= s.in:
		return s.committedLocked(), nil
	case n > s.in+1:
		return protocol.AppendNumber([]byte{byte(protocol.Gap)}, s.in+1), nil
	case len(s.entries) > maxEntries/2, s.size > maxBytes/2:
		return nil, s.closeLocked(protocol.CodeFull)
	}
	return nil, nil
}

func (s *localSocket) volatile(f protocol.Frame) []byte {
	p, err := s.local.handle(s.id, string(f.Field(1)), f.Payload)
	answer := answerOf(protocol.VolatileAnswer, protocol.VolatileError, p, err)
	answer.Header = f.Field(0)
	return answer.Append(nil)
}

// answerOf makes the frame of what a handler returned, but for its header.
func answerOf(ok, failed protocol.Kind, p protocol.Payload, err error) protocol.Frame {
	answer := protocol.Frame{Kind: ok, Payload: p}
	if err == nil && len(p) > 0 {
		_, err = protocol.ParseFrame(answer.Append(nil)) // a line break would make two frames of it
	}
	if err != nil {
		return protocol.Frame{Kind: failed, Payload: errorPayload("internal", err.Error())}
	}
	return answer
}

func errorPayload(code, message string) protocol.Payload {
	text, _ := json.Marshal(map[string]string{"code": code, "message": message}) // strings always can be
	return protocol.JSONPayload(text)
}

// appendLocked adds a frame to the stream, with its cursor before the header.
func (s *localSocket) appendLocked(kind protocol.Kind, header string, p protocol.Payload) {
	b := s.cursorLocked(s.topLocked() + 1).Append([]byte{byte(kind)})
	b = append(append(b, ','), header...)
	b = append(b, p...)
	if len(s.entries) >= maxEntries || s.size+len(b) > maxBytes {
		s.base, s.entries, s.size = s.topLocked(), nil, 0
	}
	s.entries, s.size = append(s.entries, b), s.size+len(b)
	if s.link != nil {
		s.link.wakeLocked()
	}
}

// afterLocked returns the frames after an offset, and before them, if some were let go, the one that says so.
func (s *localSocket) afterLocked(at uint64) [][]byte {
	if at >= s.base {
		return s.entries[at-s.base : len(s.entries) : len(s.entries)]
	}
	lost := s.cursorLocked(s.base).Append([]byte{byte(protocol.Lost), ','})
	return append([][]byte{append(lost, ",expired"...)}, s.entries...)
}

func (s *localSocket) acknowledge(at protocol.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acknowledgeLocked(at)
}

func (s *localSocket) acknowledgeLocked(at protocol.Cursor) error {
	s.seen = time.Now()
	switch {
	case at.IsZero():
		return nil
	case at.Tag != s.tag || at.Offset > s.topLocked():
		return s.closeLocked(protocol.CodeRewound)
	case at.Offset > s.base:
		for _, f := range s.entries[:at.Offset-s.base] {
			s.size -= len(f)
		}
		s.entries = append([][]byte(nil), s.entries[at.Offset-s.base:]...) // a copy, which lets the rest be collected
		s.base = at.Offset
	}
	return nil
}

func (s *localSocket) committed() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committedLocked()
}

func (s *localSocket) committedLocked() []byte {
	b := protocol.AppendNumber([]byte{byte(protocol.Committed)}, s.in)
	return protocol.AppendNumber(append(b, ','), s.topLocked())
}

func (s *localSocket) topLocked() uint64 { return s.base + uint64(len(s.entries)) }

func (s *localSocket) cursorLocked(offset uint64) protocol.Cursor {
	return protocol.Cursor{Offset: offset, Tag: s.tag}
}

func (s *localSocket) closeLocked(code protocol.Code) *protocol.Close {
	in := s.in
	return &protocol.Close{Code: code, In: &in}
}

// moveLocked sends the client elsewhere.
func (s *localSocket) moveLocked() {
	if s.link != nil && s.link.end == nil {
		s.link.head = append(s.link.head, []byte{byte(protocol.Move), '0'})
		s.link.endLocked(io.EOF)
	}
}

func (s *localSocket) awayFor(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		return 0
	}
	return now.Sub(s.seen)
}
