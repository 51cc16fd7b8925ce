package framework_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/ratelimit"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// A middleware sees each call and what becomes of it.
func ExampleMiddleware_inspect() {
	inspect := func(next framework.Handler) framework.Handler {
		return func(t *framework.Turn) (any, error) {
			answer, err := next(t)
			fmt.Println(t.Method(), string(t.Payload()), "->", answer, err) // as often as the turn runs
			return answer, err
		}
	}
	tell(inspect, "hello")
	// Output:
	// echo.say |"hello" -> hello <nil>
	// answered hello
}

// A middleware that does not go on drops the call, or refuses it.
func ExampleMiddleware_drop() {
	quiet := func(next framework.Handler) framework.Handler {
		return func(t *framework.Turn) (any, error) {
			if strings.Contains(string(t.Payload()), "spam") {
				return nil, framework.Errorf(framework.CodeDenied, "not here")
			}
			return next(t)
		}
	}
	tell(quiet, "hello", "spam")
	// Output:
	// answered hello
	// denied: not here
}

// A middleware may answer with something else.
func ExampleMiddleware_transform() {
	loud := func(next framework.Handler) framework.Handler {
		return func(t *framework.Turn) (any, error) {
			answer, err := next(t)
			if text, ok := answer.(string); ok {
				answer = strings.ToUpper(text) + "!"
			}
			return answer, err
		}
	}
	tell(loud, "hello")
	// Output:
	// answered HELLO!
}

// Package ratelimit has a middleware that limits calls, on all instances together.
func ExampleMiddleware_rateLimit() {
	tell(ratelimit.New(ratelimit.Options{Rate: 1.0 / 3600, Burst: 2, By: ratelimit.Socket}), "one", "two", "three")
	// Output:
	// answered one
	// answered two
	// rate_limited: too many calls: the next one in ...
}

// tell has a client say things to a service that answers with what it is told.
func tell(m framework.Middleware, texts ...string) {
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}},
		Services: []framework.Service{{
			Name:       "echo",
			Methods:    framework.Methods{"say": framework.Call(func(_ *framework.Turn, text string) (string, error) { return text, nil })},
			Middleware: []framework.Middleware{m},
		}},
	})
	if err != nil {
		panic(err)
	}
	defer rt.Close()
	srv := httptest.NewServer(rt)
	defer srv.Close()
	ctx := context.Background()
	c, err := client.Dial(ctx, srv.URL, &client.Options{Transports: []string{"ws"}})
	if err != nil {
		panic(err)
	}
	defer c.Close(ctx)
	for _, text := range texts {
		var answer string
		if err := c.Call(ctx, "echo.say", text, &answer); err != nil {
			why, wait, _ := strings.Cut(strings.TrimPrefix(err.Error(), "client: "), " in ")
			if wait != "" {
				why += " in ..."
			}
			fmt.Println(why)
			continue
		}
		fmt.Println("answered", answer)
	}
}
