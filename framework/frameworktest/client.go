package frameworktest

import (
	"cmp"
	"context"
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

// Client is one client of the program: a tab, a process. It is a [client.Client], for whatever is not here: Send, Volatile, Handle for questions, Close for a goodbye,
// Abandon for an end without one.
type Client struct {
	*client.Client
	t    testing.TB
	name string // in what the test is told
	told told
}

// Call calls a method, which must succeed, and decodes its answer into out (a pointer; nil to drop it). An event is called like everything else.
func (c *Client) Call(method string, in, out any) {
	c.t.Helper()
	if err := c.call(method, in, out); err != nil {
		c.t.Fatalf("%s calls %s(%+v): %v", c.name, method, in, err)
	}
}

// Fails calls a method, which must fail with an error of the code.
func (c *Client) Fails(method string, in any, code string) {
	c.t.Helper()
	switch err := c.call(method, in, nil); {
	case err == nil:
		c.t.Errorf("%s calls %s(%+v): it succeeds, want an error %q", c.name, method, in, code)
	case client.CodeOf(err) != code:
		c.t.Errorf("%s calls %s(%+v): %v, want an error %q", c.name, method, in, err, code)
	}
}

func (c *Client) call(method string, in, out any) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	return c.Client.Call(ctx, method, in, out)
}

func nameOf(user framework.User) string { return cmp.Or(user.Name, user.ID, "the client") }
