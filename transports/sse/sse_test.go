package sse_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	r3labs "github.com/r3labs/sse/v2"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{
		Transport:    sse.Transport{},
		Dial:         dial,
		Heartbeat:    25 * time.Second,
		MaxAge:       295 * time.Second,
		WriteTimeout: 10 * time.Second,
	})
}

type conn struct {
	server *transporttest.Server
	ctx    context.Context
	cancel context.CancelFunc
	body   io.Closer
	events *r3labs.EventStreamReader
}

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	response, err := s.Post(ctx, "sse", hello)
	if err == nil && response.StatusCode != http.StatusOK {
		_, err = transporttest.ReadLines(response)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" {
		err = fmt.Errorf("Content-Type is %q", kind)
	}
	if cache := response.Header.Get("Cache-Control"); cache != "no-cache, no-store, no-transform" {
		err = fmt.Errorf("Cache-Control is %q", cache)
	}
	return &conn{s, ctx, cancel, response.Body, r3labs.NewEventStreamReader(response.Body, 1<<20)}, err
}

func (c *conn) Send(frames ...[]byte) error { return c.server.Up(c.ctx, frames...) }

// Receive reads one event. It is strict: an event is one line of data, or the comment with which the stream begins.
func (c *conn) Receive() ([][]byte, error) {
	event, err := c.events.ReadEvent()
	if err != nil {
		return nil, err
	}
	if string(event) == ":" {
		return c.Receive()
	}
	frame, ok := bytes.CutPrefix(event, []byte("data: "))
	if !ok || bytes.ContainsAny(frame, "\r\n") {
		return nil, fmt.Errorf("the event is %q", event)
	}
	if end := transporttest.CloseIn(frame); end != nil {
		return nil, end
	}
	return [][]byte{bytes.Clone(frame)}, nil
}

func (c *conn) Close() error {
	c.cancel()
	return c.body.Close()
}
