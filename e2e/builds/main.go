// Builds is a diary that several people keep: a program small enough that there can be two builds of it, for tests in which both serve the same
// clients.
//
//	go build -o old ./e2e/builds
//	go build -o new -ldflags "-X main.build=2" ./e2e/builds
//
// The second knows all that the first does, and a method, a topic and two continuations more.
package main

import (
	"context"
	_ "embed"
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sockjs"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// build is what the linker says it is.
var build = "1"

//go:embed page.html
var page string

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "the address to listen on")
	where := flag.String("store", "redis://localhost:6379", "the URL of a Redis server")
	heartbeat := flag.Duration("heartbeat", 25*time.Second, "of SockJS's streams")
	flag.Parse()
	if err := run(*addr, *where, *heartbeat); err != nil {
		log.Fatal(err)
	}
}

func run(addr, where string, heartbeat time.Duration) error {
	st, err := redis.Open(context.Background(), where, redis.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	service := diary
	if build >= "2" {
		service = newer(service)
	}
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{
			ws.Transport{}, sse.Transport{}, longpoll.Transport{}, engineio.Transport{},
			sockjs.Transport{Options: sockjs.Options{HeartbeatDelay: heartbeat}},
		},
		Services: []framework.Service{service},
		Store:    st,
		Build:    build,
	})
	if err != nil {
		return err
	}
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		return c.HTML(http.StatusOK, strings.ReplaceAll(page, "BUILD", build))
	})
	echov4.Mount(e.Group("/rt"), rt)
	return echov4.Run(e, rt, addr)
}
