package peers

import (
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

const gorilla = "github.com/gorilla/websocket"

var _ = register(Peer{"raw", gorilla, "net/http and gorilla/websocket; whoever publishes writes to each connection", makeRaw})

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// set is who follows.
type set[T comparable] struct {
	mu  sync.Mutex
	all map[T]struct{}
}

func (s *set[T]) add(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[T]struct{}{}
	}
	s.all[t] = struct{}{}
}

func (s *set[T]) remove(t T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, t)
}

func (s *set[T]) each(f func(T)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.all {
		f(t)
	}
}

func makeRaw(Options) (server, error) {
	followers := &set[*websocket.Conn]{}
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
		followers.add(c)
		defer followers.remove(c)
		read(c)
	})
	return server{Handler: mux, publish: func(b []byte) error {
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, b) // encoded once
		if err != nil {
			return err
		}
		followers.each(func(c *websocket.Conn) { _ = c.WritePreparedMessage(m) })
		return nil
	}}, nil
}

// sendBack answers each message with itself.
func sendBack(c *websocket.Conn) {
	defer c.Close()
	for {
		kind, b, err := c.ReadMessage()
		if err != nil || c.WriteMessage(kind, b) != nil {
			return
		}
	}
}

// read reads until the end.
func read(c *websocket.Conn) {
	defer c.Close()
	for {
		if _, _, err := c.NextReader(); err != nil {
			return
		}
	}
}
