package sockjs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sockjs"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

// The kit, over each way. A stream has no age that its client is told: it ends as it does at the response limit.
func TestTransport(t *testing.T) {
	for name, v := range receivings {
		t.Run(name, func(t *testing.T) {
			subject := transporttest.Subject{
				Transport: unanswered{},
				Dial: func(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
					return dial(ctx, s, v, hello)
				},
				Once: name == "xhr" || name == "jsonp",
			}
			if !subject.Once {
				subject.Heartbeat, subject.WriteTimeout = 25*time.Second, 10*time.Second
			}
			transporttest.Run(t, subject)
		})
	}
	t.Run("websocket", func(t *testing.T) {
		transporttest.Run(t, transporttest.Subject{
			Transport:    sockjs.Transport{},
			Dial:         dialWebSocket,
			Heartbeat:    25 * time.Second,
			MaxAge:       295 * time.Second,
			WriteTimeout: 10 * time.Second,
		})
	})
}

// unanswered is the transport at a switchboard that answers no posts: an answer would be what a poll waits for.
type unanswered struct{ sockjs.Transport }

func (u unanswered) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return u.Transport.Endpoints(silent{sb})
}

type silent struct{ transports.Switchboard }

func (s silent) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	_, err := s.Switchboard.Post(r, frames)
	return nil, err
}

// conn is a session over HTTP.
type conn struct {
	server *transporttest.Server
	ctx    context.Context
	cancel context.CancelFunc
	url    string
	v      receiving

	asked chan struct{} // closed when the response is there
	in    *received
	err   error
}

func dial(ctx context.Context, s *transporttest.Server, v receiving, hello []byte) (transporttest.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &conn{server: s, ctx: ctx, cancel: cancel, url: s.URL + "/sockjs/000/" + rand.Text(), v: v, asked: make(chan struct{})}
	opened, err := c.receive()
	if err == nil && v.prelude == "" { // a poll
		var frame string
		if frame, err = opened.next(); err == nil && frame != "o" {
			err = fmt.Errorf("the first frame is %q", frame)
		}
		opened.Body.Close()
	} else if err == nil {
		c.in = opened
		close(c.asked)
		_, err = c.in.next()
	}
	if err == nil {
		err = c.post(hello)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	if c.in == nil {
		go func() {
			defer close(c.asked)
			c.in, c.err = c.receive()
		}()
	}
	return c, nil
}

// receive asks for frames.
func (c *conn) receive() (*received, error) {
	response, err := c.do(c.v.method, c.v.path, "")
	if err != nil {
		return nil, err
	}
	return newReceived(response, c.v), nil
}

// post sends a message.
func (c *conn) post(message []byte) error {
	response, err := c.do("POST", "/xhr_send", bodyOf(string(message)))
	if err == nil {
		response.Body.Close()
	}
	return err
}

func (c *conn) do(method, path, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(c.ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, c.server.Header)
	response, err := c.server.Client.Do(r)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return response, nil
	case http.StatusForbidden:
		_, err = transporttest.ReadLines(response)
		return nil, err
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(response.Body)
	return nil, refusal(response.StatusCode, string(said))
}

// refusal is what the protocol says where a transport of ours has a reason.
func refusal(status int, said string) error {
	switch {
	case status == http.StatusRequestEntityTooLarge, status == websocket.CloseMessageTooBig:
		return &protocol.Close{Code: protocol.CodeTooBig}
	case said == "Broken JSON encoding.", status == websocket.CloseInvalidFramePayloadData:
		return &protocol.Close{Code: protocol.CodeMalformed}
	}
	return fmt.Errorf("%d %s", status, said)
}

func (c *conn) Send(frames ...[]byte) error { return c.post(postOf(frames)) }

// postOf says whose the frames are.
func postOf(frames [][]byte) []byte {
	return append([]byte("KAAAAAAAAAAAAAAAAAAAAAA,,1\n"), bytes.Join(frames, []byte{'\n'})...)
}

func (c *conn) Receive() ([][]byte, error) {
	<-c.asked
	if c.err != nil {
		return nil, c.err
	}
	frame, err := c.in.next()
	if err == io.EOF || err == nil && frame[0] == 'c' {
		c.err = io.EOF
	} else if err != nil {
		c.err = err
	}
	if c.err != nil {
		return nil, c.err
	}
	var frames [][]byte
	frames, c.err = framesIn(frame)
	return frames, c.err
}

// framesIn returns what the messages of a SockJS frame carry. An empty message is the end of a link.
func framesIn(frame string) (frames [][]byte, end error) {
	if frame == "o" || frame == "h" {
		return nil, nil
	}
	ms, err := messagesIn(frame)
	if err != nil {
		return nil, err
	}
	for _, m := range ms {
		for _, f := range protocol.Lines([]byte(m)) {
			if end = transporttest.CloseIn(f); end != nil {
				return frames, end
			}
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func (c *conn) Close() error {
	c.cancel()
	<-c.asked
	if c.in != nil {
		c.in.Body.Close()
	}
	return nil
}

type webSocket struct {
	*websocket.Conn
	mu  sync.Mutex
	err error
}

func dialWebSocket(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	dialer := websocket.Dialer{NetDialContext: s.NetDial}
	c, response, err := dialer.DialContext(ctx, "ws"+s.URL[len("http"):]+"/sockjs/000/abc/websocket", s.Header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		_, end := transporttest.ReadLines(response)
		return nil, end
	}
	if err != nil {
		return nil, err
	}
	conn := &webSocket{Conn: c}
	if _, opened, err := c.ReadMessage(); string(opened) != "o" {
		c.Close()
		return nil, fmt.Errorf("the first frame is %q, %v", opened, err)
	}
	if len(hello) > 1<<10 { // a pipe has no buffer: it may be refused before all of it was sent
		go conn.say(hello)
		return conn, nil
	}
	return conn, conn.say(hello)
}

func (c *webSocket) say(message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.WriteMessage(websocket.TextMessage, []byte(bodyOf(string(message))))
}

func (c *webSocket) Send(frames ...[]byte) error { return c.say(postOf(frames)) }

func (c *webSocket) Receive() ([][]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	_, frame, err := c.ReadMessage()
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		c.err = refusal(closed.Code, closed.Text)
	} else if err != nil {
		c.err = err
	} else if frame[0] == 'c' {
		c.err = io.EOF
	}
	if c.err != nil {
		return nil, c.err
	}
	var frames [][]byte
	frames, c.err = framesIn(string(frame))
	return frames, c.err
}
