package engineio_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

func benchmarked(b *testing.B) (url string) {
	echo := &engineio.Server{
		Options:   engineio.Options{Limits: transports.Limits{Burst: -1}},
		OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) },
	}
	server := httptest.NewServer(echo)
	b.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := echo.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
		server.Close()
	})
	return server.URL + "/engine.io/"
}

// BenchmarkPolling is a message up by one request, and back by the next.
func BenchmarkPolling(b *testing.B) {
	url := benchmarked(b) + polling
	ask := func(method, body string) string {
		r, _ := http.NewRequest(method, url, strings.NewReader(body))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return string(text)
	}
	var g greeting
	if err := json.Unmarshal([]byte(ask("GET", "")[1:]), &g); err != nil {
		b.Fatal(err)
	}
	url += "&sid=" + g.SID
	b.ReportAllocs()
	for b.Loop() {
		if got := ask("POST", "4hello"); got != "ok" {
			b.Fatal(got)
		}
		if got := ask("GET", ""); got != "4hello" {
			b.Fatal(got)
		}
	}
}

// BenchmarkWebSocket is a message up and back.
func BenchmarkWebSocket(b *testing.B) {
	c, _, err := websocket.DefaultDialer.Dial("ws"+benchmarked(b)[len("http"):]+sockets, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ReadMessage(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = c.WriteMessage(websocket.TextMessage, []byte("4hello"))
		if _, got, err := c.ReadMessage(); err != nil || string(got) != "4hello" {
			b.Fatal(string(got), err)
		}
	}
}
