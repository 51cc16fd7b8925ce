package sockjs_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// An echo server, and a session of it as it goes over the wire.
func Example() {
	echo := &sockjs.Server{
		Prefix:    "/echo",
		OnMessage: func(s *sockjs.Session, text string) { s.Send(text) },
	}
	server := httptest.NewServer(echo) // or http.ListenAndServe(":8081", echo)
	defer server.Close()

	for _, request := range [][2]string{{"xhr"}, {"xhr_send", `["hello"]`}, {"xhr"}} {
		response, err := http.Post(server.URL+"/echo/000/abc/"+request[0], "", strings.NewReader(request[1]))
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Printf("%s: %q\n", response.Status, body)
	}
	// Output:
	// 200 OK: "o\n"
	// 204 No Content: ""
	// 200 OK: "a[\"hello\"]\n"
}

// Under the framework it is one more transport. Its frames go to and fro as SockJS messages.
func ExampleTransport() {
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{sockjs.Transport{}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	server := httptest.NewServer(rt)
	defer server.Close()

	hello := `["H{\"v\":1,\"key\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"c\":1}"]`
	for _, request := range [][2]string{{"xhr"}, {"xhr_send", hello}, {"xhr"}} {
		response, err := http.Post(server.URL+"/rt/sockjs/000/abc/"+request[0], "", strings.NewReader(request[1]))
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Printf("%s: %.4q\n", response.Status, body)
	}
	// Output:
	// 200 OK: "o\n"
	// 204 No Content: ""
	// 200 OK: "a[\"h"
}
