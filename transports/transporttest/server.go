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

// Server serves transports over net.Pipe. A Dial connects to it.
type Server struct {
	URL         string                                                            // of the mount: endpoints are below it
	Client      *http.Client                                                      // for requests to it
	NetDial     func(ctx context.Context, network, addr string) (net.Conn, error) // as of a net.Dialer
	Header      http.Header                                                       // to be sent with every request; may be nil
	Switchboard transports.Switchboard                                            // what the transports are given

	pipes  *pipes
	active atomic.Int64 // requests being served
}

// Serve starts a server for the transports that stops when the test is over. It is made for a synctest bubble; its
// connections have no buffer, so that each side must read for the other to write.
func Serve(t *testing.T, sb transports.Switchboard, ts ...transports.Transport) *Server {
	h, err := transports.Handler(sb, transports.Options{}, ts...)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://kit/rt", Switchboard: sb, pipes: newPipes()}
	s.NetDial = s.pipes.dial
	transport := &http.Transport{DialContext: s.NetDial}
	s.Client = &http.Client{Transport: transport}
	server := &http.Server{
		ReadTimeout:  5 * time.Second,
		WriteTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.active.Add(1)
			defer s.active.Add(-1)
			h.ServeHTTP(wrapped{w}, r)
		}),
	}
	go server.Serve(s.pipes)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-time.After(time.Second) // net/http waits for half of one before it closes a connection whose request it did not read to the end
	})
	return s
}

// wrapped is a ResponseWriter as middlewares make them: it can do nothing more, but be unwrapped.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// pipes is a listener whose connections are net.Pipes.
type pipes struct {
	conns  chan net.Conn
	done   chan struct{}
	writes atomic.Int64 // by the server
	slow   atomic.Bool  // clients read a byte each second
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- &counted{server, &p.writes}:
		return &reader{client, &p.slow}, nil
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

// reader is a client's end.
type reader struct {
	net.Conn
	slow *atomic.Bool
}

func (r *reader) Read(b []byte) (int, error) {
	if r.slow.Load() && len(b) > 0 {
		<-time.After(time.Second)
		b = b[:1]
	}
	return r.Conn.Read(b)
}
