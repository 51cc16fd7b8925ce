package sockjs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// BenchmarkEcho is a message and its answer: over a WebSocket, and by two requests.
func BenchmarkEcho(b *testing.B) {
	server := httptest.NewServer(&sockjs.Server{
		Options:   sockjs.Options{Limits: transports.Limits{Rate: -1}},
		OnMessage: func(s *sockjs.Session, text string) { s.Send(text) },
	})
	defer server.Close()
	b.Run("websocket", func(b *testing.B) {
		c, _, err := websocket.DefaultDialer.Dial("ws"+server.URL[len("http"):]+"/000/one/websocket", nil)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, _, err := c.ReadMessage(); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := c.WriteMessage(websocket.TextMessage, []byte(`["hello"]`)); err != nil {
				b.Fatal(err)
			}
			if _, got, err := c.ReadMessage(); string(got) != `a["hello"]` {
				b.Fatalf("%q, %v", got, err)
			}
		}
	})
	b.Run("xhr", func(b *testing.B) {
		defer http.DefaultClient.CloseIdleConnections()
		post := func(path, body, want string) {
			response, err := http.Post(server.URL+"/000/two"+path, "", strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			response.Body.Close()
			if string(got) != want {
				b.Fatalf("%q, %v", got, err)
			}
		}
		post("/xhr", "", "o\n")
		b.ReportAllocs()
		for b.Loop() {
			post("/xhr_send", `["hello"]`, "")
			post("/xhr", "", "a[\"hello\"]\n")
		}
	})
}
