package transporttest_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// specimen is a transport that the kit passes, and whose mistakes it must find: frames come down as the lines of a response that does not end.
type specimen struct{ Limits transports.Limits }

func (specimen) Name() string { return "lines" }

func (specimen) Script() []byte { return nil }

func (t specimen) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{
		"lines": handler{t.Limits.Defaults(), sb},
		"up":    transports.Up(sb, t.Limits),
	}
}

type handler struct {
	limits transports.Limits
	sb     transports.Switchboard
}

const heartbeat, maxAge = 25 * time.Second, 295 * time.Second

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hello, ok := h.limits.ReadHello(w, r)
	if !ok {
		return // it has answered
	}
	control := http.NewResponseController(w)
	pump := transports.Pump{
		Heartbeat: heartbeat,
		MaxAge:    maxAge,
		Format:    func(b, frame []byte) []byte { return append(append(b, frame...), '\n') },
		Write: func(b []byte) error {
			_ = control.SetWriteDeadline(time.Now().Add(h.limits.Write))
			if _, err := w.Write(b); err != nil {
				return err
			}
			return control.Flush()
		},
	}
	link, err := h.sb.Open(r, hello, pump.Carrier("lines"))
	if err != nil {
		h.limits.Respond(w, nil, err)
		return
	}
	defer link.Close()

	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	w.Header().Set("X-Accel-Buffering", "no")
	_ = pump.Run(r.Context(), link) // it has told the client
}

func TestSpecimen(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{
		Transport:    specimen{},
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
