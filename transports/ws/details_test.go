package ws_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
	"github.com/sojourn-go/sojourn/transports/ws"
)

var hello = protocol.HelloUp{Version: 1, Key: "AAAAAAAAAAAAAAAAAAAAAA", Attach: 1}.Append(nil)

func echo(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil }

// upgraded connects without a hello.
func upgraded(t *testing.T, s *transporttest.Server) *conn {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: s.NetDial}
	c, _, err := dialer.DialContext(t.Context(), "ws"+s.URL[len("http"):]+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &conn{Conn: c}
}

// ends receives until the end and checks its code and time.
func ends(t *testing.T, c *conn, code protocol.Code, after time.Duration) {
	t.Helper()
	start := time.Now()
	for {
		_, err := c.Receive()
		if err == nil {
			continue
		}
		if end, ok := errors.AsType[*protocol.Close](err); !ok || end.Code != code || time.Since(start) != after {
			t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(start), code, after)
		}
		return
	}
}

func TestNoHelloInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{})
		ends(t, upgraded(t, s), protocol.CodeSilent, 5*time.Second)
	})
}

func TestPingNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local := transports.NewLocal(echo)
		s := transporttest.Serve(t, local, ws.Transport{})
		c := upgraded(t, s)
		if err := c.Send(hello); err != nil {
			t.Fatal(err)
		}
		go func() { // what the server has to say does not show that the client lives
			for range 4 {
				<-time.After(10 * time.Second)
				_ = local.Send(protocol.CredentialOf("AAAAAAAAAAAAAAAAAAAAAA").Socket, "kit.event", nil)
			}
		}()
		ends(t, c, protocol.CodeSilent, 50*time.Second)
	})
}

func TestBinaryMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := upgraded(t, transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{}))
		if err := c.WriteMessage(websocket.BinaryMessage, hello); err != nil {
			t.Fatal(err)
		}
		ends(t, c, protocol.CodeMalformed, 0)
	})
}

func TestEmptyFirstMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := upgraded(t, transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{}))
		if err := c.Send([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		ends(t, c, protocol.CodeMalformed, 0)
	})
}

func TestHelloAndMessagesInOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := upgraded(t, transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{}))
		if err := c.Send(hello, []byte("C1,a.b|1"), []byte("C2,a.b|2")); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for len(got) < 3 {
			frames, err := c.Receive()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range frames {
				got = append(got, f[0])
			}
		}
		if string(got) != "hrr" {
			t.Errorf("frames %q came, want h, r and r", got)
		}
	})
}

// A peer that does not answer the close frame does not hold the connection.
func TestPeerDoesNotClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{})
		c := upgraded(t, s)
		c.SetCloseHandler(func(int, string) error { return nil })
		if err := c.Send([]byte("nonsense")); err != nil {
			t.Fatal(err)
		}
		ends(t, c, protocol.CodeMalformed, 0)
		start := time.Now()
		if _, err := c.NetConn().Read(make([]byte, 1)); err == nil || time.Since(start) != time.Second {
			t.Errorf("the server closed (%v) after %v, want 1s", err, time.Since(start))
		}
	})
}

// A panic while a message is dealt with is logged, and ends nothing but the connection.
func TestPanic(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	synctest.Test(t, func(t *testing.T) {
		local := transports.NewLocal(func(string, string, protocol.Payload) (protocol.Payload, error) { panic("kit") })
		c := upgraded(t, transporttest.Serve(t, local, ws.Transport{}))
		if err := c.Send(hello, []byte("C1,a.b")); err != nil {
			t.Fatal(err)
		}
		ends(t, c, protocol.CodeUnavailable, 0)
	})
	if !strings.Contains(logged.String(), "kit\ngoroutine") {
		t.Errorf("logged is %q", &logged)
	}
}

func TestNotAHandshake(t *testing.T) {
	h, err := transports.Handler(transports.NewLocal(echo), transports.Options{}, ws.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/rt/ws", nil),
		httptest.NewRequest("POST", "/rt/ws", strings.NewReader("H")),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Body.String(), "z4001,,") {
			t.Errorf("%s was answered %d %q", r.Method, w.Code, w.Body)
		}
	}
}

// Cookies that something before the handler has set go with the upgrade.
func TestCookies(t *testing.T) {
	h, err := transports.Handler(transports.NewLocal(echo), transports.Options{}, ws.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sojourn", Value: "s"})
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	c, response, err := websocket.DefaultDialer.Dial("ws"+server.URL[len("http"):]+"/rt/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := fmt.Sprint(response.Cookies()); got != "[sojourn=s]" {
		t.Errorf("cookies %s came", got)
	}
}

// What the client was still sending is read until it has closed: left unread it would turn the close into a TCP reset, and on
// some systems a reset takes with it what was not read yet, the reason.
func TestReadsOnUntilThePeerCloses(t *testing.T) {
	for name, first := range map[string][]byte{"refused": []byte("nonsense"), "opened": []byte(string(hello) + "\n?")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := upgraded(t, transporttest.Serve(t, transports.NewLocal(echo), ws.Transport{}))
				c.SetCloseHandler(func(int, string) error { return nil }) // later
				if err := c.Send(first); err != nil {
					t.Fatal(err)
				}
				ends(t, c, protocol.CodeMalformed, 0)
				for range 50 {
					if err := c.Send([]byte("C1,a.b|" + strings.Repeat("1", 60<<10))); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}
