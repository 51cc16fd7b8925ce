package e2e

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// guestsInEcho is a program of Echo's that has both protocols, behind middleware that wraps what is written.
func guestsInEcho(t *testing.T) *httptest.Server {
	sock := &sockjs.Server{Prefix: "/echo", OnMessage: func(s *sockjs.Session, text string) { s.Send(text) }}
	engine := &engineio.Server{OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) }}
	e := echo.New()
	e.Use(middleware.Gzip())
	e.Any("/echo/*", echo.WrapHandler(sock))
	e.Any("/engine.io/", echo.WrapHandler(engine))
	server := httptest.NewServer(e)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(sock.Shutdown(ctx), engine.Shutdown(ctx)); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return server
}

// Section 2.12: frames come one by one through what Echo, and a middleware that compresses, put around a response.
func TestSection2_12_StreamsThroughEcho(t *testing.T) {
	server := guestsInEcho(t)
	post := func(path, body string) *http.Response {
		response, err := http.Post(server.URL+"/echo/000/one/"+path, "text/plain", strings.NewReader(body)) // it asks for gzip
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	stream := post("xhr_streaming", "")
	if !stream.Uncompressed {
		t.Fatal("the stream is not compressed: the test is of no use")
	}
	lines := bufio.NewScanner(stream.Body)
	gives := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("%q came, want %q: %v", lines.Text(), want, lines.Err())
		}
	}
	gives(strings.Repeat("h", 2048)) // what stands before all frames
	gives("o")
	for _, message := range []string{"a", "b"} {
		if r := post("xhr_send", `["`+message+`"]`); r.StatusCode != http.StatusNoContent {
			t.Fatal(r.Status)
		}
		gives(`a["` + message + `"]`)
	}
}

func TestWebSocketsOfGuestsThroughEcho(t *testing.T) {
	server := guestsInEcho(t)
	for _, test := range []struct {
		path, says string
		hears      []string // beginnings
	}{
		{"/echo/websocket", "hello", []string{"hello"}},
		{"/echo/000/one/websocket", `["hello"]`, []string{"o", `a["hello"]`}},
		{"/engine.io/?EIO=4&transport=websocket", "4hello", []string{"0", "4hello"}},
	} {
		ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+test.path, nil)
		if err != nil {
			t.Fatal(test.path, err)
		}
		response.Body.Close()
		defer ws.Close()
		if err := ws.WriteMessage(websocket.TextMessage, []byte(test.says)); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.hears {
			if _, got, err := ws.ReadMessage(); err != nil || !strings.HasPrefix(string(got), want) {
				t.Errorf("%s: %q came, want %q: %v", test.path, got, want, err)
			}
		}
	}
}
