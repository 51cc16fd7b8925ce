package sockjs

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

// socket is a WebSocket, which is a session of its own, whatever its path says. A raw one carries the messages and nothing else.
type socket struct {
	*service
	raw  bool
	conn *wsock.Conn
	got  *session.Receiver
}

// Close codes of RFC 6455, section 7.4.1.
const (
	unsupported = 1003 // what is not text
	failed      = 1011 // the program has
)

// websocket serves a WebSocket until it ends. Callbacks run in the request's goroutine, where net/http catches what they panic with.
func (s *service) websocket(w http.ResponseWriter, r *http.Request, raw bool) {
	if !s.allows(w, r, http.MethodGet, false) {
		return
	}
	if !s.admit() {
		s.unavailable(w)
		return
	}
	defer s.sockets.Done()
	conn, err := wsock.Accept(w, r, s.Limits)
	if refused, ok := errors.AsType[*wsock.Refused](err); ok {
		s.answer(w, refused.Status, plainText, "Not a valid websocket request\n")
	}
	if err != nil {
		return
	}
	defer conn.Close(failed, "") // if a callback panics: net/http leaves it open
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	c := &socket{service: s, raw: raw, conn: conn}
	if c.got, err = s.begin(r); err != nil {
		c.end(err)
		return
	}
	ended := make(chan struct{})
	defer func() { <-ended }()
	go func() {
		defer close(ended)
		err := c.down(ctx)
		cancel() // a message that is dealt with does not hold up the end
		c.end(err)
	}()
	defer cancel() // also if a callback panics
	if c.up(r) {
		<-ended // it tells why
	}
}

// begin makes the session of a WebSocket. No URL can say its id.
func (s *service) begin(r *http.Request) (*session.Receiver, error) {
	c := session.Carrier{Transport: transportName, Heartbeat: s.HeartbeatDelay, WebSocket: true}
	if s.board {
		return s.sessions.Direct(r, c)
	}
	return s.sessions.Open(r, "/"+rand.Text(), &c)
}

// up delivers what the client says until it is gone, or told: nothing more can be delivered then, and whoever writes knows why.
func (c *socket) up(r *http.Request) (told bool) {
	pace := c.Limits.Pace()
	for {
		binary, data, err := c.conn.Read()
		if err != nil {
			return false
		}
		if binary {
			c.conn.Close(unsupported, "text is expected")
			return false
		}
		ms := []session.Message{{Data: data}}
		if !c.raw {
			if ms, err = parseOne(data); err != nil {
				c.conn.Close(wsock.Protocol, err.Error())
				return false
			}
		}
		if len(ms) == 0 {
			continue
		}
		if c.take(r.Context(), pace, len(ms)) != nil || c.got.Deliver(r.Context(), ms) != nil {
			return true
		}
	}
}

// down writes what the client is to be told, and returns why that is all.
func (c *socket) down(ctx context.Context) error {
	err := c.write(openFrame)
	for due := c.newSchedule(); err == nil; {
		var b session.Batch
		b, err = due.next(ctx, c.got)
		switch {
		case err == nil:
			if err = c.messages(b.Messages); err == nil && b.End != nil {
				return b.End
			}
		case errors.Is(err, context.DeadlineExceeded):
			due.tick()
			err = c.tick(due)
		}
	}
	c.got.Broken()
	return err
}

// tick shows that the server is there, and asks whether the client is; or tells that it is to connect anew.
func (c *socket) tick(due *schedule) error {
	if due.old {
		_ = c.messages([]session.Message{{Data: []byte{byte(protocol.Move), '0'}}}) // it is over anyway
		return &session.Gone{Code: wsock.Normal, Why: "Normal closure"}
	}
	if err := c.write(c.heartbeat()); err != nil {
		return err
	}
	return c.conn.Ping(max(due.every, c.DisconnectDelay))
}

// write writes a frame, of which a raw client knows nothing.
func (c *socket) write(frame []byte) error {
	if c.raw {
		return nil
	}
	return c.conn.Write(false, frame)
}

func (c *socket) messages(ms []session.Message) error {
	if !c.raw {
		return inFrames(ms, c.write)
	}
	for _, m := range ms {
		if err := c.conn.Write(false, m.Data); err != nil {
			return err
		}
	}
	return nil
}

// end tells the client why it is over, and closes the connection.
func (c *socket) end(err error) {
	end, _ := errors.AsType[*session.Gone](err)
	switch {
	case errors.Is(err, session.ErrClosed):
		end = &session.Gone{Code: wsock.Away, Why: "Going away"}
	case end == nil, end.Code == 0:
		end = &session.Gone{Code: interrupted, Why: "Connection interrupted"}
	}
	_ = c.write(closeFrame(end.Code, end.Why)) // if the client is gone there is nobody to tell
	if c.raw {
		c.conn.Close(end.Code, end.Why)
		return
	}
	c.conn.Close(wsock.Normal, "")
}
