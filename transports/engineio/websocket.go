package engineio

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

// probe is what the pings of a websocket say that is to take the place of polls.
const probe = "probe"

// websocket serves a request for a websocket: a session of its own, or the upgrade of one that is polled.
func (e *engine) websocket(w http.ResponseWriter, r *http.Request, sid string) {
	if sid == "" {
		sid = rand.Text()
		e.setCookie(w, sid)
		e.accept(w, r, func(ws *wsock.Conn, r *http.Request) { e.begin(ws, r, sid) })
		return
	}
	if !e.sockets.take(sid) {
		e.accept(w, r, turnDown)
		return
	}
	state, err := e.sessions.Look(r.Context(), sid)
	if err != nil {
		e.sockets.leave(sid)
		refuse(w, r, refusalOf(err))
		return
	}
	serve := turnDown
	if state == session.Polling {
		serve = func(ws *wsock.Conn, r *http.Request) { e.upgrade(ws, r, sid) }
	}
	if !e.accept(w, r, func(ws *wsock.Conn, r *http.Request) { defer e.sockets.leave(sid); serve(ws, r) }) {
		e.sockets.leave(sid)
	}
}

// turnDown serves a websocket that there is no use for: it has been accepted, since clients take a refusal for an error of their own.
func turnDown(*wsock.Conn, *http.Request) {}

// accept makes a request a websocket, has it served and closes it; false: it has not become one.
func (e *engine) accept(w http.ResponseWriter, r *http.Request, serve func(*wsock.Conn, *http.Request)) bool {
	ws, err := wsock.Accept(w, r, e.Limits)
	if _, refused := errors.AsType[*wsock.Refused](err); refused {
		w.Header().Del("Set-Cookie")
		refuse(w, r, badRequest)
	}
	if err != nil {
		return false
	}
	r = r.WithContext(context.WithoutCancel(r.Context())) // which ends with the request
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil { // nobody waits any more
		go ws.Close(wsock.Away, "")
		return false
	}
	e.open.Go(func() {
		defer ws.Close(wsock.Normal, "")
		serve(ws, r)
	})
	return true
}

// begin serves a websocket that is a session of its own.
func (e *engine) begin(ws *wsock.Conn, r *http.Request, sid string) {
	carrier := session.Carrier{Transport: name, WebSocket: true}
	var receiver *session.Receiver
	var err error
	if e.board {
		receiver, err = e.sessions.Direct(r, carrier)
	} else {
		receiver, err = e.sessions.Open(r, sid, &carrier)
	}
	if err != nil {
		return
	}
	e.pings.said(sid)
	if ws.Write(false, e.greeting(sid, []string{})) != nil {
		receiver.Broken()
		return
	}
	e.converse(ws, receiver, sid)
}

// upgrade serves a websocket that is to take the place of a session's polls.
func (e *engine) upgrade(ws *wsock.Conn, r *http.Request, sid string) {
	late := time.AfterFunc(e.UpgradeTimeout, func() { ws.Close(wsock.Normal, "") })
	defer late.Stop()
	defer context.AfterFunc(e.ctx, func() { ws.Close(wsock.Away, "") })()
	ctx := r.Context()
	if kind, data := read(ws); kind != packetPing || string(data) != probe || e.sessions.Probe(ctx, sid, e.UpgradeTimeout) != nil {
		return
	}
	if ws.Write(false, []byte{packetPong}, []byte(probe)) != nil {
		return
	}
	release := every(time.Second, func() { _ = e.sessions.Release(ctx, sid) }) // a poll that comes now is held until the next
	kind, _ := read(ws)
	release()
	if kind != packetUpgrade || !late.Stop() {
		return
	}
	receiver, err := e.sessions.Receive(r, sid, session.Carrier{Transport: name, WebSocket: true})
	if err != nil {
		return
	}
	e.converse(ws, receiver, sid)
}

// read reads one packet of text; what is none is zero.
func read(ws *wsock.Conn) (kind byte, data []byte) {
	binary, text, err := ws.Read()
	if err != nil || binary {
		return 0, nil
	}
	p, _ := parsePacket(text)
	return p.kind, p.data
}

// every calls what it is given again and again, until what it returns is called, and has returned.
func every(d time.Duration, call func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				call()
			case <-done:
				return
			}
		}
	})
	return func() { close(done); running.Wait() }
}

// conn is a websocket that carries a session.
type conn struct {
	*engine
	ws       *wsock.Conn
	receiver *session.Receiver
	sid      string
	ctx      context.Context // ends with the connection
	end      context.CancelFunc

	mu      sync.Mutex
	why     string             // it ends
	pinged  bool               // no packet has come since
	due     time.Time          // for a ping, or the end if there was one
	recount context.CancelFunc // due has changed
}

// converse carries a session until either side ends it.
func (e *engine) converse(ws *wsock.Conn, receiver *session.Receiver, sid string) {
	c := &conn{engine: e, ws: ws, receiver: receiver, sid: sid, due: e.pings.due(sid, e.PingInterval)}
	c.ctx, c.end = context.WithCancel(context.Background())
	defer c.end()
	var reading sync.WaitGroup
	reading.Go(c.up)
	c.down()
	c.end()
	if c.why != "" && c.why != whyClose && !(e.board) {
		e.end(context.Background(), sid, c.why)
	}
	receiver.Broken()
	ws.Close(wsock.Normal, "")
	reading.Wait()
}

// fail ends the connection.
func (c *conn) fail(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == "" {
		c.why = why
	}
	c.end()
}

// up deals with what the client says.
func (c *conn) up() {
	for {
		binary, data, err := c.ws.Read()
		if err != nil {
			c.fail(whyClose)
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
			c.fail(whyClose)
			return
		}
		m, ok := p.message()
		if !ok {
			continue
		}
		if err := c.receiver.Deliver(c.ctx, []session.Message{session.Message(m)}); err != nil {
			if end, told := errors.AsType[*protocol.Close](err); told {
				_ = c.ws.Write(false, []byte{packetMessage}, end.Append(nil))
			}
			c.fail(whyError)
			return
		}
	}
}

// heard takes any packet for the answer to a ping.
func (c *conn) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pinged {
		c.pinged, c.due = false, time.Now().Add(c.PingInterval)
		if c.recount != nil {
			c.recount()
		}
	}
}

// down writes what there is for the client, and pings.
func (c *conn) down() {
	for {
		batch, err := c.next()
		switch {
		case c.ctx.Err() != nil:
			return
		case err == context.Canceled, err == context.DeadlineExceeded:
		case err != nil:
			return
		}
		for _, m := range batch.Messages {
			if c.write(m) != nil {
				return
			}
		}
		if batch.End != nil || !c.ping() {
			return
		}
	}
}

// next waits for what there is, until something is due.
func (c *conn) next() (session.Batch, error) {
	c.mu.Lock()
	ctx, cancel := context.WithDeadline(c.ctx, c.due)
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
