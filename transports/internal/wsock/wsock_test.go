package wsock_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial connects to a server that serves one WebSocket, and returns when the test is over only after that has returned.
func dial(t *testing.T, l transports.Limits, serve func(*wsock.Conn)) *websocket.Conn {
	t.Helper()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "io", Value: "x"})
		c, err := wsock.Accept(w, r, l)
		if err != nil {
			t.Error(err)
			return
		}
		defer close(done)
		defer c.Close(wsock.Normal, "")
		serve(c)
	}))
	client, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Set-Cookie"); got != "io=x" {
		t.Errorf("the cookie is %q", got)
	}
	t.Cleanup(func() {
		client.Close()
		<-done
		server.Close()
	})
	return client
}

func echo(c *wsock.Conn) error {
	for {
		binary, data, err := c.Read()
		if err == nil {
			err = c.Write(binary, data[:len(data)/2], data[len(data)/2:])
		}
		if err != nil {
			return err
		}
	}
}

// closedWith reads until the client is told the end.
func closedWith(t *testing.T, client *websocket.Conn, code int, reason string) {
	t.Helper()
	for {
		_, _, err := client.ReadMessage()
		end, ok := errors.AsType[*websocket.CloseError](err)
		if err == nil {
			continue
		}
		if !ok || end.Code != code || reason != "" && end.Text != reason {
			t.Fatalf("the connection ended with %v, want %d %q", err, code, reason)
		}
		return
	}
}

func TestMessagesAreEchoed(t *testing.T) {
	client := dial(t, transports.Limits{Body: 300_000}, func(c *wsock.Conn) { _ = echo(c) })
	for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
		for _, data := range []string{"", "x", "héllo \u2028", strings.Repeat("x", 300_000)} {
			if err := client.WriteMessage(kind, []byte(data)); err != nil {
				t.Fatal(err)
			}
			got, back, err := client.ReadMessage()
			if err != nil || got != kind || string(back) != data {
				t.Fatalf("%d bytes came back as %d of kind %d, %v", len(data), len(back), got, err)
			}
		}
	}
}

func TestAMessageBeyondTheLimitIsTold(t *testing.T) {
	client := dial(t, transports.Limits{Body: 1000}, func(c *wsock.Conn) { _ = echo(c) })
	if err := client.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), 1_000_000)); err != nil {
		t.Fatal(err)
	}
	closedWith(t, client, wsock.TooBig, "")
}

func TestTextThatIsNotUTF8IsTold(t *testing.T) {
	client := dial(t, transports.Limits{}, func(c *wsock.Conn) { _ = echo(c) })
	if err := client.WriteMessage(websocket.TextMessage, []byte("\xff")); err != nil {
		t.Fatal(err)
	}
	closedWith(t, client, wsock.NotUTF8, "")
}

func TestTheReasonArrives(t *testing.T) {
	for _, c := range []struct{ said, arrives string }{{"Go away!", "Go away!"}, {strings.Repeat("é", 100), strings.Repeat("é", 61)}} {
		began := make(chan struct{})
		client := dial(t, transports.Limits{}, func(s *wsock.Conn) {
			<-began // and reads nothing of what has come
			s.Close(3000, c.said)
			if err := s.Write(false, nil); err != wsock.ErrClosed {
				t.Errorf("a write after the end: %v", err)
			}
			if _, _, err := s.Read(); err != wsock.ErrClosed {
				t.Errorf("a read after the end: %v", err)
			}
		})
		for range 100 {
			if err := client.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), 1000)); err != nil {
				t.Fatal(err)
			}
		}
		close(began)
		closedWith(t, client, 3000, c.arrives)
	}
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	reading := make(chan error)
	client := dial(t, transports.Limits{}, func(c *wsock.Conn) {
		go func() {
			_, _, err := c.Read()
			if err == nil {
				_, _, err = c.Read()
			}
			reading <- err
		}()
		if err := c.Write(false, []byte("x")); err != nil {
			t.Error(err)
		}
		c.Close(3000, "over")
	})
	closedWith(t, client, 3000, "over")
	if err := <-reading; err == nil {
		t.Error("the read brought something")
	}
}

func TestAClientThatIsGoneIsNotWaitedFor(t *testing.T) {
	failed := make(chan error, 1)
	client := dial(t, transports.Limits{}, func(c *wsock.Conn) { failed <- echo(c) })
	client.Close()
	if err := <-failed; err == nil {
		t.Error("no error")
	}
}

func TestWhatIsNoHandshakeIsLeftToAnswer(t *testing.T) {
	for _, header := range []http.Header{{}, {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}}} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header = header
		_, err := wsock.Accept(w, r, transports.Limits{})
		refused, ok := errors.AsType[*wsock.Refused](err)
		if !ok || refused.Status != http.StatusBadRequest || refused.Why == "" {
			t.Errorf("the error is %v", err)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("it was answered %v %q", w.Header(), w.Body)
		}
	}
}
