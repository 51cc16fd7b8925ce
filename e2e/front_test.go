package e2e

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Fronts are what may stand between a browser and the instances.

// only puts a front before one endpoint.
func only(path string, front, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			front.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusing answers WebSockets with 403, as a company's proxy does, and counts them.
func refusing(count *atomic.Int32) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return only("/rt/ws", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			count.Add(1)
			http.Error(w, "no", http.StatusForbidden)
		}), next)
	}
}

// cutting closes the connection where a WebSocket would begin.
func cutting(next http.Handler) http.Handler {
	return only("/rt/ws", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), next)
}

// buffering passes no response on before it is complete. A stream never is.
func buffering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		b := &buffer{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(b, r)
		w.WriteHeader(b.status)
		w.Write(b.body.Bytes())
	})
}

// buffer is a ResponseWriter that cannot be flushed.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

// gate holds up what goes through some endpoints, in one direction, while it is shut.
type gate struct {
	paths []string // endpoints, "/rt/ws"

	mu       sync.Mutex
	up, down chan struct{} // not nil while it is shut; closed when it opens
	stuck    int           // requests that were held up and have not ended
}

func newGate(t *testing.T) *gate {
	g := &gate{}
	t.Cleanup(g.open)
	return g
}

// shutUp holds up what browsers send to endpoints, and shutDown what they are sent.
func (g *gate) shutUp(paths ...string)   { g.shut(&g.up, paths) }
func (g *gate) shutDown(paths ...string) { g.shut(&g.down, paths) }

func (g *gate) shut(direction *chan struct{}, paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paths = paths
	*direction = make(chan struct{})
}

// open lets everything through, also what was held up.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, direction := range []*chan struct{}{&g.up, &g.down} {
		if *direction != nil {
			close(*direction)
			*direction = nil
		}
	}
}

// held returns how many requests are held up, or were and have not ended.
func (g *gate) held() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stuck
}

func (g *gate) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &passage{ResponseWriter: w, gate: g, path: r.URL.Path}
		defer p.end()
		p.wait(&g.up)
		next.ServeHTTP(p, r)
	})
}

// passage is a request on its way through a gate.
type passage struct {
	http.ResponseWriter
	gate  *gate
	path  string
	stuck bool
}

// wait waits while the gate is shut in a direction.
func (p *passage) wait(direction *chan struct{}) {
	p.gate.mu.Lock()
	shut := *direction
	if shut == nil || !strings.Contains(strings.Join(p.gate.paths, " "), p.path) {
		p.gate.mu.Unlock()
		return
	}
	if !p.stuck {
		p.stuck = true
		p.gate.stuck++
	}
	p.gate.mu.Unlock()
	<-shut
}

func (p *passage) end() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.stuck {
		p.gate.stuck--
	}
}

func (p *passage) Write(b []byte) (int, error) {
	p.wait(&p.gate.down)
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController, by which a response is flushed.
func (p *passage) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Hijack is how a WebSocket begins.
func (p *passage) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(p.ResponseWriter).Hijack()
	return passageConn{conn, p}, rw, err
}

type passageConn struct {
	net.Conn
	*passage
}

func (c passageConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wait(&c.gate.up) // it may have been shut meanwhile
	return n, err
}

func (c passageConn) Write(b []byte) (int, error) {
	c.wait(&c.gate.down)
	return c.Conn.Write(b)
}
