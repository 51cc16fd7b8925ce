// Todo is lists that people edit together, over instances that come and go.
//
//	go run ./examples/todo                                    one instance, which remembers as long as it runs
//	go run ./examples/todo -store redis://localhost:6379      as many instances as you like
//	go run ./examples/todo -dev examples/todo                 pages reload when they change
//
// What somebody has typed is in its list, or that person is asked about it: also if somebody else has changed or removed the same, the instance refuses it, the page is
// loaded again or logged out, or its socket ends. The page keeps it until then (page/words.js), and says it again with the same names, which is harmless: a text
// takes the place of those that its author has seen, and of no other.
package main

import (
	"context"
	"embed"
	"flag"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/services/livereload"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

//go:embed page items
var embedded embed.FS

func main() {
	addr := flag.String("addr", ":8081", "the address to listen on; the environment's $PORT goes before it")
	where := flag.String("store", "memory", `what remembers: "memory", or the URL of a Redis server`)
	dev := flag.String("dev", "", "the directory of this example, examples/todo, to serve the page and the client half from there and reload the page when they change")
	flag.Parse()
	if err := run(*addr, *where, *dev); err != nil {
		log.Fatal(err)
	}
}

func run(addr, where, dev string) error {
	st, err := open(where)
	if err != nil {
		return err
	}
	defer st.Close()
	var files fs.FS = embedded
	if dev != "" {
		files = os.DirFS(dev)
	}
	p, err := newProgram(st, files, dev)
	if err != nil {
		return err
	}
	return echov4.Run(p.newEcho(files), p.rt, addr)
}

func open(where string) (store.Store, error) {
	if where == "memory" {
		return memory.New(memory.Options{}), nil
	}
	return redis.Open(context.Background(), where, redis.Options{})
}

// services are what the page can use.
func services(files fs.FS) []framework.Service {
	items := items
	items.Files = echo.MustSubFS(files, "items")
	return []framework.Service{lists, items, presence.New(presence.Options{Enter: framework.Anyone})}
}

func newProgram(st store.Store, files fs.FS, dev string) (p *program, err error) {
	p = &program{}
	services := services(files)
	if dev != "" {
		services = append(services, livereload.New(filepath.Join(dev, "page"), filepath.Join(dev, "items")))
	}
	p.rt, err = framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services:   services,
		Store:      st,
		Identify:   p.identify,
		Discover:   dev != "",
	})
	return p, err
}

func (p *program) newEcho(files fs.FS) *echo.Echo {
	e := echo.New()
	e.Use(middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		ContentTypeNosniff:    "nosniff",
		ReferrerPolicy:        "no-referrer",
	}))
	page := echo.MustSubFS(files, "page")
	e.GET("/", p.front(page))
	e.POST("/login", p.logIn)
	e.POST("/logout", p.logOut)
	e.StaticFS("/", page)
	echov4.Mount(e.Group("/rt"), p.rt)
	return e
}
