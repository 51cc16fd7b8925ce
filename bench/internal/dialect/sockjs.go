package dialect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// sockjs is SockJS over a WebSocket: messages are JSON strings in arrays.
type sockjs struct {
	Setting
	text []byte // of the message that is read
}

func (s *sockjs) path() string {
	return fmt.Sprintf("%s/000/%016x/websocket", raw{s.Setting}.path(), rand.Uint64())
}

func (*sockjs) upgraded(*webSocket, *[]byte, Hearer) {}

func (*sockjs) call(b, payload []byte) []byte {
	b = append(b, `["`...)
	for _, c := range payload { // JSON without line breaks
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, `"]`...)
}

func (s *sockjs) hear(message []byte, _ *webSocket, _ *[]byte, h Hearer) error {
	switch {
	case len(message) == 1 && message[0] == 'o':
		h.Opened()
	case len(message) == 1 && message[0] == 'h': // heartbeat
	case bytes.HasPrefix(message, []byte("a[")):
		s.strings(message[2:], h)
	default:
		return fmt.Errorf("dialect: SockJS says %q", message)
	}
	return nil
}

// strings tells the JSON strings of a list.
func (s *sockjs) strings(list []byte, h Hearer) {
	inside := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"' && inside:
			h.Came(s.text)
			inside = false
		case c == '"':
			s.text, inside = s.text[:0], true
		case inside:
			if c == '\\' {
				i++
				c = list[i]
			}
			s.text = append(s.text, c)
		}
	}
}
