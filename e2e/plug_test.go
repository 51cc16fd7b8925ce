package e2e

import (
	"net"
	"sync"
	"testing"
)

// plug is the way of one browser to the network: it can be pulled.
type plug struct {
	net.Listener
	past  string // the URL of the cluster that does not hang on it
	mu    sync.Mutex
	out   bool
	conns []net.Conn
}

// plugged returns a URL of the cluster's own for one browser, and the plug that it hangs on.
func (c *cluster) plugged(t *testing.T) (url string, p *plug) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p = &plug{Listener: ln, past: c.URL}
	return c.serve(p, c.lb), p
}

// Accept implements net.Listener: who comes while the plug is out gets nowhere.
func (p *plug) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out {
		conn.Close()
	}
	p.conns = append(p.conns, conn)
	return conn, nil
}

// pull cuts all connections, and lets no other through until put.
func (p *plug) pull() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = true
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

func (p *plug) put() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = false
}
