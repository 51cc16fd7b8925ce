package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Reasons for which a session ends, beside those of the network and a [*protocol.Close].
var (
	errSwitch  = errors.New("client: another transport is wanted")
	errSilent  = errors.New("client: nothing came for twice the heartbeat")
	errNoHello = errors.New("client: no hello in time")
)

const (
	ackAfter    = 15 * time.Second // a cursor that moved is told at the latest after so long
	pollSilence = 40 * time.Second // a poll that takes longer than this, twice its usual time, is dead
	upSilence   = 60 * time.Second // so is a request with messages

	maxHeartbeat = 3600 // seconds; an instance that promises less than that is not waited for longer

	maxLine  = 4 << 20  // of a frame
	maxBody  = 16 << 20 // of a response
	maxWrite = 64 << 10 // of one WebSocket message, about
	upLines  = 256      // in a request with messages ...
	upBytes  = 1 << 20  // ... and their bytes, about
)

// carrier carries a session until it ends, and returns why: it says hello with the lines of session.hello, gives
// what comes down to session.receive, and brings up what session.next returns.
type carrier func(*session) error

// session is the time that a conversation spends on one transport without a break: one connection, or polls in a row.
type session struct {
	c      *Client
	name   string // of the transport
	begun  time.Time
	ctx    context.Context // ends with the session; its cause is why
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // of the carrier's goroutines
	ready  chan struct{}  // closed when messages can be brought up
	opened chan struct{}  // closed when the first hello was answered
	taken  chan struct{}  // closed when it has taken the place of another one
	over   chan struct{}  // closed when nothing of the session runs any more
	err    error          // why it ended, once it is over

	watch  *time.Timer   // ends the session when it runs out
	hb     time.Duration // of silence that end it; 0: none was promised
	acks   *time.Ticker
	duplex bool // what goes up goes over the connection that carries down

	trying           chan struct{} // holds one while there is a session on trial, and when there can be none any more
	moving, renewing atomic.Bool

	// Guarded by the client's mutex:
	from   *session // on trial, to take the place of this one
	heir   *session // has taken this one's place
	trial  *session // the newest to take this one's place that has said hello
	attach uint64   // number of the newest hello
}

// newSession begins to carry the conversation: over the present transport or, if from is not nil, over one of a name as soon as it can take the place of that.
func (c *Client) newSession(name string, helloTime time.Duration, from *session) *session {
	s := &session{
		c: c, name: name, begun: time.Now(), from: from,
		ready: make(chan struct{}), opened: make(chan struct{}), taken: make(chan struct{}), over: make(chan struct{}),
		acks: time.NewTicker(ackAfter), trying: make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancelCause(c.ctx)
	s.watch = time.AfterFunc(helloTime, s.silent)
	s.watch.Stop()
	if from == nil {
		c.setSession(s)
	}
	go s.run(helloTime)
	return s
}

func (s *session) run(helloTime time.Duration) {
	defer close(s.over)
	err := s.c.identify(s.ctx)
	if err == nil {
		s.watch.Reset(helloTime)
		err = s.c.carriers[s.name](s)
	}
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause // what the carrier met is its consequence
	}
	s.cancel(err)
	s.wg.Wait()
	s.trying <- struct{}{} // and keeps it: what is on trial has taken over or is over, and nothing else will be
	s.watch.Stop()
	s.acks.Stop()
	s.err = err
}

// setSession makes s the session in use, by the present transport.
func (c *Client) setSession(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = s
	s.name = c.names[c.current]
	select {
	case <-c.kick: // it was heard
	default:
	}
}

// openSession tells the program of what is new with a session whose hello was answered.
func (c *Client) openSession(name string) {
	c.mu.Lock()
	var status Status // a session that took the place of another one is no news
	switch {
	case !c.opened:
		status = StatusOpen
		c.opened = true
		close(c.first)
	case !c.open:
		status = StatusReconnected
	}
	c.open = true
	changed := c.told != name
	c.told = name
	c.mu.Unlock()
	if changed && c.options.OnTransport != nil {
		c.tell(func() { c.options.OnTransport(name) })
	}
	c.status(status)
	c.wakeUp()
}

// endSession returns the session that has taken the place of one that is over; nil if none has.
func (c *Client) endSession(s *session) (heir *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.heir == nil {
		c.session, c.open = nil, false
	}
	return s.heir
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

// hello returns the line of a new hello, and the number that names what is received in answer to it. now asks for an answer at once. While a session is on
// trial a poll's hello, which would overtake its, waits for the outcome; it is nil if the session has ended by then.
func (s *session) hello(now bool) (line []byte, attach uint64) {
	s.c.mu.Lock()
	for trial := s.trial; trial != nil; trial = s.trial {
		s.c.mu.Unlock()
		select {
		case <-trial.over:
		case <-s.ctx.Done():
			return nil, 0
		}
		s.c.mu.Lock()
		if s.trial == trial {
			s.trial = nil
		}
	}
	line, attach = s.c.conv.hello(now)
	s.attach = attach
	if s.from != nil {
		s.from.trial = s
	}
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
	if err := s.c.calls.reserve(s.ctx, len(line)); err != nil {
		return err
	}
	s.c.mu.Lock()
	news, err := s.applyLocked(attach, line)
	s.c.calls.put(s.c.callsLocked(news), len(line))
	s.c.mu.Unlock()
	if err != nil {
		return err
	}
	switch protocol.Kind(line[0]) {
	case protocol.Welcome:
		return s.welcomed(line)
	case protocol.Move:
		return s.moved(line)
	case protocol.Expiring:
		return s.expiring(line)
	}
	s.c.wakeUp() // there may be something to say: an acknowledgement, a message to send again
	return nil
}

// applyLocked has the conversation take a line, if it is the session's turn to speak.
func (s *session) applyLocked(attach uint64, line []byte) ([]delivery, error) {
	c := s.c
	if c.session != s && (c.session != s.from || attach != c.conv.attach) { // in the second case a poll overtook the trial
		return nil, errOutdone
	}
	news, err := c.conv.apply(attach, line)
	if err == nil && s.from != nil && c.conv.live == attach {
		s.takeOverLocked()
	}
	return news, err
}

// welcomed makes the session an open one.
func (s *session) welcomed(line []byte) error {
	h, err := protocol.ParseWelcome(line)
	if err != nil {
		return err
	}
	s.hb = 2 * time.Duration(min(max(h.Heartbeat, 0), maxHeartbeat)) * time.Second
	if !s.isOpen() {
		close(s.opened)
		s.setReady()
		s.c.openSession(s.name)
		s.wg.Go(s.climb)
	}
	s.alive()
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
	if c.session != s {
		return errOutdone
	}
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
		if s.c.session != s {
			s.c.mu.Unlock()
			s.c.wakeUp() // whoever took over
			return nil, errOutdone
		}
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
