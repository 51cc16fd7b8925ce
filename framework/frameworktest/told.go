package frameworktest

import (
	"context"
	"sync"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

// told is what a client is told, by method: kept until the test asks for it, since a Connect hook tells before anybody can.
type told struct {
	mu   sync.Mutex
	kept map[string][]framework.Payload
	take map[string]func(framework.Payload)
}

// fallback is a [client.Options.Fallback]. A question has none.
func (a *told) fallback(method string, asked bool) client.Handler {
	if asked {
		return nil
	}
	return a.handler(method)
}

// handler returns what handles events of a method.
func (a *told) handler(method string) client.Handler {
	return func(_ context.Context, p framework.Payload) (any, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if take := a.take[method]; take != nil {
			take(p)
			return nil, nil
		}
		if a.kept == nil {
			a.kept = map[string][]framework.Payload{}
		}
		a.kept[method] = append(a.kept[method], p)
		return nil, nil
	}
}

// from has what is told by a method taken, from what is kept on.
func (a *told) from(method string, take func(framework.Payload)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.kept[method] {
		take(p)
	}
	delete(a.kept, method)
	if a.take == nil {
		a.take = map[string]func(framework.Payload){}
	}
	a.take[method] = take
}
