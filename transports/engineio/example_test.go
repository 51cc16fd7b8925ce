package engineio_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

// An echo server, and a session of it as it goes over the wire.
func Example() {
	echo := &engineio.Server{
		OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) },
	}
	server := httptest.NewServer(echo) // or http.Handle("/engine.io/", echo)
	defer server.Close()

	url, sid := server.URL+"/engine.io/?EIO=4&transport=polling", ""
	for _, request := range [][2]string{{"GET"}, {"POST", "4hello"}, {"GET"}} {
		r, _ := http.NewRequest(request[0], url+sid, strings.NewReader(request[1]))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if text, ok := strings.CutPrefix(string(body), `0{"sid":"`); ok {
			sid, body = "&sid="+text[:26], []byte("0{...}")
		}
		fmt.Printf("%s: %s\n", response.Status, body)
	}
	// Output:
	// 200 OK: 0{...}
	// 200 OK: ok
	// 200 OK: 4hello
}

// A switchboard's frames. In a program of the framework's it is one line: Transports: []transports.Transport{engineio.Transport{}}.
func ExampleTransport() {
	echo := transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		return p, nil
	})
	h, err := transports.Handler(echo, transports.Options{}, engineio.Transport{})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h) // or http.Handle("/rt/", h)
	defer server.Close()

	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(server.URL, "http", "ws", 1)+"/rt/engine.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	if _, _, err := c.ReadMessage(); err != nil { // how the session begins
		fmt.Println(err)
		return
	}
	for _, up := range []string{`4H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`, "4KAAAAAAAAAAAAAAAAAAAAAA\n" + `C1,echo.say|"hello"`} {
		_ = c.WriteMessage(websocket.TextMessage, []byte(up))
		_, down, _ := c.ReadMessage()
		f, _ := protocol.ParseFrame(down[1:])
		fmt.Printf("%c%s\n", f.Kind, f.Payload)
	}
	// Output:
	// h
	// r|"hello"
}
