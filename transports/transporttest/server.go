package transporttest

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/transports"
)

// Server is where a Dial connects to.
type Server struct {
	URL         string       // of the mount, for instance "http://kit/rt": endpoints are below it
	Client      *http.Client // for requests to it
	NetDial     func(ctx context.Context, network, addr string) (net.Conn, error)
	Header      http.Header            // to be sent with every request; may be nil
	Switchboard transports.Switchboard // for transports without endpoints
}

// bench is what a check works with: the server, its switchboard, and a client's hands.
type bench struct {
	Subject
	t      *testing.T
	ctx    context.Context
	board  *board
	server *Server
	pipes  *pipes
	active atomic.Int64 // requests being served
}

var hello = []byte(`H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`)

func newBench(t *testing.T, s Subject) *bench {
	b := &bench{Subject: s, t: t, ctx: t.Context(), board: newBoard(t), pipes: newPipes()}
	h, err := transports.Handler(b.board, transports.Options{}, s.Transport)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ReadTimeout:  5 * time.Second,
		WriteTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.active.Add(1)
			defer b.active.Add(-1)
			h.ServeHTTP(wrapped{w}, r)
		}),
	}
	go server.Serve(b.pipes)
	transport := &http.Transport{DialContext: b.pipes.dial}
	b.server = &Server{
		URL: "http://kit/rt", Client: &http.Client{Transport: transport}, NetDial: b.pipes.dial, Switchboard: b.board,
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		b.pass(time.Second) // net/http waits for half of one before it closes a connection whose request it did not read to the end
		b.afterwards()
	})
	return b
}

// wrapped is a ResponseWriter as middlewares make them: it can do nothing more, but be unwrapped.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// afterwards checks what must hold whatever happened, once all connections are broken off.
func (b *bench) afterwards() {
	if n := b.active.Load(); n != 0 {
		b.t.Errorf("%d requests are still being served after their clients are gone", n)
	}
	for _, k := range b.board.all {
		if k.closes != 1 {
			b.t.Errorf("Close was called %d times on a link, want once", k.closes)
		}
	}
}

// pipes is a listener whose connections are net.Pipes.
type pipes struct {
	conns  chan net.Conn
	done   chan struct{}
	writes atomic.Int64 // by the server
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- &counted{server, &p.writes}:
		return client, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "kit", Net: "pipe"} }

type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}
