package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Reasons for which a session ends, beside those of the network and a [*protocol.Close].
var (
	errSwitch  = errors.New("client: another transport is wanted")
	errMove    = errors.New("client: the instance asked to move")
	errSilent  = errors.New("client: nothing came for twice the heartbeat")
	errNoHello = errors.New("client: no hello in time")
)

const (
	ackAfter    = 15 * time.Second // a cursor that moved is told at the latest after so long
	pollSilence = 40 * time.Second // a poll that takes longer than this, twice its usual time, is dead
	upSilence   = 60 * time.Second // so is a request with messages
	maxLine     = 4 << 20          // of a frame
	maxBody     = 16 << 20         // of a response
	maxWrite    = 64 << 10         // of one WebSocket message, about
	upLines     = 256              // in a request with messages ...
	upBytes     = 1 << 20          // ... and their bytes, about
)

// carrier carries a session until it ends, and returns why: it says hello with the lines of session.hello, gives
// what comes down to session.receive, and brings up what session.next returns.
type carrier func(*session) error

// session is the time that a conversation spends on one transport without a break: one connection, or polls in a row.
type session struct {
	c      *Client
	ctx    context.Context // ends with the session; its cause is why
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // of the carrier's goroutines
	ready  chan struct{}  // closed when messages can be brought up
	opened chan struct{}  // closed when the first hello was answered

	watch *time.Timer   // ends the session when it runs out
	hb    time.Duration // of silence that end it; 0: none was promised
	move  *time.Timer
	acks  *time.Ticker
}

// runSession carries the conversation over the present transport, until that ends. It returns which that was, why it ended, and whether an
// instance said hello.
func (c *Client) runSession(helloTime time.Duration) (name string, opened bool, err error) {
	s := &session{c: c, ready: make(chan struct{}), opened: make(chan struct{}), acks: time.NewTicker(ackAfter)}
	s.ctx, s.cancel = context.WithCancelCause(c.ctx)
	s.watch = time.AfterFunc(helloTime, func() { s.silent() })
	s.move = time.AfterFunc(time.Hour, func() { s.cancel(errMove) })
	s.move.Stop()

	name = c.setSession(s)
	err = c.carriers[name](s)
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause // what the carrier met is its consequence
	}
	s.cancel(err)
	s.wg.Wait()
	s.watch.Stop()
	s.move.Stop()
	s.acks.Stop()
	c.endSession()
	return name, s.isOpen(), err
}

// setSession makes s the session in use, and returns its transport.
func (c *Client) setSession(s *session) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = s
	select {
	case <-c.kick: // it was heard
	default:
	}
	return c.names[c.current]
}

func (c *Client) openSession() {
	c.mu.Lock()
	status := StatusReconnected
	if !c.opened {
		status = StatusOpen
		c.opened = true
		close(c.first)
	}
	c.open = true
	c.mu.Unlock()
	c.status(status)
	c.wakeUp()
}

func (c *Client) endSession() {
	c.mu.Lock()
	was := c.open
	c.session, c.open = nil, false
	c.mu.Unlock()
	if was && c.ctx.Err() == nil {
		c.status(StatusReconnecting)
	}
}

func (s *session) isOpen() bool {
	select {
	case <-s.opened:
		return true
	default:
		return false
	}
}

// setReady lets messages be brought up.
func (s *session) setReady() {
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// silent ends a session from which nothing has come in time.
func (s *session) silent() {
	if s.isOpen() {
		s.cancel(errSilent)
	} else {
		s.cancel(errNoHello)
	}
}

// hello returns the line of a new hello, and the number that names what is received in answer to it. now asks for an answer at once.
func (s *session) hello(now bool) (line []byte, attach uint64) {
	s.c.mu.Lock()
	line, attach = s.c.conv.hello(now)
	s.c.mu.Unlock()
	s.c.trace("up", line)
	return line, attach
}

// receive takes lines that came down in answer to the hello with number attach.
func (s *session) receive(attach uint64, lines [][]byte) error {
	for _, line := range lines {
		s.c.trace("down", line)
		s.alive()
		if err := s.receiveLine(attach, line); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) receiveLine(attach uint64, line []byte) error {
	if err := s.c.calls.reserve(s.ctx); err != nil {
		return err
	}
	s.c.mu.Lock()
	news, err := s.c.conv.apply(attach, line)
	s.c.calls.put(s.c.callsLocked(news))
	s.c.mu.Unlock()
	if err != nil {
		return err
	}
	switch protocol.Kind(line[0]) {
	case protocol.Welcome:
		return s.welcomed(line)
	case protocol.Move:
		return s.moved(line)
	}
	s.c.wakeUp() // there may be something to say: an acknowledgement, a message to send again
	return nil
}

// welcomed makes the session an open one.
func (s *session) welcomed(line []byte) error {
	h, err := protocol.ParseWelcome(line)
	if err != nil {
		return err
	}
	s.hb = 2 * time.Duration(h.Heartbeat) * time.Second
	if !s.isOpen() {
		close(s.opened)
		s.setReady()
		s.c.openSession()
	}
	s.alive()
	return nil
}

// moved ends the session somewhere within the time that the instance gives: not all its clients at once.
func (s *session) moved(line []byte) error {
	f, err := protocol.ParseFrame(line)
	if err != nil {
		return err
	}
	ms, err := f.Number(0)
	if err != nil {
		return err
	}
	within := time.Duration(min(ms, 60_000)) * time.Millisecond
	s.move.Reset(time.Duration(rand.Int64N(int64(within)/2 + 1)))
	return nil
}

// alive notes that something came down.
func (s *session) alive() {
	switch {
	case !s.isOpen(): // the time for the hello goes on
	case s.hb == 0:
		s.watch.Stop()
	default:
		s.watch.Reset(s.hb)
	}
}

// receiveReply takes the response to a request with messages.
func (s *session) receiveReply(lines [][]byte) error {
	c := s.c
	for _, line := range lines {
		c.trace("down", line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range lines {
		f, err := protocol.ParseFrame(line)
		if err != nil {
			return err
		}
		switch f.Kind {
		case protocol.Closed:
			return closeOf(f)
		case protocol.Committed, protocol.Gap, protocol.VolatileAnswer, protocol.VolatileError:
			if err := c.conv.applyReply(f); err != nil {
				return err
			}
		}
	}
	return c.conv.replied()
}

// closeOf reads a z frame.
func closeOf(f protocol.Frame) error {
	c, err := protocol.ParseClose(f)
	if err != nil {
		return err
	}
	return c
}

// next waits until there is something to bring up and returns it, lines with their line breaks. It is called by one goroutine.
func (s *session) next(take func(ackNow bool) []byte) ([]byte, error) {
	select {
	case <-s.ready:
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
	for ackNow := false; ; {
		s.c.mu.Lock()
		text := take(ackNow)
		s.c.mu.Unlock()
		if len(text) > 0 {
			if s.c.options.Trace != nil {
				for line := range bytes.Lines(text) {
					s.c.trace("up", bytes.TrimSuffix(line, []byte("\n")))
				}
			}
			return text, nil
		}
		select {
		case <-s.c.wake:
		case <-s.acks.C:
			ackNow = true
		case <-s.ctx.Done():
			return nil, context.Cause(s.ctx)
		}
	}
}

// refused describes an HTTP response that is not what was asked for: by its z line, if it is of the status that belongs to its code. Otherwise it
// says that there is no such transport here, which is no reason to stop.
func refused(status int, body []byte) error {
	for _, line := range protocol.Lines(body) {
		f, err := protocol.ParseFrame(line)
		if err != nil || f.Kind != protocol.Closed {
			continue
		}
		if c, err := protocol.ParseClose(f); err == nil && c.Code.Status() == status {
			return c
		}
	}
	return fmt.Errorf("client: status %d", status)
}
