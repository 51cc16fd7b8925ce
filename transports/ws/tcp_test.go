package ws_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// Over TCP what is said leaves without waiting, and what the client does not take at once leaves later: all of it, in order, whoever writes. Pings are answered
// meanwhile.
func TestSlowReadersOverTCP(t *testing.T) {
	local := transports.NewLocal(echo)
	h, err := transports.Handler(local, transports.Options{}, ws.Transport{Limits: transports.Limits{Rate: -1}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.Listener = narrow{server.Listener}
	server.Start()
	defer server.Close()
	var all sync.WaitGroup
	for i := range 8 {
		key := fmt.Sprintf("AAAAAAAAAAAAAAAAAAAA%02d", i)
		c := dialTCP(t, server, key)
		socket := protocol.CredentialOf(key).Socket
		all.Go(func() {
			for n := range 300 {
				p := fmt.Sprintf(`|"%d %s"`, n, strings.Repeat("x", 2000))
				if err := local.Send(socket, "kit.event", protocol.Payload(p)); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() { pingsAndEvents(t, c, 300) })
	}
	all.Wait()
}

// narrow is a listener whose connections have little room for what the client does not read.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
	}
	return c, err
}

func dialTCP(t *testing.T, server *httptest.Server, key string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial("ws"+server.URL[len("http"):]+"/rt/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.WriteMessage(websocket.TextMessage, protocol.HelloUp{Version: 1, Key: key, Attach: 1}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.ReadMessage(); err != nil || text[0] != 'h' {
		t.Fatalf("%q, %v", text, err)
	}
	return c
}

// pingsAndEvents reads so many events, in order, then the answer to a call; before that, pings must have been answered.
func pingsAndEvents(t *testing.T, c *websocket.Conn, events int) {
	pongs := 0
	c.SetPongHandler(func(string) error { pongs++; return nil })
	say := func(kind int, text string) {
		if err := c.WriteMessage(kind, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	for n := 0; n <= events; {
		if n%10 == 0 {
			say(websocket.PingMessage, "kit")
		}
		if n == events {
			say(websocket.TextMessage, "C1,a.b|1")
		}
		_, text, err := c.ReadMessage()
		if err != nil {
			t.Errorf("after %d events: %v", n, err)
			return
		}
		for _, frame := range protocol.Lines(text) {
			if f, err := protocol.ParseFrame(frame); err != nil || n < events && !strings.HasPrefix(string(f.Payload), fmt.Sprintf(`|"%d `, n)) {
				t.Errorf("event %d is %.40q, %v", n, frame, err)
				return
			}
			n++
		}
	}
	if pongs == 0 {
		t.Error("no ping was answered")
	}
}
