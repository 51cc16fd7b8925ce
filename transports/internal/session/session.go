// Package session keeps the sessions of protocols that were made elsewhere, such as Engine.IO's, in a store, so that each request of one may reach
// any instance.
//
// A session is a socket of the store's. Its stream is what goes down, its message number counts the requests that came up, its deadline is the
// protocol's time-out, its goodbye is the program's close callback. Who receives the stream takes entries before it writes them, in one step with letting
// go: so no instance has anything to tell the next, and nothing is written twice. What was taken and did not arrive is lost: these protocols
// cannot repeat it, and end the session.
//
// Sessions serve a [Program], alone, or a switchboard: then what comes up are hellos and frames, and links carry down. Only hellos and replies go through the
// session's stream; what a link brings is written as it is, and what is lost of it the client's next hello makes good.
package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
)

// Config is what a protocol says of its sessions.
type Config struct {
	Name      string        // whose sessions these are: a store has those of one name only, but for a switchboard's store
	Store     store.Store   // where they are; nil: the switchboard's own, else one in memory
	Away      time.Duration // a session of which nobody receives ends after this time
	Patience  time.Duration // how long who comes while somebody receives waits for that one to go
	Tombstone time.Duration // how long a session that the program has ended, or the protocol with a code, tells so
	Trace     time.Duration // how long one that ended otherwise tells why, and its sid is not free
	Expired   string        // why a session ends whose time is over
	MaxBytes  int           // of what waits for one session, in a store of its own in memory; 0: the store's default
	Serial    bool          // requests that bring messages come one after the other: two at once are [ErrTwice]. Else they take effect in the order in which they are applied
	Limits    transports.Limits

	// One of:
	Board   transports.Switchboard
	Program *Program
}

// Host is what a switchboard is asked for, if it has it.
type Host interface {
	Store() store.Store        // where sessions may be kept
	Admit(*http.Request) error // a *protocol.Close: why the request's client may not open another session here now
	Drained() <-chan struct{}  // closed when the instance begins to be shut down
}

// Errors that a protocol has answers for. All others come from the store: the outcome is not known, and the instance is not able to serve.
var (
	ErrUnknown  = errors.New("session: there is no such session")
	ErrExists   = errors.New("session: there is such a session")
	ErrBusy     = errors.New("session: somebody receives already")
	ErrUpgraded = errors.New("session: it is on a websocket")
	ErrTwice    = errors.New("session: two requests at once bring messages")
	ErrMoved    = errors.New("session: another connection receives")
	ErrClosed   = errors.New("session: the instance is being shut down")
)

// Gone is the error for a session that has ended, and a session's end.
type Gone struct {
	Code int    // the program's, or the protocol's own; 0: none, it ended by what happened to it
	Why  string // for people
}

// Error implements error.
func (g *Gone) Error() string { return fmt.Sprintf("session: ended: %d %s", g.Code, g.Why) }

// websocket is the attach number of a session that was upgraded: above all that the store gives to polls, and so known to everybody.
const websocket = 1 << 52

// unheld is how long a session may wait for its first receiver under a switchboard, where a handshake alone must not leave much.
const unheld = 5 * time.Second

// Sessions are the sessions of one protocol on one instance. Their methods may be called at once.
type Sessions struct {
	cfg      Config
	store    store.Store
	owned    bool  // by the sessions alone
	hosted   bool  // it is the switchboard's
	host     Host  // nil: none
	turns    locks // of sessions whose messages are dealt with
	entering locks // of sessions that are not known yet

	starting sync.Mutex
	watch    store.Watch

	mu        sync.Mutex
	receivers map[string]*Receiver // that hold a session here, by id
	keeper    *time.Timer          // for keeping them; nil: nobody is held
	closed    bool
	due       time.Time   // when to claim; zero: nothing is known to be due
	timer     *time.Timer // for that
	claiming  sync.Mutex  // held by who claims
	background
}

// background is what runs beside requests: the keeping of receivers, claims at their time.
type background struct {
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup
}

// New returns the sessions of a protocol. Nothing runs until the first is opened.
func New(cfg Config) *Sessions {
	s := &Sessions{cfg: cfg, store: cfg.Store, receivers: map[string]*Receiver{}}
	s.host, _ = cfg.Board.(Host)
	if s.store == nil && s.host != nil {
		s.store, s.hosted = s.host.Store(), true
	}
	if s.store == nil {
		s.store, s.owned = memory.New(memory.Options{MaxBytes: cfg.MaxBytes}), true
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// start has the store's notices delivered, and returns the inbox.
func (s *Sessions) start(ctx context.Context) (string, error) {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.isClosed() {
		return "", ErrClosed
	}
	if s.watch == nil {
		watch, err := s.store.Watch(ctx, s.notice)
		if err != nil {
			return "", fmt.Errorf("session: %w", err)
		}
		s.watch = watch
	}
	return s.watch.Inbox(), nil
}

func (s *Sessions) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close ends what the sessions hold on this instance: receivers let go and return [ErrClosed], nothing begins any more. Sessions go on elsewhere, if their store
// is shared. It returns when all is done, or ctx's error.
func (s *Sessions) Close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	for _, t := range []*time.Timer{s.timer, s.keeper} {
		if t != nil {
			t.Stop()
		}
	}
	var held []*Receiver
	for _, r := range s.receivers {
		held = append(held, r)
	}
	s.mu.Unlock()
	for _, r := range held {
		r.fail(ErrClosed)
	}
	for _, r := range held {
		select {
		case <-r.left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.stop()
	if err := Wait(ctx, &s.done); err != nil {
		return err
	}
	s.starting.Lock()
	defer s.starting.Unlock()
	var err error
	if s.watch != nil {
		err = s.watch.Close()
		s.watch = nil
	}
	if s.owned && first {
		err = errors.Join(err, s.store.Close())
	}
	return err
}

// Wait waits for a group. The error is ctx's, if that ends first.
func Wait(ctx context.Context, group *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Open makes a session. With a carrier it is received from here at once. The error is [ErrExists] if there is one of this sid, also one that has ended not long ago.
func (s *Sessions) Open(r *http.Request, sid string, c *Carrier) (*Receiver, error) {
	inbox, err := s.start(r.Context())
	if err != nil {
		return nil, err
	}
	if s.host != nil {
		if err := s.host.Admit(r); err != nil {
			return nil, err
		}
	}
	s.passing(r.Context())
	id := s.ID(sid)
	if !s.turns.lock(r.Context(), id, true) {
		return nil, r.Context().Err()
	}
	defer s.turns.unlock(id)

	open := store.Open{Secret: s.secret(sid), User: []byte(s.cfg.Name), TTL: s.cfg.Away}
	var got *Receiver
	switch {
	case c != nil:
		got = s.newReceiver(r, sid, *c)
		got.attach = 1
		if c.WebSocket {
			got.attach = websocket
		}
		if err := s.hold(got); err != nil {
			return nil, err
		}
		open.Attach, open.Inbox, open.TTL = got.attach, inbox, s.held()
	case s.cfg.Program == nil:
		open.TTL = min(open.TTL, unheld)
	}
	done := false
	defer func() {
		if !done { // also if the program panics
			got.drop()
		}
	}()
	x := &Exchange{ID: id, Request: r}
	s.cfg.Program.opened(x) // nothing is in its way any more, here
	turn := store.Turn{Cause: store.Cause{Socket: id}, Effects: append([]store.Effect{open}, x.effects()...)}
	out, again, err := s.commit(r.Context(), turn)
	if err == nil && out.Status == store.Repeated && !again {
		err = ErrExists
	}
	if err != nil || got == nil {
		return nil, err
	}
	got.opened(turn.Effects, out)
	done = true
	return got, nil
}

// State is how a session is received.
type State int

const (
	Polling  State = iota // by polls, or streams that follow each other
	Upgraded              // by a websocket
)

// Look tells how a session is received; [ErrUnknown], or a *[Gone].
func (s *Sessions) Look(ctx context.Context, sid string) (State, error) {
	sock, err := s.look(ctx, sid)
	if err != nil || sock.Attach < websocket {
		return Polling, err
	}
	return Upgraded, nil
}

func (s *Sessions) look(ctx context.Context, sid string) (store.Socket, error) {
	reply, err := s.query(ctx, store.Query{Socket: s.ID(sid)})
	if err == nil {
		err = s.ended(reply.Status, reply.Sock)
	}
	return reply.Sock, err
}

// ended is the error for a store's status about a session: nil but for Gone.
func (s *Sessions) ended(status store.Status, sock store.Socket) error {
	switch {
	case status != store.Gone:
		return nil
	case sock.ID == "":
		return ErrUnknown
	case !sock.Ended, expired(sock):
		return &Gone{Why: s.cfg.Expired}
	}
	return &Gone{Code: sock.Code, Why: sock.Why}
}

// Probe asks for a session that is polled to be upgraded within a time: [ErrBusy] if that is under way already. A poll that waits is ended with nothing.
func (s *Sessions) Probe(ctx context.Context, sid string, within time.Duration) error {
	id := s.ID(sid)
	out, again, err := s.commit(ctx, store.Turn{
		Cause:   store.Cause{Key: "probe " + id, KeepKey: within},
		Effects: []store.Effect{store.Append{Socket: id, Data: []byte{noop}}},
	})
	switch {
	case err != nil:
		return err
	case out.Status != store.Applied && !again:
		return ErrBusy
	case out.Status == store.Applied && out.At[0].IsZero():
		return ErrUnknown
	}
	return nil
}

// Release ends a poll that waits, wherever it is, or the next, with nothing to say.
func (s *Sessions) Release(ctx context.Context, sid string) error {
	return s.append(ctx, s.ID(sid), [][]byte{{noop}})
}

// Append sends messages to a session, given its id. It is [ErrUnknown] if there is none, or it has ended.
func (s *Sessions) Append(ctx context.Context, id string, ms ...Message) error {
	var data [][]byte
	for _, m := range ms {
		data = append(data, m.entry())
	}
	return s.append(ctx, id, data)
}

// Finish ends a session, given its id, after what waits for it has been received.
func (s *Sessions) Finish(ctx context.Context, id string, end Gone) error {
	return s.append(ctx, id, [][]byte{end.entry()})
}

func (s *Sessions) append(ctx context.Context, id string, data [][]byte) error {
	out, _, err := s.outside(ctx, appends(id, data))
	if err == nil && out.Status == store.Applied && len(out.At) > 0 && out.At[0].IsZero() {
		err = ErrUnknown
	}
	return err
}

// End ends a session at once, given its id. One that has ended stays as it is.
func (s *Sessions) End(ctx context.Context, id string, end Gone) error {
	_, _, err := s.outside(ctx, []store.Effect{store.End{Socket: id, Code: end.Code, Why: end.Why}})
	if err == nil {
		s.passing(ctx)
	}
	return err
}
