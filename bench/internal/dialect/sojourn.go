package dialect

import (
	"bytes"
	"strconv"
)

// sojourn is Sojourn over a WebSocket. Calls are numbered, or volatile.
type sojourn struct {
	Setting
	conversation
	volatile bool
	n        uint64 // of the last message
}

func newSojourn(s Setting, volatile bool) *sojourn {
	return &sojourn{Setting: s, conversation: newConversation(s), volatile: volatile}
}

func (*sojourn) path() string { return "/rt/ws" }

func (s *sojourn) upgraded(_ *webSocket, out *[]byte, _ Hearer) {
	start := len(*out)
	*out = frame(append(*out, s.hello()...), start, opText)
}

func (s *sojourn) call(b, payload []byte) []byte {
	s.n++
	if s.volatile {
		b = strconv.AppendUint(append(b, 'W'), s.n, 10)
	} else {
		if s.owes() { // it rides with the call, as a client's does
			b = append(append(append(b, 'A'), s.cursor()...), '\n')
		}
		b = strconv.AppendUint(append(b, 'C'), s.n, 10)
	}
	return append(append(b, ",bench.echo|"...), payload...)
}

func (s *sojourn) hear(message []byte, w *webSocket, out *[]byte, h Hearer) error {
	for len(message) > 0 {
		var line []byte
		line, message, _ = bytes.Cut(message, []byte{'\n'})
		if len(line) == 0 {
			continue
		}
		switch line[0] {
		case 'h':
			if subscribed := len(s.topic) > 0; s.Follow && !subscribed {
				s.n++
				w.say(out, "S1,"+s.name)
			} else {
				h.Opened()
			}
		case 'p':
			w.say(out, "A"+string(s.cursor()))
		default:
			if err := s.conversation.hear(line, h); err != nil {
				return err
			}
		}
	}
	return nil
}
