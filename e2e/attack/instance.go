package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// The program that is attacked. Everybody may subscribe to everything.
var (
	news   = &framework.Topic[item]{Name: "news", Subscribe: framework.Anyone}  // the program publishes it
	lines  = &framework.Topic[line]{Name: "lines", Subscribe: framework.Anyone} // what clients say
	rooms  = &framework.Topic[line]{Name: "room", Subscribe: framework.Anyone}  // for attackers to make up names
	typing = &framework.Topic[string]{Name: "typing", Subscribe: framework.Anyone, Volatile: true}
)

type item struct {
	N    int
	At   time.Time // published
	Text string
}

type line struct {
	From string
	N    int
}

const (
	newsEvery = 10 * time.Millisecond
	newsBytes = 1 << 10
	// socketTTL is shorter than the default, so that what attackers leave behind is seen to go.
	socketTTL = 10 * time.Second
)

func say(t *framework.Turn, in line) (int, error) { return in.N, lines.Publish(t, "all", in) }

func typed(t *framework.Turn, in string) error { return typing.Publish(t, "all", in) }

// addresses is where an instance listens.
type addresses struct{ Program, Debug string }

// figures is what an instance knows of itself.
type figures struct{ Heap, Goroutines int }

// serve runs an instance until its standard input ends. It says on its standard output where it listens.
func serve(ctx context.Context, storeURL string) error {
	var st store.Store = memory.New(memory.Options{})
	if storeURL != "" {
		var err error
		if st, err = redis.Open(ctx, storeURL, redis.Options{}); err != nil {
			return err
		}
	}
	defer st.Close()
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services: []framework.Service{{
			Name:    "work",
			Methods: framework.Methods{"say": framework.Call(say), "typed": framework.Event(typed).Volatile()},
			Topics:  []framework.Stream{news, lines, rooms, typing},
		}},
		Store:   st,
		TTL:     socketTTL,
		Address: clientAddress,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	program, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	private, err := listenDebug()
	if err != nil {
		return err
	}
	defer private.Close()
	if err := json.NewEncoder(os.Stdout).Encode(addresses{program.Addr().String(), private.Addr().String()}); err != nil {
		return err
	}
	go func() {
		untilEnd(os.Stdin)
		cancel()
	}()
	go publish(ctx, rt)
	e := echo.New()
	echov4.Mount(e.Group("/rt"), rt)
	return echov4.Serve(ctx, e, rt, program)
}

// clientAddress counts those who come from a proxy that says from where.
func clientAddress(r *http.Request) string {
	if r.Header.Get("X-Forwarded-For") == "" {
		return ""
	}
	return behindProxy(r)
}

var behindProxy = framework.ClientAddress(netip.MustParsePrefix("127.0.0.0/8"))

// publish publishes the news at a steady pace.
func publish(ctx context.Context, rt *framework.Server) {
	text := strings.Repeat("n", newsBytes)
	tick := time.NewTicker(newsEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		at := time.Now()
		err := rt.Do(ctx, func(t *framework.Turn) error { return news.Publish(t, "all", item{n, at, text}) })
		if err != nil && ctx.Err() == nil {
			log.Fatal("news: ", err)
		}
	}
}

// listenDebug serves figures, on a port of its own; after a collection of garbage if asked for it.
func listenDebug() (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("debug: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m runtime.MemStats
		if r.URL.Path == "/collected" {
			debug.FreeOSMemory() // so that the resident memory says something, too
			runtime.ReadMemStats(&m)
		}
		_ = json.NewEncoder(w).Encode(figures{int(m.HeapAlloc), runtime.NumGoroutine()})
	})}
	go server.Serve(ln)
	return ln, nil
}
