package sse_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// An echo server with nothing but a transport, and the frames that go to and fro.
func Example() {
	echo := transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		return p, nil
	})
	h, err := transports.Handler(echo, transports.Options{}, sse.Transport{})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(h) // or http.Handle("/rt/", h)
	defer server.Close()

	const key = "AAAAAAAAAAAAAAAAAAAAAA"
	stream, err := http.Post(server.URL+"/rt/sse", "text/plain", strings.NewReader(`H{"v":1,"key":"`+key+`","c":1}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Body.Close()
	up, err := http.Post(server.URL+"/rt/up", "text/plain", strings.NewReader("K"+key+",,0\nC1,echo.say|\"hello\""))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer up.Body.Close()

	events, kinds := bufio.NewScanner(stream.Body), ""
	for kinds != "hr" && events.Scan() {
		if data, ok := strings.CutPrefix(events.Text(), "data: "); ok {
			f, _ := protocol.ParseFrame([]byte(data))
			kinds += string(rune(f.Kind))
			fmt.Printf("%c%s\n", f.Kind, f.Payload)
		}
	}
	// Output:
	// h
	// r|"hello"
}
