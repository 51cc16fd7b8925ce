package dialect

import (
	"bytes"
	"fmt"
	"strconv"
)

// socketio is Socket.IO 5 on Engine.IO 4, over a WebSocket from the start. A call is an event that is acknowledged.
type socketio struct {
	Setting
	n uint64 // of the last call
}

func (s *socketio) path() string { return "/socket.io/?EIO=4&transport=websocket" }

func (*socketio) upgraded(*webSocket, *[]byte, Hearer) {}

func (s *socketio) call(b, payload []byte) []byte {
	s.n++
	b = strconv.AppendUint(append(b, "42"...), s.n, 10)
	return append(append(append(b, `["echo",`...), payload...), ']')
}

func (s *socketio) hear(message []byte, w *webSocket, out *[]byte, h Hearer) error {
	switch {
	case bytes.HasPrefix(message, []byte("0")): // Engine.IO is open
		w.say(out, "40")
	case bytes.HasPrefix(message, []byte("2")): // ping
		w.say(out, "3")
	case bytes.HasPrefix(message, []byte("40")):
		if s.Follow {
			w.say(out, `420["follow"]`)
		} else {
			h.Opened()
		}
	case bytes.HasPrefix(message, []byte("430[]")) && s.Follow:
		h.Opened()
	case bytes.HasPrefix(message, []byte("42")), bytes.HasPrefix(message, []byte("43")):
		from, to := bytes.IndexByte(message, '{'), bytes.LastIndexByte(message, '}')
		if from < 0 || to < from {
			return fmt.Errorf("dialect: Socket.IO says %q", message)
		}
		h.Came(message[from : to+1])
	default:
		return fmt.Errorf("dialect: Socket.IO says %q", message)
	}
	return nil
}
