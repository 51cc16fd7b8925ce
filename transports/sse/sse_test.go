package sse_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	r3labs "github.com/r3labs/sse/v2"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports"
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

// The headers and a first comment leave before there is anything to say.
func TestBeginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transporttest.Serve(t, quiet{}, sse.Transport{})
		start := time.Now()
		response, err := s.Post(t.Context(), "sse", []byte("H{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		first := make([]byte, 3)
		if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != ":\n\n" || time.Since(start) != 0 {
			t.Errorf("the stream begins with %q, %v after %v", first, err, time.Since(start))
		}
		for name, want := range map[string]string{
			"Content-Type":      "text/event-stream; charset=utf-8",
			"Cache-Control":     "no-cache, no-store, no-transform",
			"X-Accel-Buffering": "no",
			"Content-Length":    "",
			"Content-Encoding":  "",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
}

// quiet is a switchboard that accepts everybody and says nothing.
type quiet struct {
	transports.Switchboard
	transports.Link
}

func (quiet) Open(*http.Request, []byte, transports.Carrier) (transports.Link, error) {
	return quiet{}, nil
}
func (quiet) Push(context.Context, []byte) error     { return nil }
func (quiet) Take(frames [][]byte) ([][]byte, error) { return frames, nil }
func (quiet) Close()                                 {}

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
	return &conn{s, ctx, cancel, response.Body, r3labs.NewEventStreamReader(response.Body, 1<<20)}, nil
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
