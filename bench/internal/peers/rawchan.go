package peers

import (
	"net/http"

	"github.com/gorilla/websocket"
)

var _ = register(Peer{"raw-chan", gorilla, "the same, with a goroutine and a queue for each connection, as in gorilla's example of a chat", makeRawChan})

// outbox is how many messages wait for one connection. One that has more is cut off.
const outbox = 256

// writer is a connection with its queue.
type writer struct {
	*websocket.Conn
	queue chan *websocket.PreparedMessage
}

func makeRawChan(Options) (server, error) {
	followers := &set[writer]{}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r, nil); err == nil {
			sendBack(c)
		}
	})
	mux.HandleFunc("/news", func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		f := writer{c, make(chan *websocket.PreparedMessage, outbox)}
		followers.add(f)
		go f.write()
		read(c)
		followers.remove(f)
		close(f.queue)
	})
	return server{Handler: mux, publish: func(b []byte) error {
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, b)
		if err != nil {
			return err
		}
		followers.each(func(f writer) {
			select {
			case f.queue <- m:
			default:
				f.Close()
			}
		})
		return nil
	}}, nil
}

func (f writer) write() {
	for m := range f.queue {
		if f.WritePreparedMessage(m) != nil {
			return
		}
	}
}
