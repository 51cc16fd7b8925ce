package client_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
)

// A real server and credentials that run out: fresh ones are said on the connection, or by a request, or in the next hello; and nothing is lost.
func TestCredentialsRunOut(t *testing.T) {
	said := map[string]protocol.Kind{"ws": protocol.Auth, "sse": protocol.Credentials, "longpoll": protocol.Hello}
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			_, url, stop := serve(func(r *http.Request) (framework.User, error) {
				until, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				return framework.User{ID: "ann", Expires: until}, err
			}, framework.Service{Name: "who", Methods: framework.Methods{
				"ami": framework.Call(func(t *framework.Turn, _ any) (string, error) { return t.User().ID, nil }),
			}})
			defer stop()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			renewed := make(chan struct{}, 1000)
			var asked atomic.Int32
			c, err := client.Dial(ctx, url, &client.Options{
				Transports: []string{transport},
				Auth: func(context.Context) (string, error) {
					asked.Add(1)
					return time.Now().Add(time.Second).Format(time.RFC3339Nano), nil
				},
				OnLost: func(stream, why string) { t.Errorf("lost %q: %s", stream, why) },
				Trace: func(direction string, frame []byte) {
					if direction == "up" && asked.Load() > 1 && protocol.Kind(frame[0]) == said[transport] {
						renewed <- struct{}{}
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Abandon()
			id := c.ID()
			for range 2 {
				select {
				case <-renewed:
				case <-ctx.Done():
					t.Fatal("no fresh credentials were said")
				}
			}
			var name string
			if err := c.Call(ctx, "who.ami", nil, &name); err != nil || name != "ann" || c.ID() != id {
				t.Errorf("%q, %v, socket %s, was %s", name, err, c.ID(), id)
			}
		})
	}
}
