package ws

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// lingering is how long a peer that was sent the close frame has to answer it. To close at once would be a TCP reset if anything of
// the client's was unread, and a reset takes the reason with it.
const lingering = time.Second

// conn is one upgraded connection. It outlives the request that it began as, and has one goroutine, which reads, and a timer: an idle one holds nothing
// else. Who has something to say writes (write.go).
type conn struct {
	*handler
	socket *websocket.Conn
	wire   *wire
	pace   *transports.Pace // of who reads
	link   transports.Link  // nil until the client has said its hello
	log    *log.Logger      // of the http.Server

	life life   // ends when nothing that comes is heard any more
	work func() // of the message that was heard last, and not done yet: see beside.go

	grown   atomic.Bool  // it is time for another stack
	writing atomic.Int32 // what becomes of the right to write: idle, busy ...

	mu    sync.Mutex
	words words       // for whoever writes next
	timer *time.Timer // calls tick
	beat  time.Time   // when the next ping is due
	old   time.Time   // when the connection reaches its age; zero: never
}

// newConn returns the connection that a request was upgraded to.
func newConn(h *handler, socket *websocket.Conn, r *http.Request) *conn {
	c := &conn{
		handler: h, socket: socket, wire: socket.NetConn().(*wire), pace: h.t.Limits.Pace(), log: log.Default(),
		life: life{values: context.WithoutCancel(r.Context())},
	}
	if s, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		c.log = cmp.Or(s.ErrorLog, c.log)
	}
	c.writing.Store(busy) // until there is a link
	c.wire.say, c.wire.silence, c.wire.wait = c.say, 2*h.t.Heartbeat, h.t.Limits.Wait
	c.paceControl()
	return c
}

// serve hears the client's hello, and then listens.
func (c *conn) serve(r *http.Request) {
	makeRoom(1)
	if err := c.greet(r); err != nil {
		c.part(err)
		return
	}
	go c.listen()
}

// makeRoom has a new goroutine's stack grow at once to what a hello needs: growing by and by it would be copied twice, with more and more on it. It must not be inlined, and its
// argument keeps the compiler from seeing that the array is of no use.
//
//go:noinline
func makeRoom(at int) byte {
	var room [4 << 10]byte
	room[at] = 1
	return room[at/2]
}

// listen hears the client until the connection has ended. As long as nothing comes its stack is as small as one can be; so now and then, when it has grown by what came, another
// goroutine goes on.
func (c *conn) listen() {
	for {
		if c.work != nil && !c.besides.run(c) {
			return
		}
		err := c.wire.next()
		if err == nil {
			err = c.hear()
		}
		if err != nil {
			c.part(silent(err))
			return
		}
		if c.grown.Swap(false) {
			go c.listen()
			return
		}
	}
}

// part ends the connection. An error that is not a *protocol.Close is of the connection itself: the client is gone, or was told already.
func (c *conn) part(err error) {
	defer c.socket.Close()
	defer c.life.end()
	if c.work != nil {
		go c.work()
	}
	if told, ok := errors.AsType[*protocol.Close](err); ok {
		c.tell(told)
	}
	if c.life.Err() == nil { // there is nobody left to tell
		c.socket.Close()
	}
	c.stop()
	if c.link != nil {
		c.link.Close()
	}
	c.discard()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}

// contain makes of a panic the end of its connection, and of nothing else. It is logged as net/http logs its own.
func (c *conn) contain(err *error) {
	if p := recover(); p != nil {
		c.panicked(p)
		*err = &protocol.Close{Code: protocol.CodeUnavailable}
	}
}

func (c *conn) panicked(p any) {
	c.log.Printf("ws: panic serving %v: %v\n%s", c.wire.RemoteAddr(), p, debug.Stack())
}

// buffers are lent for the time from a message's arrival until it is dealt with.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// greet reads the client's first message, opens a link with its first frame, and pushes the rest.
func (c *conn) greet(r *http.Request) (err error) {
	defer c.contain(&err)
	c.wire.limit(c.t.HelloTimeout)
	message, err := c.next()
	if err != nil {
		return err
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	frames, err := c.read(message, buffer)
	if err != nil {
		return err
	}
	if len(frames) == 0 {
		return &protocol.Close{Code: protocol.CodeMalformed, Why: "no frame"}
	}
	by := transports.Carrier{Transport: c.t.Name(), Heartbeat: c.t.Heartbeat, Ready: c.ready, Beside: c.beside}
	if c.link, err = c.sb.Open(r.WithContext(&c.life), frames[0], by); err != nil {
		return protocol.CloseOf(err)
	}
	c.begin()
	return c.push(frames[1:])
}

// hear deals with the next message.
func (c *conn) hear() (err error) {
	defer c.contain(&err)
	message, err := c.next()
	if err != nil {
		return err
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	frames, err := c.read(message, buffer)
	if err != nil {
		return err
	}
	return c.push(frames)
}

// push pushes the frames of a message.
func (c *conn) push(frames [][]byte) error {
	if err := c.pace.Take(&c.life, max(1, len(frames))); err != nil {
		return err
	}
	for i, f := range frames {
		if err := c.link.Push(&c.life, f); err != nil {
			return protocol.CloseOf(err)
		}
		if i+1 < len(frames) {
			c.wake() // the next may take its time
		}
	}
	if c.work == nil || len(frames) > 1 { // else nothing was done yet
		c.flush()
	}
	c.wire.await()
	return nil
}

// next waits for the next message. What is the client's fault is a *protocol.Close.
func (c *conn) next() (io.Reader, error) {
	kind, message, err := c.socket.NextReader()
	if err == nil && kind == websocket.BinaryMessage {
		return nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "a binary message"}
	}
	return message, silent(err)
}

// read reads a message that has begun into the buffer, of which the frames are parts.
func (c *conn) read(message io.Reader, buffer *[]byte) ([][]byte, error) {
	c.wire.within = true
	frames, err := c.t.Limits.ReadMessage(message, buffer)
	c.wire.unlimit()
	return frames, silent(err)
}

// begin begins with heartbeats, and to write.
func (c *conn) begin() {
	now := time.Now()
	c.mu.Lock()
	c.beat = now.Add(c.t.Heartbeat)
	if age := c.t.MaxAge; age > 0 {
		c.old = now.Add(age - rand.N(age/10+1)) // connections that began together do not end together
	}
	c.timer = time.AfterFunc(c.wait(now), c.tick)
	c.mu.Unlock()
	c.grown.Store(true) // soon, by what a client says first
	c.write()
}

// wait returns how long nothing is due.
func (c *conn) wait(now time.Time) time.Duration {
	if !c.old.IsZero() && c.old.Before(c.beat) {
		return c.old.Sub(now)
	}
	return c.beat.Sub(now)
}

// tick says what is due by now: a ping, or that the connection is old. A peer that was told the end has had its time to close.
func (c *conn) tick() {
	now := time.Now()
	c.mu.Lock()
	switch {
	case c.words.over:
		c.socket.Close()
		c.mu.Unlock()
		return
	case !c.old.IsZero() && !now.Before(c.old):
		c.words.move = true
		c.old = time.Time{}
	case !now.Before(c.beat):
		c.words.ping = true
		c.grown.Store(true)
		c.beat = now.Add(c.t.Heartbeat)
	}
	c.timer.Reset(c.wait(now))
	c.mu.Unlock()
	c.flush()
}

// silent says of a deadline that is over what it means.
func silent(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return &protocol.Close{Code: protocol.CodeSilent}
	}
	return err
}

// paceControl makes the WebSocket's own pings and pongs count as frames. They are dealt with while the next message is waited for.
func (c *conn) paceControl() {
	c.socket.SetPongHandler(func(string) error {
		_ = c.pace.Take(&c.life, 1)
		return nil
	})
	c.socket.SetPingHandler(func(data string) error {
		if c.pace.Take(&c.life, 1) == nil {
			_ = c.socket.WriteControl(websocket.PongMessage, []byte(data), time.Time{}) // if it fails, so does the next write
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
