package ws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/transporttest"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{
		Transport:    ws.Transport{},
		Dial:         dial,
		Heartbeat:    25 * time.Second,
		MaxAge:       295 * time.Second,
		WriteTimeout: 10 * time.Second,
	})
}

type conn struct {
	*websocket.Conn
	end error // z frame that came
}

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	dialer := websocket.Dialer{NetDialContext: s.NetDial}
	c, response, err := dialer.DialContext(ctx, "ws"+s.URL[len("http"):]+"/ws", s.Header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		_, end := transporttest.ReadLines(response)
		return nil, end
	}
	if err != nil {
		return nil, err
	}
	conn := &conn{Conn: c}
	if len(hello) > 1<<10 { // a pipe has no buffer: it may be refused before all of it was sent
		go conn.Send(hello)
		return conn, nil
	}
	return conn, conn.Send(hello)
}

func (c *conn) Send(frames ...[]byte) error {
	return c.WriteMessage(websocket.TextMessage, bytes.Join(frames, []byte{'\n'}))
}

func (c *conn) Receive() ([][]byte, error) {
	_, message, err := c.ReadMessage()
	if err != nil {
		return nil, c.why(err)
	}
	frames := protocol.Lines(message)
	if !bytes.Equal(bytes.Join(frames, []byte{'\n'}), message) {
		return nil, fmt.Errorf("the message %q is not one frame or several lines", message)
	}
	if n := len(frames) - 1; transporttest.CloseIn(frames[n]) != nil {
		c.end = transporttest.CloseIn(frames[n])
		if frames = frames[:n]; n == 0 {
			return c.Receive()
		}
	}
	return frames, nil
}

// why tells how the connection ended: z frame and close code must say the same, and a move needs no z.
func (c *conn) why(err error) error {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		return err
	}
	end, told := errors.AsType[*protocol.Close](c.end)
	switch {
	case told && closed.Code == int(end.Code) && closed.Text == end.Code.String():
		return end
	case !told && closed.Code == int(protocol.CodeMove):
		return io.EOF
	}
	return fmt.Errorf("closed with %d %q after the z frame %v", closed.Code, closed.Text, c.end)
}
