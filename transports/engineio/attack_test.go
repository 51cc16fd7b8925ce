package engineio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

// beside runs an attack while an honest client has a conversation, which it must not notice.
func beside(t *testing.T, p program, attack func(*world)) {
	inWorld(t, p, func(w *world) {
		honest := w.open()
		ws, _ := w.connect()
		attack(w)
		synctest.Wait()
		began := time.Now()
		w.is(honest.post("4hello"), 200, "ok")
		w.is(honest.get(), 200, "4hello")
		ws.say("4hello")
		ws.hear("4hello")
		if took := time.Since(began); took > 0 {
			t.Errorf("an honest client waited for %v", took)
		}
	})
}

// dribble is a body that comes in pieces, one each second.
type dribble struct {
	ctx  context.Context
	left int
}

func (d *dribble) Read(b []byte) (int, error) {
	select {
	case <-time.After(time.Second):
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	if d.left--; d.left < 0 {
		return 0, io.EOF
	}
	b[0] = '4'
	return 1, nil
}

func TestABodyThatTricklesHasItsTime(t *testing.T) {
	beside(t, program{Options: engineio.Options{Limits: transports.Limits{Wait: 5 * time.Second}}}, func(w *world) {
		s := w.open()
		answers := make(chan string, 1)
		began := time.Now()
		go func() {
			r, _ := http.NewRequestWithContext(w.Context(), "POST", w.at[0].URL+"/engine.io/"+s.query, &dribble{w.Context(), 1000})
			response, err := w.at[0].Client.Do(r)
			if err != nil {
				answers <- err.Error()
				return
			}
			response.Body.Close()
			answers <- response.Status
		}()
		<-answers
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("it was listened to for %v", took)
		}
	})
}

// What a handshake leaves is gone at its deadline, and told of once.
func TestManyHandshakes(t *testing.T) {
	const n = 10_000
	inWorld(t, program{}, func(w *world) {
		for range n {
			if got := w.ask("GET", polling, ""); got.status != 200 {
				t.Fatal(got)
			}
		}
		time.Sleep(time.Minute)
		w.mu.Lock()
		ended := len(w.closed)
		w.mu.Unlock()
		if ended != n {
			t.Errorf("%d sessions have ended, want %d", ended, n)
		}
		w.is(w.open().post("4hello"), 200, "ok")
	})
}

func TestAClientThatTakesNothing(t *testing.T) {
	ids := make(chan string, 3)
	flood := strings.Repeat("x", 100_000)
	p := program{OnOpen: func(s *engineio.Socket) { ids <- s.ID() }}
	send := func(w *world, id string, n int) {
		for range n {
			if err := w.servers[0].Send(w.Context(), id, engineio.Message{Data: []byte(flood)}); err != nil {
				return
			}
		}
	}
	t.Run("Polling", func(t *testing.T) {
		inWorld(t, p, func(w *world) {
			s := w.open()
			send(w, <-ids, 200) // more than a session's queue holds
			w.unknown(s.get())  // told, and not with a part of it
			w.ends("transport error")
		})
	})
	t.Run("WebSocket", func(t *testing.T) {
		inWorld(t, p, func(w *world) {
			dialer := websocket.Dialer{NetDialContext: w.at[0].NetDial}
			c, _, err := dialer.DialContext(w.Context(), "ws"+w.at[0].URL[len("http"):]+"/engine.io/"+sockets, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, _, err := c.ReadMessage(); err != nil {
				t.Fatal(err)
			}
			send(w, <-ids, 5)
			time.Sleep(30 * time.Second) // each 64 KiB of a message has 10 s
			w.ends("transport close")
		})
	})
	t.Run("Posting", func(t *testing.T) {
		inWorld(t, program{}, func(w *world) {
			s := w.open()
			began := time.Now()
			for range 3 {
				w.is(s.post(strings.Repeat("4\x1e", 199)+"4"), 200, "ok")
			}
			w.unknown(s.post("4")) // it waits for the client to take what there is
			if took := time.Since(began); took < 10*time.Second {
				t.Errorf("it waited for %v", took)
			}
			w.ends("transport error")
		})
	})
}

func TestWebSocketsThatOnlyKnock(t *testing.T) {
	beside(t, program{}, func(w *world) {
		s := w.open()
		s.poll()
		for range 100 {
			s.dial(s.sid) // one is listened to
		}
		other := w.open()
		for range 100 {
			ws, _ := w.dial(other.sid)
			ws.say("2probe")
			ws.Close()
			synctest.Wait()
		}
	})
}

func TestNonsense(t *testing.T) {
	beside(t, program{}, func(w *world) {
		s := w.open()
		for _, sid := range []string{"%00", "%ff", "~", "..", strings.Repeat("x", 10_000), "a&sid=" + s.sid, "%0d%0aX:1", "\u2028"} {
			for _, query := range []string{polling, sockets} {
				for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"} {
					if got := w.ask(method, query+"&sid="+strings.ReplaceAll(sid, "\u2028", "%E2%80%A8"), "4hello"); got.status/100 != 4 {
						t.Errorf("%s of %.30q is answered %v", method, sid, got)
					}
				}
			}
		}
		w.is(s.post("4hello"), 200, "ok")
	})
}

// A program's panic is of its own session.
func TestAPanicEndsItsWebSocket(t *testing.T) {
	var mu sync.Mutex
	var logged bytes.Buffer
	ended := make(chan string, 2)
	s := &engineio.Server{
		OnOpen: func(s *engineio.Socket) {
			if s.Request().URL.Query().Has("panic") {
				panic("in OnOpen")
			}
		},
		OnMessage: func(s *engineio.Socket, m engineio.Message) {
			if string(m.Data) == "panic" {
				panic("in OnMessage")
			}
			s.Send(m)
		},
		OnClose: func(_, reason string) {
			ended <- reason
			panic("in OnClose")
		},
	}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(writer(func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		logged.Write(b)
	}), "", 0)
	log.SetOutput(server.Config.ErrorLog.Writer())
	defer log.SetOutput(os.Stderr)
	server.Start()
	defer server.Close()
	dial := func(query string) *websocket.Conn {
		c, _, err := websocket.DefaultDialer.Dial("ws"+server.URL[len("http"):]+"/"+sockets+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	quiet, loud, early := dial(""), dial(""), dial("&panic=1")
	defer quiet.Close()
	defer loud.Close()
	defer early.Close()
	for _, c := range []*websocket.Conn{quiet, loud} {
		if _, _, err := c.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	_ = loud.WriteMessage(websocket.TextMessage, []byte("4panic"))
	for _, c := range []*websocket.Conn{loud, early} {
		if _, text, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("after a panic %q, %v", text, err)
		}
	}
	if why := <-ended; why != "transport error" {
		t.Errorf("it has ended because of %q", why)
	}
	_ = quiet.WriteMessage(websocket.TextMessage, []byte("4hello"))
	if _, text, err := quiet.ReadMessage(); string(text) != "4hello" {
		t.Errorf("another session hears %q, %v", text, err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"in OnOpen", "in OnMessage", "in OnClose"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log does not have %q", want)
		}
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// In a request of its own a panic is net/http's, and the session goes on.
func TestAPanicInARequestHoldsNothing(t *testing.T) {
	s := serves(t, nil)
	s.OnOpen = func(x *engineio.Socket) {
		if x.Request().URL.Query().Has("panic") {
			panic("in OnOpen")
		}
	}
	s.OnMessage = func(x *engineio.Socket, m engineio.Message) {
		if string(m.Data) == "panic" {
			panic("in OnMessage")
		}
		x.Send(m)
	}
	panics := func(method, query, body string) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s of %q has not panicked", method, body)
			}
		}()
		directly(t, s, method, query, body)
	}
	panics("GET", polling+"&panic=1", "")
	var g greeting
	if err := json.Unmarshal(directly(t, s, "GET", polling, "").Body.Bytes()[1:], &g); err != nil {
		t.Fatal(err)
	}
	query := polling + "&sid=" + g.SID
	panics("POST", query, "4a\x1e4panic")
	if got := directly(t, s, "POST", query, "4hello").Body.String(); got != "ok" {
		t.Errorf("the next POST is answered %s", got)
	}
	if got := directly(t, s, "GET", query, "").Body.String(); got != "4hello" {
		t.Errorf("a poll brings %q", got)
	}
}
