// Chat is rooms to talk in, for phones and desks: a conversation that goes on while the instances that serve it come and go.
//
//	go run ./examples/chat                                    one instance, which remembers as long as it runs
//	go run ./examples/chat -store redis://localhost:6379      as many instances as you like
//	go run ./examples/chat -dev examples/chat/page            pages reload when they change, and cmd/sojourn can ask for the types
//	go run ./examples/chat -transports ws,engineio,sockjs     over Engine.IO and SockJS as well
//	go run ./examples/chat -token secret                      who has the token announces something: see announcements
package main

import (
	"bytes"
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/services/livereload"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sockjs"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

//go:embed page
var embedded embed.FS

func main() {
	addr := flag.String("addr", ":8080", "the address to listen on; the environment's $PORT goes before it")
	where := flag.String("store", "memory", `what remembers: "memory", or the URL of a Redis server`)
	ways := flag.String("transports", "ws,sse,longpoll", "the transports to offer, the first best; pages come by engineio and sockjs, too, if they have ?transport=engineio in their address")
	demo := flag.Bool("demo", false, "be watched and questioned by e2e/demo")
	dev := flag.String("dev", "", "the directory of the page, examples/chat/page, to serve it from there, reload it when it changes, and tell the services' types to who asks")
	token := flag.String("token", "", "the bearer token of those who may POST to /announce; without one nobody may")
	flag.Parse()
	cfg, page := framework.Config{Services: services, Discover: *dev != ""}, echo.MustSubFS(embedded, "page")
	if *dev != "" {
		cfg.Services, page = append(cfg.Services, livereload.New(*dev)), os.DirFS(*dev)
	}
	if *demo {
		cfg.Services = append(cfg.Services, watched)
	}
	if err := run(*addr, *where, *ways, *token, cfg, page); err != nil {
		log.Fatal(err)
	}
}

func run(addr, where, ways, token string, cfg framework.Config, page fs.FS) error {
	st, err := open(where)
	if err != nil {
		return err
	}
	defer st.Close()
	cfg.Store = st
	rt, err := newServer(cfg, ways)
	if err != nil {
		return err
	}
	return echov4.Run(newEcho(rt, page, ways, token), rt, addr)
}

func open(where string) (store.Store, error) {
	if where == "memory" {
		return memory.New(memory.Options{}), nil
	}
	return redis.Open(context.Background(), where, redis.Options{})
}

func newServer(cfg framework.Config, ways string) (*framework.Server, error) {
	known := map[string]transports.Transport{
		"ws": ws.Transport{}, "sse": sse.Transport{}, "longpoll": longpoll.Transport{},
		"engineio": engineio.Transport{}, "sockjs": sockjs.Transport{},
	}
	for name := range strings.SplitSeq(ways, ",") {
		transport, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("no transport %q", name)
		}
		cfg.Transports = append(cfg.Transports, transport)
	}
	return framework.New(cfg)
}

func newEcho(rt *framework.Server, page fs.FS, ways, token string) *echo.Echo {
	e := echo.New()
	e.Use(middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		ContentTypeNosniff:    "nosniff",
		ReferrerPolicy:        "no-referrer",
	}))
	if token != "" {
		announcements(e, rt, token)
	}
	e.GET("/", front(page, ways))
	e.StaticFS("/", page)
	echov4.Mount(e.Group("/rt"), rt)
	return e
}

// front serves the page, which is told what transports there are.
func front(page fs.FS, ways string) echo.HandlerFunc {
	return func(c echo.Context) error {
		text, err := fs.ReadFile(page, "index.html")
		if err != nil {
			return err
		}
		return c.HTMLBlob(http.StatusOK, bytes.Replace(text, []byte("ws,sse,longpoll"), []byte(ways), 1))
	}
}
