package transports

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// LocalHandler handles one message: a call of a method, by a socket. Its error's text is the answer if it is not nil.
type LocalHandler func(socket, method string, p protocol.Payload) (protocol.Payload, error)

// Local is a Switchboard in the memory of one process, for programs that want a transport and nothing else of this module.
//
// It speaks the whole protocol with a client, so that messages are handled once and in order, and answers and events survive
// a broken connection; what a method means is up to the handler. It has no topics. What a socket has not acknowledged is bounded, to 1,000 entries and
// 1 MiB; how many sockets there are is not. A socket that stays away for two
// minutes is forgotten, and so is everything when the process ends: its clients are told (gone).
//
// The messages of a socket are handled one at a time, volatile ones concurrently. All methods may be called at once.
type Local struct {
	handle LocalHandler

	mu      sync.Mutex
	sockets map[string]*localSocket
	swept   time.Time
	closed  bool
}

// localTTL is how long a socket may stay away.
const localTTL = 2 * time.Minute

// NewLocal returns a switchboard whose messages the handler handles.
func NewLocal(handle LocalHandler) *Local {
	return &Local{handle: handle, sockets: map[string]*localSocket{}, swept: time.Now()}
}

var _ Switchboard = (*Local)(nil)

// Send sends an event to a socket. It waits there if the socket is away. For a socket that is not known the error is a *protocol.Close
// with code gone.
func (l *Local) Send(socket, method string, p protocol.Payload) error {
	if _, err := protocol.ParseFrame((protocol.Frame{Kind: protocol.Event, Header: []byte(method), Payload: p}).Append(nil)); err != nil {
		return err
	}
	l.mu.Lock()
	s := l.sockets[socket]
	l.mu.Unlock()
	if s == nil {
		return &protocol.Close{Code: protocol.CodeGone}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appendLocked(protocol.Event, method, p)
	return nil
}

// Close ends all connections with a move (m0), and lets no new one in. It is for http.Server.RegisterOnShutdown, since Shutdown waits for
// streams and does not know of WebSockets.
func (l *Local) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, s := range l.sockets {
		s.mu.Lock()
		s.moveLocked()
		s.mu.Unlock()
	}
}

// Open implements Switchboard.
func (l *Local) Open(_ *http.Request, hello []byte, c Carrier) (Link, error) {
	h, err := protocol.ParseHello(hello)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, &protocol.Close{Code: protocol.CodeUnavailable}
	}
	l.sweepLocked()
	id := protocol.CredentialOf(h.Key).Socket // which nobody finds another key for
	s := l.sockets[id]
	switch {
	case s == nil && (h.Cursor != nil || h.In > 0):
		return nil, &protocol.Close{Code: protocol.CodeGone}
	case s == nil:
		s = &localSocket{local: l, id: id, tag: rand.Text()[:5], turn: make(chan struct{}, 1)}
		l.sockets[id] = s
	}
	return s.attach(h, c)
}

// Post implements Switchboard.
func (l *Local) Post(_ *http.Request, frames [][]byte) ([][]byte, error) {
	hello, err := protocol.ParseHelloPost(frames[0])
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	s := l.sockets[protocol.CredentialOf(hello.Key).Socket]
	l.mu.Unlock()
	if s == nil {
		return nil, &protocol.Close{Code: protocol.CodeGone}
	}
	if err := s.acknowledge(hello.Ack); err != nil {
		return nil, err
	}
	var reply [][]byte
	for _, f := range frames[1:] {
		answer, err := s.receive(f)
		switch {
		case err != nil:
			return reply, err
		case len(answer) == 0 || answer[0] == byte(protocol.Committed): // one for all follows
		case answer[0] == byte(protocol.Gap):
			return append(reply, answer), nil
		default:
			reply = append(reply, answer)
		}
	}
	return append(reply, s.committed()), nil
}

// sweepLocked forgets sockets that stayed away for too long. No goroutine has to run for it.
func (l *Local) sweepLocked() {
	now := time.Now()
	if now.Sub(l.swept) < localTTL/4 {
		return
	}
	l.swept = now
	for id, s := range l.sockets {
		if s.awayFor(now) > localTTL {
			delete(l.sockets, id)
		}
	}
}

func (l *Local) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sockets, id)
}

// localLink is one connection of a socket. Its fields are guarded by the socket's mutex.
type localLink struct {
	s     *localSocket
	once  bool
	waits bool          // a poll that is held until there is more than the hello
	at    uint64        // offset of the stream up to which was pulled
	head  [][]byte      // what is not of the stream, and goes before it: the hello, acknowledgements, volatile answers
	end   error         // what Pull returns when everything before it was pulled
	wake  chan struct{} // holds one when there may be something to pull
	ready func(bool)    // Carrier.Ready; nil: the link is pulled

	headSize int // bytes of answers in head
}

// Where a client that does not read loses volatile answers.
const (
	maxHead      = 256
	maxHeadBytes = 1 << 20
)

// Push implements Link.
func (k *localLink) Push(_ context.Context, frame []byte) error {
	answer, err := k.s.receive(frame)
	if answer != nil {
		k.s.mu.Lock()
		defer k.s.mu.Unlock()
		if len(k.head) < maxHead && k.headSize+len(answer) <= maxHeadBytes {
			k.head, k.headSize = append(k.head, answer), k.headSize+len(answer)
			k.wakeLocked()
		}
	}
	return err
}

// Pull implements Link.
func (k *localLink) Pull(ctx context.Context) ([][]byte, error) {
	for {
		if frames, err := k.take(k.once && ctx.Err() != nil); len(frames) > 0 || err != nil {
			return frames, err
		}
		select {
		case <-k.wake:
		case <-ctx.Done():
			if !k.once {
				return nil, ctx.Err()
			}
		}
	}
}

func (k *localLink) take(now bool) ([][]byte, error) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	entries := k.s.afterLocked(k.at)
	if k.waits && !now && len(entries) == 0 && k.end == nil {
		return nil, nil
	}
	frames := append(k.head, entries...)
	k.head, k.headSize, k.at = nil, 0, k.s.topLocked()
	return frames, k.end
}

// Take implements Link.
func (k *localLink) Take(frames [][]byte) ([][]byte, error) {
	more, err := k.take(true)
	return append(frames, more...), err
}

// Close implements Link.
func (k *localLink) Close() {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	k.endLocked(io.EOF)
	if k.s.link == k {
		k.s.link, k.s.seen = nil, time.Now()
	}
}

func (k *localLink) endLocked(err error) {
	if k.end == nil {
		k.end = err
		k.wakeLocked()
	}
}

func (k *localLink) wakeLocked() {
	if k.ready != nil {
		k.ready(false)
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}
