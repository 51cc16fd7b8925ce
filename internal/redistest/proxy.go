package redistest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Proxy stands between clients and a Redis server. It writes down what clients send, and can make the network worse.
// Its methods may be called at once from any number of goroutines.
type Proxy struct {
	listener net.Listener
	server   string
	pumps    sync.WaitGroup

	mu       sync.Mutex
	commands []string
	links    map[*link]struct{}
	stalled  chan struct{} // not nil while nothing passes; closed when it ends
	lose     bool          // the next reply
	closed   bool
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	subscribed     bool // under Proxy.mu, as are the rest
	muted          bool
	busy           bool // with a command that was written down
}

// StartProxy starts a proxy before the server at a host and port. It ends with the test.
func StartProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: server, links: map[*link]struct{}{}}
	p.pumps.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is where clients find the proxy.
func (p *Proxy) URL() string { return "redis://" + p.listener.Addr().String() + "/0" }

// Commands returns the names of the commands that clients have sent since it was last called, in upper case, without those
// that are about the connection: by which it begins, and by which a client finds out whether it lives.
func (p *Proxy) Commands() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.commands
	p.commands = nil
	return sent
}

// Cut closes all connections that there are.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

func (p *Proxy) cut() {
	for l := range p.links {
		l.client.Close()
		l.server.Close()
	}
}

// Mute drops, from now on, every message that the server sends on connections that are subscribed to something now. All else passes.
func (p *Proxy) Mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.muted = l.subscribed
	}
}

// LoseReply closes a connection in place of the next reply to a command that Commands tells of. The server carries the command out.
func (p *Proxy) LoseReply() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = true
}

// Stall holds everything back, in both directions and on new connections too, until release is called.
func (p *Proxy) Stall() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stalled := make(chan struct{})
	p.stalled = stalled
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.stalled == stalled {
			p.stalled = nil
		}
		close(stalled)
	})
}

func (p *Proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
	}
	p.cut()
	p.mu.Unlock()
	p.pumps.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{proxy: p, client: client, server: server}
		p.mu.Lock()
		if p.closed {
			client.Close()
			server.Close()
		}
		p.links[l] = struct{}{}
		p.mu.Unlock()
		p.pumps.Go(func() { l.pump(client, server, l.up) })
		p.pumps.Go(func() { l.pump(server, client, l.down) })
	}
}

// pump carries values of the Redis protocol from one side to the other, those that pass lets through.
func (l *link) pump(from io.Reader, to io.Writer, pass func(value) bool) {
	defer l.close()
	r := bufio.NewReader(from)
	for {
		v, err := readValue(r)
		if err != nil {
			return
		}
		l.proxy.mu.Lock()
		stalled := l.proxy.stalled
		l.proxy.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		if !pass(v) {
			continue
		}
		if _, err := to.Write(v.raw); err != nil {
			return
		}
	}
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	delete(l.proxy.links, l)
}

func (l *link) up(v value) bool {
	command := strings.ToUpper(v.first)
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	switch command {
	case "HELLO", "AUTH", "SELECT", "CLIENT", "PING":
		return true
	case "SUBSCRIBE":
		l.subscribed = true
	}
	l.busy = true
	l.proxy.commands = append(l.proxy.commands, command)
	return true
}

func (l *link) down(v value) bool {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	if l.busy && l.proxy.lose {
		l.proxy.lose = false
		l.client.Close()
		l.server.Close()
		return false
	}
	l.busy = false
	return !(l.muted && v.first == "message")
}

// value is a value of the Redis protocol (RESP2).
type value struct {
	raw   []byte
	first string   // of a list: its first string
	list  []string // of a list: its strings
}

func readValue(r *bufio.Reader) (v value, err error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return v, err
	}
	v.raw = line
	head := strings.TrimSpace(string(line))
	if head == "" {
		return v, errors.New("redistest: an empty line")
	}
	switch head[0] {
	case '$':
		n, err := strconv.Atoi(head[1:])
		if err != nil || n < 0 {
			return v, err
		}
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return v, err
		}
		v.first = string(body[:n])
		v.raw = append(v.raw, body...)
	case '*':
		n, err := strconv.Atoi(head[1:])
		if err != nil {
			return v, err
		}
		for i := range n {
			element, err := readValue(r)
			if err != nil {
				return v, err
			}
			if i == 0 {
				v.first = element.first
			}
			v.list = append(v.list, element.first)
			v.raw = append(v.raw, element.raw...)
		}
	}
	return v, nil
}
