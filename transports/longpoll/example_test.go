package longpoll_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

// An echo server with nothing but a transport, and the frames that go to and fro.
func Example() {
	echo := transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		return p, nil
	})
	h, err := transports.Handler(echo, transports.Options{}, longpoll.Transport{})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h) // or http.Handle("/rt/", h)
	defer server.Close()

	post := func(endpoint, body string) {
		response, err := http.Post(server.URL+"/rt/"+endpoint, "text/plain", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		for _, line := range protocol.Lines(text) {
			f, _ := protocol.ParseFrame(line)
			fmt.Printf("%s: %c%s\n", endpoint, f.Kind, f.Payload)
		}
	}
	post("lp", `H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`)
	post("up", "KAAAAAAAAAAAAAAAAAAAAAA,,0\nC1,echo.say|\"hello\"")
	post("lp", `H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":2,"cur":"0."}`)
	// Output:
	// lp: h
	// up: a
	// lp: h
	// lp: r|"hello"
}
