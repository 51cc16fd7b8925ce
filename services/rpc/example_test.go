package rpc_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/rpc"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// Pair is an input.
type Pair struct{ A, B int }

// These know nothing of the framework.

func add(_ context.Context, in Pair) (int, error) { return in.A + in.B, nil }

func find(_ context.Context, name string) (string, error) {
	return "", fmt.Errorf("finding %s: %w", name, sql.ErrNoRows)
}

// tellNotFound is a middleware: it makes what pages are told of what the functions return.
func tellNotFound(next framework.Handler) framework.Handler {
	return func(t *framework.Turn) (any, error) {
		answer, err := next(t)
		if errors.Is(err, sql.ErrNoRows) {
			err = framework.Errorf(framework.CodeNotFound, "there is none")
		}
		return answer, err
	}
}

// Functions, called by a client. A page says app.math.add({ A: 1, B: 2 }).
func Example() {
	math := rpc.New("math", rpc.Funcs{"add": rpc.Func(add), "find": rpc.Func(find)})
	math.Middleware = []framework.Middleware{tellNotFound}
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}},
		Services:   []framework.Service{math},
	})
	check(err)
	defer rt.Close()
	server := httptest.NewServer(rt)
	defer server.Close()

	ctx := context.Background()
	c, err := client.Dial(ctx, server.URL+"/rt", nil)
	check(err)
	defer c.Close(ctx)

	var sum int
	check(c.Call(ctx, "math.add", Pair{1, 2}, &sum))
	fmt.Println(sum)
	fmt.Println(client.CodeOf(c.Call(ctx, "math.find", "eve", nil)))
	// Output:
	// 3
	// not_found
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
