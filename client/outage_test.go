package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// While no instance can be reached a message is not sent again and again: it would come to look like one that kills instances, and be refused for that.
func TestOutageIsNotTheMessagesFault(t *testing.T) {
	var out atomic.Bool
	polls, tries := make(chan bool, 100), make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line, _, _ := strings.Cut(string(body), "\n")
		poll := path.Base(r.URL.Path) == "lp"
		switch {
		case out.Load():
			if poll {
				polls <- true
			}
			w.WriteHeader(http.StatusBadGateway)
		case poll:
			h, err := protocol.ParseHello([]byte(line))
			if err != nil {
				t.Error(err)
			}
			if h.Cursor != nil && !h.Now {
				<-r.Context().Done()
				return
			}
			io.WriteString(w, `h{"id":"0123456789abcdef","in":0,"at":0,"hb":0,"ttl":120}`+"\n")
		default:
			k, err := protocol.ParseHelloPost([]byte(line))
			if err != nil {
				t.Error(err)
			}
			tries <- k.Tries
			io.WriteString(w, "a1,0\n")
		}
	}))
	t.Cleanup(server.Close)
	c := dial(t, server.URL, Options{Transports: []string{"longpoll"}, Reconnect: Reconnect{Min: time.Millisecond, Max: 2 * time.Millisecond}})
	out.Store(true)
	server.CloseClientConnections()
	p := c.Send("a.first", nil)
	for range 12 {
		<-polls
	}
	out.Store(false)
	if n := <-tries; n > suspectTries {
		t.Errorf("the message was sent %d times before, want %d at most", n, suspectTries)
	}
	if err := p.Wait(testContext(t), nil); err != nil {
		t.Error(err)
	}
}
