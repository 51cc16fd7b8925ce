package peers

import (
	"net/http"
	"strconv"
	"sync"
)

var _ = register(Peer{"poll", "", "net/http by hand: the last 1,024 messages, and a channel that is closed when there is one more", makePoll})

// backlog keeps what pollers may have missed.
type backlog struct {
	mu   sync.Mutex
	top  int // how many there were
	kept [1024][]byte
	more chan struct{} // closed with the next one
}

func makePoll(Options) (server, error) {
	b := &backlog{more: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/poll", b.poll)
	return server{Handler: mux, publish: b.add}, nil
}

func (b *backlog) add(message []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[b.top%len(b.kept)] = message
	b.top++
	close(b.more)
	b.more = make(chan struct{})
	return nil
}

// after appends what came after a number, and how far that goes; or it returns what tells of more.
func (b *backlog) after(n int, body []byte) ([]byte, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n == b.top {
		return nil, b.more
	}
	body = append(strconv.AppendInt(body, int64(b.top), 10), '\n')
	for i := max(n, b.top-len(b.kept)); n >= 0 && i < b.top; i++ {
		body = append(append(body, b.kept[i%len(b.kept)]...), '\n')
	}
	return body, nil
}

func (b *backlog) poll(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil {
		n = -1 // the first poll: only how far it goes
	}
	for {
		body, more := b.after(n, nil)
		if body != nil {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
			return
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}
