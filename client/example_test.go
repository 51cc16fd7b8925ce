package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// A call, to a service in memory that answers with what it was called with.
func Example() {
	echo := transports.NewLocal(func(_, method string, p protocol.Payload) (protocol.Payload, error) { return p, nil })
	handler, err := transports.Handler(echo, transports.Options{}, ws.Transport{})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	var out string
	if err := c.Call(ctx, "test.echo", "hello", &out); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out, "over", c.Transport())
	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: hello over ws
}
