package longpoll_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{
		Transport:    longpoll.Transport{},
		Dial:         dial,
		Once:         true,
		WriteTimeout: 10 * time.Second,
	})
}

// conn is one poll.
type conn struct {
	server   *transporttest.Server
	ctx      context.Context
	cancel   context.CancelFunc
	answered chan answer
	response answer
}

type answer struct {
	*http.Response
	err error
}

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &conn{server: s, ctx: ctx, cancel: cancel, answered: make(chan answer, 1)}
	go func() {
		response, err := s.Post(ctx, "lp", hello)
		c.answered <- answer{response, err}
	}()
	return c, nil
}

func (c *conn) Send(frames ...[]byte) error { return c.server.Up(c.ctx, frames...) }

func (c *conn) Receive() ([][]byte, error) {
	if c.response == (answer{}) {
		c.response = <-c.answered
	}
	if c.response.err != nil {
		return nil, c.response.err
	}
	frames, err := transporttest.ReadLines(c.response.Response)
	c.response.err = err
	return frames, err
}

func (c *conn) Close() error {
	c.cancel()
	return nil
}
