package peers

import (
	"net/http"
	"slices"

	r3labs "github.com/r3labs/sse/v2"
)

var (
	_ = register(Peer{"sse", "", "net/http by hand: a queue for each stream, one write and flush for each event", makeSSE})
	_ = register(Peer{"r3labs", "github.com/r3labs/sse/v2", "its defaults, without replay", makeR3labs})
)

func makeSSE(Options) (server, error) {
	followers := &set[chan []byte]{}
	h := func(w http.ResponseWriter, r *http.Request) {
		flush := http.NewResponseController(w).Flush
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		w.WriteHeader(http.StatusOK)
		queue := make(chan []byte, outbox)
		followers.add(queue)
		defer followers.remove(queue)
		for err := flush(); err == nil; err = flush() {
			select {
			case event := <-queue:
				if _, err := w.Write(event); err != nil {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/news", h)
	return server{Handler: mux, publish: func(b []byte) error {
		event := slices.Concat([]byte("data: "), b, []byte("\n\n"))
		followers.each(func(queue chan []byte) { queue <- event })
		return nil
	}}, nil
}

func makeR3labs(Options) (server, error) {
	s := r3labs.New()
	s.AutoReplay = false
	s.CreateStream("news")
	mux := http.NewServeMux()
	mux.HandleFunc("/news", s.ServeHTTP)
	return server{Handler: mux, publish: func(b []byte) error {
		s.Publish("news", &r3labs.Event{Data: b})
		return nil
	}}, nil
}
