// Package echov4 mounts a Sojourn server in an Echo v4 program, and runs that program as servers that do not stay need to be run.
package echov4

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/sojourn-go/sojourn/framework"
)

// Router is what a server is mounted on: an *echo.Group, which brings its prefix and its middleware, or an *echo.Echo.
type Router interface {
	// Any registers a handler for every method.
	Any(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route
}

// Mount mounts the server below the router: client.js, app.js, the services' public files, ready, and the transports' endpoints. Middleware of the router runs before it, so
// that Config.Identify can find what an authentication middleware left in the context: see [Context].
//
// Middleware that buffers responses breaks streams: leave echo's Timeout out (ContextTimeout is fine), and Gzip for these routes.
func Mount(r Router, rt *framework.Server) {
	r.Any("/*", func(c echo.Context) error {
		ctx := context.WithValue(c.Request().Context(), contextKey{}, c)
		rt.ServeHTTP(c.Response(), c.Request().WithContext(ctx))
		return nil
	})
}

type contextKey struct{}

// Context returns the Echo context of a request that Config.Identify is given; nil if it did not come through [Mount].
func Context(r *http.Request) echo.Context {
	c, _ := r.Context().Value(contextKey{}).(echo.Context)
	return c
}

// How long a shutdown takes at most: Cloud Run kills an instance 10 seconds after SIGTERM.
const (
	drainTime = 8 * time.Second
	closeTime = time.Second
)

// Run serves the program until it is told to stop, and then stops it without losing anything: on SIGTERM or SIGINT the server's readiness turns red, its
// clients are told to move, turns are finished, within 8 seconds; then the listener is closed. A second signal kills.
//
// The address is ":"+$PORT if that is set, as Cloud Run does; else addr. Once it listens there it logs so, with the URL for a browser on this machine.
// Run returns nil after an orderly stop.
func Run(e *echo.Echo, rt *framework.Server, addr string) error {
	if port := os.Getenv("PORT"); port != "" {
		addr = ":" + port
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("echov4: %w", err)
	}
	slog.Info("listening", "address", ln.Addr().String(), "url", localURL(ln.Addr()))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal is not caught
	return Serve(ctx, e, rt, ln)
}

// localURL is where a browser on this machine finds who listens at the address.
func localURL(at net.Addr) string {
	host, port, _ := net.SplitHostPort(at.String())
	if net.ParseIP(host).IsUnspecified() { // all interfaces
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// sweepEvery is how often an instance that nobody is connected to looks for timers and goodbyes that are due, if it is given time to. What is
// due does not depend on it: the next request sees to it anyway.
var sweepEvery = 5 * time.Second

// Serve is [Run] on a listener of one's own, until ctx ends.
func Serve(ctx context.Context, e *echo.Echo, rt *framework.Server, ln net.Listener) error {
	server := &http.Server{
		Handler: e, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		IdleTimeout: 630 * time.Second, // longer than balancers keep theirs (GCP: 600 s): they must be the first to close
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	defer sweep(ctx, rt)()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("echov4: %w", err), rt.Close())
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	_ = rt.Drain(drain) // what it leaves is ended by Close, and goes on elsewhere
	err := rt.Close()
	shut, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if server.Shutdown(shut) != nil { // requests of the program's own
		err = errors.Join(err, server.Close())
	}
	<-failed
	return err
}

// sweep sees to what is due now and then. The function that it returns ends that.
func sweep(ctx context.Context, rt *framework.Server) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = rt.Sweep(ctx) // the server logs what goes wrong
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
