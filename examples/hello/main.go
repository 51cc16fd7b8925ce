// Hello is the README's program: a room to talk in.
//
//	go run ./examples/hello
package main

import (
	"embed"
	"log"

	"github.com/labstack/echo/v4"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

//go:embed page
var page embed.FS

type Line struct{ From, Text string }

var rooms = &framework.Topic[Line]{Name: "room", History: 50, Subscribe: framework.Anyone}

func say(t *framework.Turn, in Line) error {
	in.From = t.Socket()[:4]             // a program with users says t.User().Name
	return rooms.Publish(t, "lobby", in) // real together with the acknowledgement, or not at all
}

func main() {
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services: []framework.Service{
			{Name: "chat", Methods: framework.Methods{"say": framework.Event(say)}, Topics: []framework.Stream{rooms}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.StaticFS("/", echo.MustSubFS(page, "page"))
	echov4.Mount(e.Group("/rt"), rt)
	if err := echov4.Run(e, rt, ":8080"); err != nil { // $PORT, SIGTERM, drain: the lines that everybody gets wrong
		log.Fatal(err)
	}
}
