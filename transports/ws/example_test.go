package ws_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// An echo server with nothing but a transport, and the frames that go to and fro.
func Example() {
	echo := transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		return p, nil
	})
	h, err := transports.Handler(echo, transports.Options{}, ws.Transport{})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h) // or http.Handle("/rt/", h)
	defer server.Close()

	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1)+"/rt/ws", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	for _, up := range []string{`H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`, `C1,echo.say|"hello"`} {
		_ = c.WriteMessage(websocket.TextMessage, []byte(up))
		_, down, _ := c.ReadMessage()
		f, _ := protocol.ParseFrame(down)
		fmt.Printf("%c%s\n", f.Kind, f.Payload)
	}
	// Output:
	// h
	// r|"hello"
}
