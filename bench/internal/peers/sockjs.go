package peers

import (
	"net/http"

	"github.com/igm/sockjs-go/v3/sockjs"
)

var _ = register(Peer{"sockjs-go", "github.com/igm/sockjs-go/v3", "its defaults, over a WebSocket, or XHR polling", makeSockJS})

func makeSockJS(Options) (server, error) {
	followers := &set[sockjs.Session]{}
	mux := http.NewServeMux()
	mux.Handle("/echo/", sockjs.NewHandler("/echo", sockjs.DefaultOptions, func(s sockjs.Session) {
		for {
			m, err := s.Recv()
			if err != nil || s.Send(m) != nil {
				return
			}
		}
	}))
	mux.Handle("/news/", sockjs.NewHandler("/news", sockjs.DefaultOptions, func(s sockjs.Session) {
		followers.add(s)
		defer followers.remove(s)
		for {
			if _, err := s.Recv(); err != nil {
				return
			}
		}
	}))
	return server{Handler: mux, publish: func(b []byte) error {
		text := string(b)
		followers.each(func(s sockjs.Session) { _ = s.Send(text) })
		return nil
	}}, nil
}
