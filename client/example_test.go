package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// serve serves services, as examples need them.
func serve(identify func(*http.Request) (framework.User, error), services ...framework.Service) (server *framework.Server, url string, stop func()) {
	server, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services:   services,
		Identify:   identify,
	})
	check(err)
	front := httptest.NewServer(server)
	return server, front.URL + "/rt", func() {
		server.Close()
		front.Close()
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A call, and an error that the service answers with.
func Example() {
	_, url, stop := serve(nil, framework.Service{Name: "greeter", Methods: framework.Methods{
		"greet": framework.Call(func(t *framework.Turn, name string) (string, error) {
			if name == "" {
				return "", framework.Errorf(framework.CodeInvalid, "who are you?")
			}
			return "hello " + name, nil
		}),
	}})
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, nil)
	check(err)
	defer c.Close(ctx)

	var greeting string
	check(c.Call(ctx, "greeter.greet", "Ann", &greeting))
	fmt.Println(greeting, "over", c.Transport())

	err = c.Call(ctx, "greeter.greet", "", &greeting)
	fmt.Println(client.CodeOf(err), "is the code of", err)
	// Output:
	// hello Ann over ws
	// invalid is the code of client: invalid: who are you?
}

// The lines of a chat room. Calls are sent without waiting for each: they take effect in order all the same.
func ExampleClient_Subscribe() {
	rooms := &framework.Topic[string]{Name: "room", Subscribe: framework.Anyone}
	_, url, stop := serve(nil, framework.Service{
		Name:   "chat",
		Topics: []framework.Stream{rooms},
		Methods: framework.Methods{
			"say": framework.Event(func(t *framework.Turn, text string) error { return rooms.Publish(t, "lobby", text) }),
		},
	})
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, nil)
	check(err)
	defer c.Close(ctx)

	lines := make(chan string, 10)
	sub, err := c.Subscribe(ctx, "room/lobby", func(e client.Entry) {
		if e.Lost != "" {
			lines <- "(some lines are lost: " + e.Lost + ")"
			return
		}
		var text string
		check(e.JSON(&text))
		lines <- text
	})
	check(err)
	c.Send("chat.say", "hello")
	c.Send("chat.say", "is anybody here?")
	fmt.Println(<-lines)
	fmt.Println(<-lines)
	check(sub.Unsubscribe(ctx))
	// Output:
	// hello
	// is anybody here?
}

// The server asks the client.
func ExampleQuestion() {
	server, url, stop := serve(nil)
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, &client.Options{Handlers: map[string]client.Handler{
		"door.open": client.Question(func(ctx context.Context, visitor string) (bool, error) {
			fmt.Println(visitor, "is at the door")
			return true, nil // after asking a person, perhaps: other callbacks do not wait
		}),
	}})
	check(err)
	defer c.Close(ctx)

	var open bool
	check(server.Ask(ctx, c.ID(), "door.open", "Bob", &open))
	fmt.Println("open:", open)
	// Output:
	// Bob is at the door
	// open: true
}

// A value that the server keeps.
func ExampleClient_State() {
	counts := &framework.State[map[string]int]{Name: "counts", Subscribe: framework.Anyone}
	_, url, stop := serve(nil, framework.Service{
		Name:   "votes",
		Topics: []framework.Stream{counts},
		Methods: framework.Methods{
			"vote": framework.Event(func(t *framework.Turn, name string) error {
				return counts.Update(t, "today", func(all *map[string]int) error {
					if *all == nil {
						*all = map[string]int{}
					}
					(*all)[name]++
					return nil
				})
			}),
		},
	})
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, nil)
	check(err)
	defer c.Close(ctx)

	values := make(chan map[string]int, 10)
	_, err = c.State(ctx, "counts/today", func(value json.RawMessage) {
		var all map[string]int
		check(json.Unmarshal(value, &all))
		values <- all
	})
	check(err)
	fmt.Println(<-values)
	for _, name := range []string{"tea", "coffee", "tea"} {
		check(c.Call(ctx, "votes.vote", name, nil))
		fmt.Println(<-values)
	}
	// Output:
	// map[]
	// map[tea:1]
	// map[coffee:1 tea:1]
	// map[coffee:1 tea:2]
}

// Tokens that last for a second. The conversation goes on with a fresh one before each of them runs out.
func ExampleOptions_auth() {
	_, url, stop := serve(func(r *http.Request) (framework.User, error) {
		name, expires, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), " until ")
		until, err := time.Parse(time.RFC3339Nano, expires)
		if err != nil {
			return framework.User{}, framework.Errorf(framework.CodeDenied, "no token")
		}
		return framework.User{ID: name, Expires: until}, nil
	}, framework.Service{Name: "who", Methods: framework.Methods{
		"ami": framework.Call(func(t *framework.Turn, _ any) (string, error) { return t.User().ID, nil }),
	}})
	defer stop()

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	asked := make(chan struct{}, 100)
	c, err := client.Dial(ctx, url, &client.Options{Auth: func(ctx context.Context) (string, error) {
		asked <- struct{}{} // here, a program would ask its login service
		return "ann until " + time.Now().Add(time.Second).Format(time.RFC3339Nano), nil
	}})
	check(err)
	defer c.Close(ctx)

	id := c.ID()
	for range 3 {
		<-asked
	}
	var name string
	check(c.Call(ctx, "who.ami", nil, &name))
	fmt.Println("still", name, "and the same socket:", c.ID() == id)
	// Output: still ann and the same socket: true
}
