package engineio_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/sojourn/transports/engineio"
)

// An echo server, and what its clients do.
func Example() {
	server := httptest.NewServer(&engineio.Server{
		OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) },
	})
	defer server.Close()

	url := server.URL + "/engine.io/?EIO=4&transport=polling"
	said := func(r *http.Response, err error) string {
		if err != nil {
			return err.Error()
		}
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		return string(body)
	}
	sid := said(http.Get(url))[len(`0{"sid":"`):][:26]
	fmt.Println(said(http.Post(url+"&sid="+sid, "text/plain", strings.NewReader("4hello"))))
	fmt.Println(said(http.Get(url + "&sid=" + sid)))
	// Output:
	// ok
	// 4hello
}
