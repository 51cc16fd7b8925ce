package toy_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/toy"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{
		Transport:    toy.Transport{},
		Dial:         dial,
		Once:         true,
		WriteTimeout: 10 * time.Second,
	})
}

// conn is one request.
type conn struct {
	server   *transporttest.Server
	ctx      context.Context
	cancel   context.CancelFunc
	answered chan struct{}  // closed when there is
	response *http.Response // this,
	err      error          // or that
}

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &conn{server: s, ctx: ctx, cancel: cancel, answered: make(chan struct{})}
	go func() {
		defer close(c.answered)
		c.response, c.err = s.Post(ctx, "toy", hello)
	}()
	return c, nil
}

func (c *conn) Send(frames ...[]byte) error { return c.server.Up(c.ctx, frames...) }

// Receive returns all that the response says, and how it ends.
func (c *conn) Receive() (frames [][]byte, err error) {
	<-c.answered
	if c.err != nil {
		return nil, c.err
	}
	frames, c.err = transporttest.ReadLines(c.response)
	if c.err != io.EOF {
		return frames, c.err // it is lines: it was refused
	}
	var texts []string
	if c.err = json.Unmarshal(frames[0], &texts); c.err != nil {
		return nil, c.err
	}
	frames, c.err = nil, io.EOF
	for _, text := range texts {
		if end := transporttest.CloseIn([]byte(text)); end != nil {
			c.err = end
		} else {
			frames = append(frames, []byte(text))
		}
	}
	return frames, c.err
}

func (c *conn) Close() error {
	c.cancel()
	return nil
}
