package ws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// lingering is how long a peer that was sent the close frame has to answer it. To close at once would be a TCP reset if anything of
// the client's was unread, and a reset takes the reason with it.
const lingering = time.Second

// conn is one upgraded connection. Only read and discard read from socket, only one of them at a time; the handler's goroutine writes.
type conn struct {
	Transport
	socket *websocket.Conn
	pace   *transports.Pace // of who reads
}

func (c *conn) serve(r *http.Request, sb transports.Switchboard) {
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	c.paceControl(ctx)
	link, rest, err := c.open(r, sb)
	if err != nil {
		end(err) // what else comes is not answered
		c.refuse(err)
		return
	}
	defer link.Close()

	reading := make(chan struct{})
	var panicked any
	go func() {
		defer close(reading)
		defer func() {
			if panicked = recover(); panicked != nil {
				panicked = fmt.Sprintf("%v\n\n%s", panicked, debug.Stack())
				end(&protocol.Close{Code: protocol.CodeUnavailable})
			}
		}()
		end(c.up(ctx, link, rest))
		c.discard()
	}()

	pump := transports.Pump{Heartbeat: c.Heartbeat, MaxAge: c.MaxAge, Format: format, Write: c.write}
	told := pump.Run(ctx, link)
	end(nil) // of a Push that is running
	if told != nil {
		c.sayGoodbye(told)
		defer time.AfterFunc(lingering, func() { c.socket.Close() }).Stop()
	} else {
		c.socket.Close()
	}
	<-reading
	if panicked != nil {
		panic(panicked) // here, where net/http expects it: one message must not end the instance
	}
}

// open reads the client's first message and opens a link with its first frame. The rest of the message is returned.
func (c *conn) open(r *http.Request, sb transports.Switchboard) (link transports.Link, rest [][]byte, err error) {
	frames, err := c.read(c.HelloTimeout, 0)
	if err != nil {
		return nil, nil, err
	}
	if len(frames) == 0 {
		return nil, nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "no frame"}
	}
	link, err = sb.Open(r, frames[0], transports.Carrier{Transport: c.Name(), Heartbeat: c.Heartbeat})
	if err != nil {
		return nil, nil, protocol.CloseOf(err)
	}
	return link, frames[1:], nil
}

// refuse ends a connection that has no link. An error that is not a Close is of the connection itself: there is nobody to tell.
func (c *conn) refuse(err error) {
	told, ok := errors.AsType[*protocol.Close](err)
	if !ok || c.write(told.Append(nil)) != nil {
		return
	}
	c.sayGoodbye(told)
	defer time.AfterFunc(lingering, func() { c.socket.Close() }).Stop()
	c.discard()
}

// up pushes what the client sends, until it is gone or did something that ends the connection: then that is a *protocol.Close.
func (c *conn) up(ctx context.Context, link transports.Link, frames [][]byte) error {
	for {
		if err := c.pace.Take(ctx, max(1, len(frames))); err != nil {
			return err
		}
		for _, f := range frames {
			if err := link.Push(ctx, f); err != nil {
				return protocol.CloseOf(err)
			}
		}
		var err error
		if frames, err = c.read(2*c.Heartbeat, c.Limits.Wait); err != nil {
			return err
		}
	}
}

// read returns the frames of the next message, which must begin in time, and then has a time of its own to arrive, unless that is 0. What is
// the client's fault is a *protocol.Close.
func (c *conn) read(begin, whole time.Duration) ([][]byte, error) {
	_ = c.socket.SetReadDeadline(time.Now().Add(begin))
	kind, message, err := c.socket.NextReader()
	if err == nil && kind == websocket.BinaryMessage {
		return nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "a binary message"}
	}
	if err == nil && whole > 0 {
		_ = c.socket.SetReadDeadline(time.Now().Add(whole))
	}
	var frames [][]byte
	if err == nil {
		frames, err = c.Limits.ReadMessage(message)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return nil, &protocol.Close{Code: protocol.CodeSilent}
	}
	return frames, err
}

// paceControl makes the WebSocket's own pings and pongs count as frames. They are dealt with while the next message is waited for.
func (c *conn) paceControl(ctx context.Context) {
	c.socket.SetPongHandler(func(string) error {
		_ = c.pace.Take(ctx, 1)
		return nil
	})
	c.socket.SetPingHandler(func(data string) error {
		if c.pace.Take(ctx, 1) == nil {
			_ = c.socket.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(c.Limits.Write)) // if it fails, so does the next write
		}
		return nil
	})
}

// discard reads until the peer has closed.
func (c *conn) discard() {
	for {
		if _, _, err := c.socket.NextReader(); err != nil {
			return
		}
	}
}

// format ends each frame with a line break, of which write drops the last.
func format(b, frame []byte) []byte { return append(append(b, frame...), '\n') }

func (c *conn) write(b []byte) error {
	if n := len(b) - 1; b[n] == '\n' {
		b = b[:n]
	}
	_ = c.socket.SetWriteDeadline(time.Now().Add(c.Limits.Write))
	return c.socket.WriteMessage(websocket.TextMessage, b)
}

func (c *conn) sayGoodbye(end *protocol.Close) {
	message := websocket.FormatCloseMessage(int(end.Code), end.Code.String())
	_ = c.socket.WriteControl(websocket.CloseMessage, message, time.Now().Add(c.Limits.Write))
}
