package engineio

import (
	"cmp"
	"context"
	"errors"
	"log"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

// What a switchboard's client is promised of a websocket, beside the protocol's own pings, and when that is old enough.
const (
	heartbeat = 25 * time.Second
	maxAge    = 295 * time.Second
)

// conn is a websocket that carries a session. One goroutine reads it, one writes what there is to say, and ends it.
type conn struct {
	*engine
	ws       *wsock.Conn
	receiver *session.Receiver
	sid      string
	ctx      context.Context // ends with the connection
	end      context.CancelFunc

	beat, old time.Time // for a heartbeat, for its end. Zero: never, there is no switchboard

	mu      sync.Mutex
	why     string             // it has ended, if not for what the receiver knows
	pinged  bool               // no packet has come since
	due     time.Time          // for a ping, or for a packet after one
	recount context.CancelFunc // ends a wait for what is due: that has changed
}

// converse carries a session until either side ends it.
func (e *engine) converse(ws *wsock.Conn, r *http.Request, receiver *session.Receiver, sid string) {
	c := &conn{engine: e, ws: ws, receiver: receiver, sid: sid, due: e.pings.due(sid, e.PingInterval)}
	if now := time.Now(); e.board {
		c.beat, c.old = now.Add(heartbeat), now.Add(maxAge-rand.N(maxAge/10)) // connections that began together do not end together
	}
	c.ctx, c.end = context.WithCancel(r.Context())
	var reading sync.WaitGroup
	defer reading.Wait()
	defer c.close(r)
	reading.Go(func() {
		defer contain(r, func() { c.fail(whyError) })
		c.up()
	})
	c.down()
}

// close ends the connection, and with it the session.
func (c *conn) close(r *http.Request) {
	c.end()
	if why := c.reason(); why != "" {
		c.engine.end(r.Context(), c.sid, why)
	}
	c.receiver.Broken()
	c.ws.Close(wsock.Normal, "")
}

// contain makes of a panic of the program's the end of a websocket, and of nothing else. It is logged as net/http logs its own.
func contain(r *http.Request, end func()) {
	p := recover()
	if p == nil {
		return
	}
	l := log.Default()
	if s, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		l = cmp.Or(s.ErrorLog, l)
	}
	l.Printf("engineio: panic serving %v: %v\n%s", r.RemoteAddr, p, debug.Stack())
	end()
}

// fail ends the connection. Without a reason it is the receiver that ends the session, if nobody has taken that over.
func (c *conn) fail(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil {
		c.why = why
	}
	c.end()
}

func (c *conn) reason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// up deals with what the client says.
func (c *conn) up() {
	for {
		binary, data, err := c.ws.Read()
		if err != nil {
			c.fail("")
			return
		}
		p := packet{packetBinary, data}
		if !binary {
			p, err = parsePacket(data)
		}
		if err != nil || p.kind == packetPing {
			c.fail(whyParse)
			return
		}
		c.heard()
		if p.kind == packetClose {
			c.fail("")
			return
		}
		if m, ok := p.message(); ok && c.receiver.Deliver(c.ctx, []session.Message{session.Message(m)}) != nil {
			return // the receiver tells why
		}
	}
}

// heard takes any packet for the answer to a ping.
func (c *conn) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pinged {
		c.pinged, c.due = false, time.Now().Add(c.PingInterval)
		c.recount()
	}
}

// down writes what there is for the client, and what is due.
func (c *conn) down() {
	for {
		batch, err := c.next()
		switch {
		case c.ctx.Err() != nil:
			return
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		case err != nil:
			return
		}
		for _, m := range batch.Messages {
			if c.write(m) != nil {
				return
			}
		}
		if batch.End != nil || !c.ping() || !c.age() {
			return
		}
	}
}

// next waits for what there is, until something is due.
func (c *conn) next() (session.Batch, error) {
	c.mu.Lock()
	due := c.due
	if c.board && c.beat.Before(due) {
		due = c.beat
	}
	if c.board && c.old.Before(due) {
		due = c.old
	}
	ctx, cancel := context.WithDeadline(c.ctx, due)
	c.recount = cancel
	c.mu.Unlock()
	defer cancel()
	return c.receiver.Next(ctx)
}

func (c *conn) write(m session.Message) error {
	if m.Binary {
		return c.ws.Write(true, m.Data)
	}
	return c.ws.Write(false, []byte{packetMessage}, m.Data)
}

// ping pings if it is time, and tells whether the client lives.
func (c *conn) ping() bool {
	c.mu.Lock()
	now := time.Now()
	if now.Before(c.due) {
		c.mu.Unlock()
		return true
	}
	if c.pinged {
		c.why = whyTimeout
		c.mu.Unlock()
		return false
	}
	c.pinged, c.due = true, now.Add(c.PingTimeout)
	c.mu.Unlock()
	return c.ws.Write(false, []byte{packetPing}) == nil
}

// age says what a switchboard's client is to hear by the clock, and tells whether the connection may go on.
func (c *conn) age() bool {
	now := time.Now()
	switch {
	case !c.board:
		return true
	case !now.Before(c.old):
		_ = c.write(session.Message{Data: []byte{byte(protocol.Move), '0'}}) // it ends anyway
		return false
	case !now.Before(c.beat):
		c.beat = now.Add(heartbeat)
		return c.write(session.Message{Data: []byte{byte(protocol.Ping)}}) == nil
	}
	return true
}
