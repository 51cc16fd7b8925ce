// Package wsock makes WebSockets for protocols that were made elsewhere: messages within limits, writes that do not wait for ever, a close whose reason arrives.
package wsock

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
)

// Close codes of RFC 6455, section 7.4.1.
const (
	Normal   = websocket.CloseNormalClosure
	Away     = websocket.CloseGoingAway
	Protocol = websocket.CloseProtocolError
	NotUTF8  = websocket.CloseInvalidFramePayloadData
	TooBig   = websocket.CloseMessageTooBig
)

const (
	lingering = time.Second // how long a peer that was sent the close frame has to answer it
	piece     = 64 << 10    // of what is written Limits.Write is about
	maxReason = 123         // bytes: a control frame's
)

// ErrClosed is returned by Read and Write after Close.
var ErrClosed = errors.New("wsock: closed")

// Refused is the error for a request that is no WebSocket handshake. It has not been answered.
type Refused struct {
	Status int
	Why    string // for people
}

// Error implements error.
func (r *Refused) Error() string { return "wsock: " + r.Why }

// Conn is one WebSocket. Read is called by one goroutine at a time, Write, Ping and Close by any.
type Conn struct {
	socket *websocket.Conn
	limits transports.Limits
	ctx    context.Context // ends with the connection
	end    context.CancelFunc

	reading chan struct{} // holds one while somebody reads
	pace    *transports.Pace
	broken  bool // nothing can be read any more
	tooBig  bool // because of that

	writing sync.Mutex

	mu      sync.Mutex
	closing bool
	begun   bool // a message: it has a time limit of its own
	asked   bool // for a sign of life, since the last one
}

var upgrader = websocket.Upgrader{
	ReadBufferSize:  1 << 10,
	WriteBufferSize: 4 << 10,
	WriteBufferPool: new(sync.Pool),                           // an idle connection holds none
	CheckOrigin:     func(*http.Request) bool { return true }, // whoever calls Accept has
	Error:           func(http.ResponseWriter, *http.Request, int, error) {},
}

// Accept makes a request the WebSocket that it asks for, which outlives the request's context. Of the limits Body bounds a message, Wait the time in which one that has begun must
// have come, Write the time in which the client must take in 64 KiB; Rate and Burst count messages, pings and pongs. A *[Refused] is to be answered.
func Accept(w http.ResponseWriter, r *http.Request, l transports.Limits) (*Conn, error) {
	l = l.Defaults()
	status := 0
	u := upgrader
	u.HandshakeTimeout = l.Write
	u.Error = func(_ http.ResponseWriter, _ *http.Request, code int, _ error) { status = code }
	var cookies http.Header // the upgrade writes a response of its own: of the headers only these go with it
	if set := w.Header()["Set-Cookie"]; len(set) > 0 {
		cookies = http.Header{"Set-Cookie": set}
	}
	socket, err := u.Upgrade(hijacker{w}, r, cookies)
	if status != 0 && err != nil {
		return nil, &Refused{status, err.Error()}
	}
	if err != nil {
		return nil, err
	}
	c := &Conn{socket: socket, limits: l, pace: l.Pace(), reading: make(chan struct{}, 1)}
	c.ctx, c.end = context.WithCancel(context.WithoutCancel(r.Context()))
	socket.SetReadLimit(int64(l.Body)) // beyond it the client is told 1009
	socket.SetPongHandler(func(string) error {
		c.alive()
		return c.pace.Take(c.ctx, 1)
	})
	socket.SetPingHandler(func(data string) error {
		if c.pace.Take(c.ctx, 1) == nil {
			_ = socket.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(l.Write)) // if it fails, so does the next write
		}
		return nil
	})
	return c, nil
}

// Read waits for the next message. A message that is too large, or text that is not UTF-8, is an error that the client has been told, with [TooBig] or [NotUTF8].
func (c *Conn) Read() (binary bool, data []byte, err error) {
	c.reading <- struct{}{}
	defer func() { <-c.reading }()
	if c.broken || c.isClosing() {
		return false, nil, ErrClosed
	}
	c.alive() // while nobody read, nobody could be heard
	kind, message, err := c.socket.NextReader()
	if err == nil {
		c.limit(true, c.limits.Wait)
		data, err = io.ReadAll(message)
		c.limit(false, 0)
	}
	switch {
	case err != nil:
		c.broken, c.tooBig = true, errors.Is(err, websocket.ErrReadLimit)
		return false, nil, err
	case kind == websocket.TextMessage && !utf8.Valid(data):
		c.say(NotUTF8, "not UTF-8")
		return false, nil, errors.New("wsock: text that is not UTF-8")
	case c.pace.Take(c.ctx, 1) != nil:
		return false, nil, ErrClosed
	}
	return kind == websocket.BinaryMessage, data, nil
}

// Ping asks the peer for a sign of life. If nothing of it is read within the time, a Read that waits fails. Asking again gives it no more time.
func (c *Conn) Ping(within time.Duration) error {
	c.mu.Lock()
	if !c.closing && !c.begun && !c.asked {
		c.asked = true
		_ = c.socket.SetReadDeadline(time.Now().Add(within))
	}
	c.mu.Unlock()
	return c.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.limits.Write))
}

// alive takes back what a ping has asked for.
func (c *Conn) alive() {
	c.mu.Lock()
	begun := c.begun
	c.mu.Unlock()
	if !begun {
		c.limit(false, 0)
	}
}

// limit says whether a message has begun, and within what time more must come; 0: there is no limit. What Close has set stays.
func (c *Conn) limit(begun bool, within time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun, c.asked = begun, false
	if c.closing {
		return
	}
	var t time.Time
	if within > 0 {
		t = time.Now().Add(within)
	}
	_ = c.socket.SetReadDeadline(t)
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// Write writes one message, made of parts. After an error nothing more can be written.
func (c *Conn) Write(binary bool, parts ...[]byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.isClosing() {
		return ErrClosed
	}
	kind, size := websocket.TextMessage, 0
	if binary {
		kind = websocket.BinaryMessage
	}
	for _, p := range parts {
		size += len(p)
	}
	_ = c.socket.SetWriteDeadline(time.Now().Add(time.Duration(1+size/piece) * c.limits.Write))
	w, err := c.socket.NextWriter(kind)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Close()
}

// say writes the close frame.
func (c *Conn) say(code int, reason string) {
	if len(reason) > maxReason {
		cut := maxReason
		for !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(lingering)) // if it fails there is nobody to tell
}

// Close tells the peer why, waits a second at most for its answer, and ends the connection: to cut it at once would be a TCP reset if anything of the peer's was unread,
// and a reset takes the reason with it. A Read that waits returns. Only the first does anything.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if !first {
		return
	}
	c.end()
	c.say(code, reason)
	_ = c.socket.SetReadDeadline(time.Now().Add(lingering))
	c.reading <- struct{}{}
	defer func() { <-c.reading }()
	if c.tooBig { // there is more of it
		_, _ = io.Copy(io.Discard, c.socket.NetConn())
	}
	for !c.broken {
		_, _, err := c.socket.NextReader()
		c.broken = err != nil
	}
	c.socket.Close()
}

// hijacker finds the Hijacker behind wrappers that can be unwrapped, where the Upgrader looks at the outermost only.
type hijacker struct{ http.ResponseWriter }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(h.ResponseWriter).Hijack()
}

func (h hijacker) Unwrap() http.ResponseWriter { return h.ResponseWriter }
