package peers

import (
	"net/http"

	"github.com/olahol/melody"
)

var _ = register(Peer{"melody", "github.com/olahol/melody", "its defaults; Broadcast", makeMelody})

func makeMelody(Options) (server, error) {
	calls, news := melody.New(), melody.New()
	calls.HandleMessage(func(s *melody.Session, b []byte) { _ = s.Write(b) })
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _ = calls.HandleRequest(w, r) })
	mux.HandleFunc("/news", func(w http.ResponseWriter, r *http.Request) { _ = news.HandleRequest(w, r) })
	return server{Handler: mux, publish: news.Broadcast}, nil
}
