// Echoserver is what the public test suites of Engine.IO v4 and of SockJS 0.3 expect to find: each message comes back as it was. They are run against it as they are:
//
//	go run ./e2e/echoserver -engineio 127.0.0.1:3000 -sockjs 127.0.0.1:8081
//
// SockJS has the services /echo, /disabled_websocket_echo, /cookie_needed_echo, and /close, which ends each session at once. Where both addresses are the same
// all is on one port. With -store redis://... any number of these may serve the same clients.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// settings are what the suites expect, unless flags say otherwise.
type settings struct {
	engineio, sockjs string // addresses
	store            string
	ping, pong       time.Duration
	maxPayload       int
	responseLimit    int
	heartbeat        time.Duration
	disconnect       time.Duration
	sockjsURL        string
}

func main() {
	var s settings
	flag.StringVar(&s.engineio, "engineio", "", "the address of Engine.IO; none: there is no Engine.IO")
	flag.StringVar(&s.sockjs, "sockjs", "", "the address of SockJS")
	flag.StringVar(&s.store, "store", "memory", "memory, or the URL of a Redis server")
	flag.DurationVar(&s.ping, "ping-interval", 300*time.Millisecond, "Engine.IO's pingInterval")
	flag.DurationVar(&s.pong, "ping-timeout", 200*time.Millisecond, "Engine.IO's pingTimeout")
	flag.IntVar(&s.maxPayload, "max-payload", 1_000_000, "bytes that one request may bring")
	flag.IntVar(&s.responseLimit, "response-limit", 4096, "SockJS's response_limit")
	flag.DurationVar(&s.heartbeat, "heartbeat-delay", 25*time.Second, "SockJS's heartbeat_delay")
	flag.DurationVar(&s.disconnect, "disconnect-delay", 5*time.Second, "SockJS's disconnect_delay")
	flag.StringVar(&s.sockjsURL, "sockjs-url", "", "SockJS's sockjs_url: where its iframe page has the library from; default: a CDN")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, nil); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends. ready, if it is set, is told the address of each listener.
func run(ctx context.Context, s settings, ready func(net.Addr)) error {
	if s.engineio == "" && s.sockjs == "" {
		return errors.New("echoserver: nothing to serve: give it -engineio or -sockjs, or both")
	}
	services, err := open(ctx, s)
	defer services.close()
	if err != nil {
		return err
	}
	sites := services.sites(s)
	ended := make(chan error, len(sites))
	for addr, site := range sites {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: site, ReadHeaderTimeout: 10 * time.Second}
		defer server.Close()
		go func() { ended <- server.Serve(ln) }()
		if ready != nil {
			ready(ln.Addr())
		}
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return services.shutdown()
	}
}
