// Package balancer is a small HTTP balancer without affinity: every request, whoever makes it, goes to another backend than the one before. It is how tests
// see to it that a conversation's requests are spread over all instances.
//
// A request goes to one backend, except that a backend which refuses the connection was sent nothing, so the next one is tried. What a backend
// began and did not finish is the client's to notice: its response ends in the middle, or is a 502.
package balancer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"time"
)

const (
	checkEvery = 200 * time.Millisecond
	checkTime  = 2 * time.Second
	maxBody    = 64 << 20
)

// ErrNoBackend is why a request is answered with 502 when there is no backend that takes it.
var ErrNoBackend = errors.New("balancer: no backend")

// Balancer passes requests on to backends. Its methods may be called at once from any number of goroutines.
type Balancer struct {
	ready string // path of readiness checks
	proxy httputil.ReverseProxy
	out   *http.Transport

	stop    context.CancelFunc
	checker sync.WaitGroup

	mu       sync.Mutex
	backends []*backend
	next     int
}

type backend struct {
	addr string
	live bool
}

// New makes a balancer that asks each backend several times a second, by a GET of the path ready, whether it wants requests: status 200 says so.
func New(ready string) *Balancer {
	ctx, stop := context.WithCancel(context.Background())
	b := &Balancer{ready: ready, stop: stop, out: &http.Transport{
		// A connection for each request: on one that was kept, nobody could tell a request that was never sent from one that was.
		DisableKeepAlives:  true,
		DisableCompression: true,
	}}
	b.proxy = httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.Host = "backend" // until one is picked
			r.SetXForwarded()
		},
		Transport:     picker{b},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // backends die here as a matter of course
	}
	b.checker.Go(func() { b.check(ctx) })
	return b
}

// Close stops the readiness checks. Requests are still passed on.
func (b *Balancer) Close() {
	b.stop()
	b.checker.Wait()
	b.out.CloseIdleConnections()
}

// Add adds a backend, by its host and port. It is taken for ready until a check says otherwise.
func (b *Balancer) Add(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, &backend{addr: addr, live: true})
}

// Remove removes a backend. Requests that it has already go on.
func (b *Balancer) Remove(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = slices.DeleteFunc(b.backends, func(each *backend) bool { return each.addr == addr })
}

// ServeHTTP passes a request on, WebSockets included, when its body is complete. (A backend that answers in the moment in which it has the body may
// find a httputil.ReverseProxy still looking for the body's end, which its server has closed as the response began: then the response ends in the middle.)
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	b.proxy.ServeHTTP(w, r)
}

// turns returns all backends in the order in which a request tries them: those that are ready, from the next one on, and then the others, in case
// that the checks are behind.
func (b *Balancer) turns() []*backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.backends) == 0 {
		return nil
	}
	first := b.next % len(b.backends)
	b.next += 1 + rand.N(2) // now and then one is passed over, so that a client whose requests come in pairs does not always meet the same
	turns := slices.Concat(b.backends[first:], b.backends[:first])
	slices.SortStableFunc(turns, func(a, c *backend) int {
		switch {
		case a.live == c.live:
			return 0
		case a.live:
			return -1
		}
		return 1
	})
	return turns
}

func (b *Balancer) set(each *backend, live bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	each.live = live
}

// picker is the proxy's way to the backends.
type picker struct{ b *Balancer }

func (p picker) RoundTrip(r *http.Request) (*http.Response, error) {
	err := ErrNoBackend
	for _, each := range p.b.turns() {
		try := r.Clone(r.Context())
		try.URL.Host = each.addr
		if r.Body != nil && r.Body != http.NoBody {
			try.Body = io.NopCloser(r.Body) // an attempt that fails closes it; in the end the proxy does
		}
		var response *http.Response
		if response, err = p.b.out.RoundTrip(try); err == nil {
			return response, nil
		}
		if !refused(err) {
			return nil, err
		}
		p.b.set(each, false)
	}
	return nil, err
}

// refused tells whether nothing was sent: there is no connection that it could have been sent on.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// check asks all backends again and again whether they are ready.
func (b *Balancer) check(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		b.mu.Lock()
		backends := slices.Clone(b.backends)
		b.mu.Unlock()
		var asked sync.WaitGroup
		for _, each := range backends {
			asked.Go(func() { b.set(each, b.isReady(ctx, each.addr)) })
		}
		asked.Wait()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (b *Balancer) isReady(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+b.ready, nil)
	if err != nil {
		return false
	}
	response, err := b.out.RoundTrip(r)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
