package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
)

// carryWS carries a session over one WebSocket.
func carryWS(s *session) error {
	conn, err := s.c.dialWS(s.ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(s.ctx, func() { conn.Close() })
	defer stop()

	s.duplex = true
	conn.SetReadLimit(maxBody)
	hello, attach := s.hello(false)
	if err := conn.WriteMessage(websocket.TextMessage, hello); err != nil {
		return err
	}
	s.wg.Go(func() { s.writeWS(conn) })
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return wsError(err)
		}
		if err := s.receive(attach, protocol.Lines(text)); err != nil {
			return err
		}
	}
}

func (c *Client) dialWS(ctx context.Context) (*websocket.Conn, error) {
	dialer := websocket.Dialer{
		Proxy:          http.ProxyFromEnvironment,
		NetDialContext: c.options.DialContext,
		Jar:            c.http.Jar,

		TLSClientConfig: c.tls,
	}
	conn, resp, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(c.url, "http")+"/ws", c.options.Header)
	if err == nil {
		return conn, nil
	}
	if resp == nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	body, _ := io.ReadAll(resp.Body) // gorilla keeps the first kilobyte
	err = refusedHTTP(resp, body)
	if closed, ok := errors.AsType[*protocol.Close](err); ok && closed.Code == protocol.CodeMalformed {
		err = fmt.Errorf("client: no WebSocket: %s", closed.Why) // a proxy has taken the handshake's headers away
	}
	return nil, err
}

// tlsOfWS returns the TLS configuration of an HTTP client for handshakes of WebSockets; nil: the default one.
func tlsOfWS(h *http.Client) *tls.Config {
	t, ok := h.Transport.(*http.Transport)
	if !ok {
		return nil
	}
	config := t.Clone().TLSClientConfig // the transport changes its own when it is first used
	if config == nil {
		return nil
	}
	config.NextProtos = []string{"http/1.1"} // a WebSocket's handshake is not HTTP/2
	return config
}

// lastWords is how long a connection that takes nothing any more is still read: it may hold what the instance said of its end.
const lastWords = time.Second

func (s *session) writeWS(conn *websocket.Conn) {
	for {
		text, err := s.next(s.c.conv.takeWS)
		if err != nil {
			s.cancel(err)
			return
		}
		if err := conn.WriteMessage(websocket.TextMessage, text[:len(text)-1]); err != nil {
			_ = conn.NetConn().SetReadDeadline(time.Now().Add(lastWords))
			return
		}
	}
}

// takeWS takes what is to be sent over a WebSocket.
func (v *conversation) takeWS(ackNow bool) []byte {
	var b []byte
	if v.unsaidAuth {
		b = append(protocol.AppendAuth(b, v.auth), '\n')
		v.unsaidAuth = false
	}
	if v.ponging || v.ackDue() || ackNow && v.unsaid > 0 {
		b = append(v.own.Append(append(b, byte(protocol.Ack))), '\n')
		v.ponging = false
		v.said()
	}
	return v.take(b, 1<<10, maxWrite)
}

// wsError reads a close code of the protocol's that came without its frame.
func wsError(err error) error {
	if errors.Is(err, websocket.ErrReadLimit) {
		return fmt.Errorf("client: /ws: %w", errTooLong)
	}
	var c *websocket.CloseError
	if errors.As(err, &c) && c.Code >= int(protocol.CodeMove) && c.Code < 5000 {
		return &protocol.Close{Code: protocol.Code(c.Code), Why: c.Text}
	}
	return err
}
