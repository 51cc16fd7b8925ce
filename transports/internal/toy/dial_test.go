package toy_test

import (
	"bufio"
	"bytes"
	"context"
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
		Heartbeat:    25 * time.Second,
		MaxAge:       295 * time.Second,
		WriteTimeout: 10 * time.Second,
	})
}

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	response, err := s.Post(ctx, "lines", hello)
	if err == nil && response.ContentLength >= 0 { // a complete response: it was refused
		_, err = transporttest.ReadLines(response)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &conn{s, ctx, cancel, response, bufio.NewReader(response.Body)}, nil
}

type conn struct {
	server   *transporttest.Server
	ctx      context.Context
	cancel   context.CancelFunc
	response *http.Response
	lines    *bufio.Reader
}

func (c *conn) Send(frames ...[]byte) error { return c.server.Up(c.ctx, frames...) }

func (c *conn) Receive() ([][]byte, error) {
	line, err := c.lines.ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = io.ErrUnexpectedEOF // half a line is no frame
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	if end := transporttest.CloseIn(line); end != nil {
		return nil, end
	}
	return [][]byte{line}, nil
}

func (c *conn) Close() error {
	c.cancel()
	return c.response.Body.Close()
}
