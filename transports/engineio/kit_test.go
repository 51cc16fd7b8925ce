package engineio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestTransport(t *testing.T) {
	t.Run("Polling", func(t *testing.T) {
		transporttest.Run(t, transporttest.Subject{Transport: unanswered{}, Dial: dialPolling, Once: true})
	})
	for name, dial := range map[string]func(context.Context, *transporttest.Server, []byte) (transporttest.Conn, error){
		"WebSocket": dialWebSocket,
		"Upgraded":  dialUpgraded,
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.Run(t, transporttest.Subject{
				Transport:    engineio.Transport{},
				Dial:         dial,
				Heartbeat:    25 * time.Second,
				MaxAge:       295 * time.Second,
				WriteTimeout: 10 * time.Second,
			})
		})
	}
}

// unanswered is the transport at a switchboard that answers no posts: an answer would be what a poll waits for.
type unanswered struct{ engineio.Transport }

func (u unanswered) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return u.Transport.Endpoints(silent{sb})
}

type silent struct{ transports.Switchboard }

func (s silent) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	_, err := s.Switchboard.Post(r, frames)
	return nil, err
}

// message is one as a client of the switchboard sends it: the line before the frames says whose they are.
func message(frames ...[]byte) []byte {
	text := append([]byte{'4'}, protocol.HelloPost{Key: "AAAAAAAAAAAAAAAAAAAAAA"}.Append(nil)...)
	return append(append(text, '\n'), bytes.Join(frames, []byte{'\n'})...)
}

// polled is a session of one poll.
type polled struct {
	server *transporttest.Server
	ctx    context.Context
	cancel context.CancelFunc
	url    string

	answered chan struct{} // closed when there are these
	frames   [][]byte
	err      error
}

func dialPolling(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &polled{server: s, ctx: ctx, cancel: cancel, url: s.URL + "/engine.io/" + polling, answered: make(chan struct{})}
	text, err := c.do("GET", nil)
	var open struct{ SID string }
	if err == nil {
		err = json.Unmarshal(text[1:], &open)
	}
	c.url += "&sid=" + open.SID
	if err == nil {
		_, err = c.do("POST", append([]byte{'4'}, hello...))
	}
	if err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer close(c.answered)
		c.frames, c.err = c.receive()
	}()
	return c, nil
}

func (c *polled) do(method string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(c.ctx, method, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, c.server.Header)
	response, err := c.server.Client.Do(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusForbidden {
		_, err = transporttest.ReadLines(response)
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err == nil && response.StatusCode == http.StatusRequestEntityTooLarge:
		err = &protocol.Close{Code: protocol.CodeTooBig}
	case err == nil && response.StatusCode != http.StatusOK:
		err = fmt.Errorf("%d %s", response.StatusCode, text)
	}
	return text, err
}

// receive polls once. The empty message says that the link is over.
func (c *polled) receive() (frames [][]byte, err error) {
	text, err := c.do("GET", nil)
	if err != nil {
		return nil, err
	}
	for packet := range strings.SplitSeq(string(text), "\x1e") {
		switch {
		case packet == "4", packet == "1", packet == "2":
			continue
		case packet[0] != '4':
			return nil, fmt.Errorf("the packet is %q", packet)
		}
		for _, f := range protocol.Lines([]byte(packet[1:])) {
			if transporttest.CloseIn(f) != nil {
				return frames, transporttest.CloseIn(f)
			}
			frames = append(frames, f)
		}
	}
	return frames, io.EOF
}

func (c *polled) Send(frames ...[]byte) error {
	_, err := c.do("POST", message(frames...))
	return err
}

func (c *polled) Receive() ([][]byte, error) {
	<-c.answered
	frames := c.frames
	c.frames = nil
	return frames, c.err
}

func (c *polled) Close() error {
	c.cancel()
	return nil
}

// direct is a session on a websocket.
type direct struct {
	*websocket.Conn
	writing sync.Mutex
	end     error // z frame that came
}

func (c *direct) write(text []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.WriteMessage(websocket.TextMessage, text)
}

func dialWebSocket(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	c, err := dialAt(ctx, s, "")
	if err == nil {
		_, _, err = c.ReadMessage()
	}
	if err != nil {
		return nil, err
	}
	return c, c.greet(hello)
}

func dialUpgraded(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	p := &polled{server: s, ctx: ctx, url: s.URL + "/engine.io/" + polling}
	text, err := p.do("GET", nil)
	if err != nil {
		return nil, err
	}
	var open struct{ SID string }
	if err = json.Unmarshal(text[1:], &open); err != nil {
		return nil, err
	}
	c, err := dialAt(ctx, s, "&sid="+open.SID)
	if err != nil {
		return nil, err
	}
	err = c.write([]byte("2probe"))
	if _, text, e := c.ReadMessage(); err == nil && (e != nil || string(text) != "3probe") {
		err = fmt.Errorf("the probe is answered %q, %w", text, e)
	}
	if err == nil {
		err = c.write([]byte("5"))
	}
	if err != nil {
		return nil, err
	}
	return c, c.greet(hello)
}

func dialAt(ctx context.Context, s *transporttest.Server, query string) (*direct, error) {
	dialer := websocket.Dialer{NetDialContext: s.NetDial}
	c, response, err := dialer.DialContext(ctx, "ws"+s.URL[len("http"):]+"/engine.io/"+sockets+query, s.Header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		_, end := transporttest.ReadLines(response)
		return nil, end
	}
	return &direct{Conn: c}, err
}

func (c *direct) greet(hello []byte) error {
	text := append([]byte{'4'}, hello...)
	if len(text) > 1<<10 { // a pipe has no buffer: it may be refused before all of it was sent
		go c.write(text)
		return nil
	}
	return c.write(text)
}

func (c *direct) Send(frames ...[]byte) error {
	return c.write(message(frames...))
}

func (c *direct) Receive() ([][]byte, error) {
	_, text, err := c.ReadMessage()
	switch {
	case err != nil:
		return nil, c.why(err)
	case string(text) == "2":
		go c.write([]byte("3"))
		return c.Receive()
	case string(text) == "4": // the link is over
		return c.Receive()
	case text[0] != '4':
		return nil, fmt.Errorf("the packet is %q", text)
	}
	frames := protocol.Lines(text[1:])
	if n := len(frames) - 1; transporttest.CloseIn(frames[n]) != nil {
		c.end = transporttest.CloseIn(frames[n])
		if frames = frames[:n]; n == 0 {
			return c.Receive()
		}
	}
	return slices.Clip(frames), nil
}

// why tells how the connection ended, of which the protocol has codes of its own.
func (c *direct) why(err error) error {
	switch {
	case c.end != nil:
		return c.end
	case websocket.IsCloseError(err, websocket.CloseNormalClosure):
		return io.EOF
	case websocket.IsCloseError(err, websocket.CloseMessageTooBig):
		return &protocol.Close{Code: protocol.CodeTooBig}
	case websocket.IsCloseError(err, websocket.CloseInvalidFramePayloadData):
		return &protocol.Close{Code: protocol.CodeMalformed}
	}
	return err
}
