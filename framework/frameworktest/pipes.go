package frameworktest

import (
	"context"
	"net"
	"sync"
)

// pipes is a listener in memory.
type pipes struct {
	conns chan *pipe
	done  chan struct{} // closed when cut

	mu   sync.Mutex
	open map[*pipe]bool // the server's ends; nil: cut
}

// pipe is the server's end of a connection.
type pipe struct {
	net.Conn
	of *pipes
}

func newPipes() *pipes {
	return &pipes{conns: make(chan *pipe), done: make(chan struct{}), open: map[*pipe]bool{}}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- &pipe{there, p}:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.open == nil {
			_ = c.Conn.Close()
			return nil, net.ErrClosed
		}
		p.open[c] = true
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener: the server has stopped to accept.
func (p *pipes) Close() error { return nil }

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }

// cut ends all connections, and takes no more.
func (p *pipes) cut() {
	p.mu.Lock()
	open := p.open
	p.open = nil
	p.mu.Unlock()
	if open == nil {
		return
	}
	close(p.done)
	for c := range open {
		_ = c.Conn.Close()
	}
}

// Close implements net.Conn.
func (c *pipe) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
