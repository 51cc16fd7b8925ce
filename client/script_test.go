package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// script is a switchboard whose every word is the test's, behind the real transports.
type script struct {
	t      *testing.T
	url    string
	hellos chan protocol.HelloUp // of new connections; of polls, the first of each row
	polls  chan protocol.HelloUp // of the other polls
	ups    chan up

	mu      sync.Mutex
	link    *scriptLink // the newest
	key     string      // of the newest hello ...
	attach  uint64      // ... and its number
	queue   [][]byte    // to go down
	end     error       // of the link, when the queue is empty
	refusal error       // of every connection
	mute    bool        // connections are accepted, and not even their hellos answered
	holds   bool        // a poll is held though it asks for an answer at once
	welcome protocol.HelloDown

	network
}

// up is what came up at once: a POST, or one message of a WebSocket.
type up struct {
	s     *script
	key   string
	ack   protocol.Cursor
	tries int
	auth  string
	lines []string
	reply chan []string // nil: over the connection
}

// startScript serves a script over all transports, until the test ends.
func startScript(t *testing.T) *script {
	t.Helper()
	s := &script{t: t, hellos: make(chan protocol.HelloUp, 100), polls: make(chan protocol.HelloUp, 100), ups: make(chan up, 100)}
	h, err := transports.Handler(s, transports.Options{}, ws.Transport{}, sse.Transport{}, longpoll.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	s.url = server.URL
	t.Cleanup(func() {
		s.cut()
		server.Close()
	})
	return s
}

// dial connects a client by one transport.
func (s *script) dial(name string, o Options) *Client {
	s.t.Helper()
	o.Transports = []string{name}
	o.DialContext = s.dialContext
	c := dial(s.t, s.url, o)
	s.wantHello()
	return c
}

// wantHello waits for a new connection.
func (s *script) wantHello() protocol.HelloUp {
	s.t.Helper()
	select {
	case h := <-s.hellos:
		return h
	case <-testContext(s.t).Done():
		s.t.Fatal("no new connection")
		panic("not reached")
	}
}

// wantUp waits for messages, and compares them with what is wanted.
func (s *script) wantUp(want ...string) up {
	s.t.Helper()
	var all up
	for len(all.lines) < len(want) {
		select {
		case u := <-s.ups:
			u.lines = append(all.lines, u.lines...)
			all = u
		case <-testContext(s.t).Done():
			s.t.Fatalf("only %q came, want %q", all.lines, want)
		}
	}
	for i, line := range all.lines {
		if i >= len(want) || line != want[i] {
			s.t.Fatalf("%q came, want %q", all.lines, want)
		}
	}
	return all
}

// commit waits for messages, in as many requests as they take, and says of each that it took effect, and that its answer is at or before an offset.
func (s *script) commit(at int, want ...string) {
	s.t.Helper()
	for i := 0; i < len(want); {
		select {
		case u := <-s.ups:
			n := len(u.lines)
			if i+n > len(want) || !slices.Equal(u.lines, want[i:i+n]) {
				s.t.Fatalf("%q came, want %q", u.lines, want[i:])
			}
			i += n
			u.answer(fmt.Sprintf("a%d,%d", i, at))
		case <-testContext(s.t).Done():
			s.t.Fatalf("%q did not come", want[i:])
		}
	}
}

// answer says what became of messages.
func (u up) answer(lines ...string) {
	if u.reply == nil {
		u.s.down(lines...)
	} else {
		u.reply <- lines
	}
}

// down sends frames over the connection.
func (s *script) down(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range lines {
		s.queue = append(s.queue, []byte(line))
	}
	s.link.wakeUp()
}

// close ends the connection after what was sent.
func (s *script) close(code protocol.Code, in uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = &protocol.Close{Code: code, In: &in}
	s.link.wakeUp()
}

// set changes how connections are met.
func (s *script) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *script) Open(_ *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
	h, err := protocol.ParseHello(hello)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Key == s.key && h.Attach < s.attach {
		return nil, &protocol.Close{Code: protocol.CodeStale}
	}
	s.key, s.attach = h.Key, h.Attach
	fresh := !c.Once || h.Cursor == nil || h.Now
	held := s.holds && c.Once && h.Cursor != nil
	if fresh {
		s.hellos <- h
	} else {
		s.polls <- h
	}
	if s.refusal != nil {
		return nil, s.refusal
	}
	w := s.welcome
	w.ID = protocol.CredentialOf(h.Key).Socket
	s.link.wakeUp() // the one before is not the newest any more
	s.link = &scriptLink{s: s, hello: w.Append(nil), fresh: fresh && !held, once: c.Once, wake: make(chan struct{}, 1), ready: c.Ready}
	return s.link, nil
}

func (s *script) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	hello, err := protocol.ParseHelloPost(frames[0])
	if err != nil {
		return nil, err
	}
	u := up{s: s, key: hello.Key, ack: hello.Ack, tries: hello.Tries, auth: hello.Auth, reply: make(chan []string, 1)}
	for _, f := range frames[1:] {
		u.lines = append(u.lines, string(f))
	}
	s.ups <- u
	var reply [][]byte
	select {
	case lines := <-u.reply:
		for _, line := range lines {
			reply = append(reply, []byte(line))
		}
		return reply, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

type scriptLink struct {
	s     *script
	hello []byte // nil: it was pulled
	fresh bool
	once  bool
	wake  chan struct{}
	ready func(bool)
}

func (k *scriptLink) wakeUp() {
	switch {
	case k == nil:
		return
	case k.ready != nil:
		k.ready(false)
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *scriptLink) Push(_ context.Context, frame []byte) error {
	u := up{s: k.s, lines: []string{string(frame)}}
	if f, err := protocol.ParseFrame(frame); err == nil && f.Kind == protocol.Ack {
		u.lines = nil
		u.ack, _ = f.Cursor(0)
	}
	k.s.ups <- u
	return nil
}

func (k *scriptLink) Pull(ctx context.Context) ([][]byte, error) {
	for {
		if frames, err := k.next(); len(frames) > 0 || err != nil {
			return frames, err
		}
		select {
		case <-k.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (k *scriptLink) Take(frames [][]byte) ([][]byte, error) {
	more, err := k.next()
	return append(frames, more...), err
}

func (k *scriptLink) next() ([][]byte, error) {
	s := k.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != k {
		return nil, &protocol.Close{Code: protocol.CodeReplaced}
	}
	held := k.once && !k.fresh && len(s.queue) == 0 && s.end == nil
	if held || s.mute {
		return nil, nil
	}
	frames := s.queue
	if k.hello != nil {
		frames = append([][]byte{k.hello}, frames...)
	}
	err := s.end
	k.hello, s.queue, s.end = nil, nil, nil
	return frames, err
}

func (k *scriptLink) Close() {}

// network makes a client's connections, and cuts them.
type network struct {
	mutex sync.Mutex
	conns []net.Conn
	down  bool // nothing can be reached
}

var errCut = errors.New("the network is cut")

func (n *network) dialContext(ctx context.Context, kind, address string) (net.Conn, error) {
	n.mutex.Lock()
	down := n.down
	n.mutex.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: kind, Err: errCut}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.down { // meanwhile
		conn.Close()
		return nil, &net.OpError{Op: "dial", Net: kind, Err: errCut}
	}
	n.conns = append(n.conns, conn)
	return conn, nil
}

// cut breaks every connection.
func (n *network) cut() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for _, conn := range n.conns {
		conn.Close()
	}
	n.conns = nil
}

// unplug breaks every connection, and lets no new one be made.
func (n *network) unplug() {
	n.mutex.Lock()
	n.down = true
	n.mutex.Unlock()
	n.cut()
}

func (n *network) plug() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.down = false
}
