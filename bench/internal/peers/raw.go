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

// topics are who follows what.
type topics struct {
	mu  sync.Mutex
	all map[string]*set[*websocket.Conn]
}

// of returns who follows a topic; "" is that of /news.
func (t *topics) of(name string) *set[*websocket.Conn] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]*set[*websocket.Conn]{}
	}
	s, ok := t.all[name]
	if !ok {
		s = &set[*websocket.Conn]{}
		t.all[name] = s
	}
	return s
}

func makeRaw(Options) (server, error) {
	topics := &topics{}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r, nil); err == nil {
			sendBack(c)
		}
	})
	follow := func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		followers := topics.of(r.PathValue("topic"))
		followers.add(c)
		defer followers.remove(c)
		read(c)
	}
	mux.HandleFunc("/news", follow)
	mux.HandleFunc("/news/{topic}", follow)
	publishTo := func(topic string, b []byte) error {
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, b) // encoded once
		if err != nil {
			return err
		}
		topics.of(topic).each(func(c *websocket.Conn) { _ = c.WritePreparedMessage(m) })
		return nil
	}
	return server{Handler: mux, publish: func(b []byte) error { return publishTo("", b) }, publishTo: publishTo}, nil
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
