package sockjs_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// panics has a program panic when it is told "panic", or opened by such a path; net/http does not log this one.
func panics(w *world) {
	server := w.instances[0].Server
	opened, heard := server.OnOpen, server.OnMessage
	server.OnOpen = func(s *sockjs.Session) {
		opened(s)
		if strings.Contains(s.Request().URL.Path, "/panic/") {
			panic(http.ErrAbortHandler)
		}
	}
	server.OnMessage = func(s *sockjs.Session, text string) {
		heard(s, text)
		if text == "panic" {
			panic(http.ErrAbortHandler)
		}
	}
}

// What panics has had no effect, its client sees the broken response, and nobody else anything.
func TestAPanicHasNoEffect(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			panics(w)
			other := w.receive("/000/other", way)
			other.gives("o")
			if response, err := w.request(w.Context(), v.method, "/panic/one"+v.path, ""); err == nil {
				if got, err := io.ReadAll(response.Body); err == nil {
					t.Errorf("%s is answered %q", way, got)
				}
			}
			w.same("a send to what was not opened", w.do("POST", "/000/one/xhr_send", `["x"]`).status, 404)
			w.receive("/000/one", way).gives("o") // nothing of it is left

			w.poll("/000/two")
			if response, err := w.request(w.Context(), "POST", "/000/two/xhr_send", `["a","panic"]`); err == nil {
				t.Errorf("a send is answered %d", response.StatusCode)
			}
			w.send("/000/two", `["b"]`)
			w.same("a poll", w.poll("/000/two"), "a[\"b\"]\n")
			w.same("goodbyes", len(w.noted(&w.closed)), 0)
		})
	}
}

// A WebSocket has no response to break: it is closed.
func TestAPanicEndsItsWebSocket(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		panics(w)
		other := w.websocket("/000/one/websocket")
		other.gives("o")
		s := w.websocket("/panic/one/websocket")
		s.ends(websocket.CloseInternalServerErr, "")
		s = w.websocket("/000/one/websocket")
		s.gives("o")
		s.say(`["panic"]`)
		s.gives(`c[1002,"Connection interrupted"]`)
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 transport close"})
		other.say(`["x"]`)
		other.gives(`a["x"]`)
	})
}
