package peers

import (
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

var _ = register(Peer{"sojourn-stack", ours, "memory store; middleware, a read of the session's data, a typed handler", makeStack})

// message is a payload, as a Go program has it.
type message struct {
	N int    `json:"n"`
	T int64  `json:"t"`
	X string `json:"x"`
}

// visits is data of the session, as a program would have there.
var visits = &framework.State[struct{ Count int }]{Name: "visits", Subscribe: framework.OwnSession}

func makeStack(Options) (server, error) {
	st := memory.New(memory.Options{})
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{Limits: unpaced}},
		Middleware: []framework.Middleware{passOn},
		Services: []framework.Service{{
			Name:       "bench",
			Methods:    framework.Methods{"echo": framework.Call(func(_ *framework.Turn, in message) (message, error) { return in, nil })},
			Topics:     []framework.Stream{visits},
			Middleware: []framework.Middleware{withVisits},
		}},
		Store: st,
	})
	return server{Handler: rt, publish: func([]byte) error { return nil }, close: func() { st.Close() }}, err
}

// passOn is middleware that looks at a call's name and lets it pass.
func passOn(next framework.Handler) framework.Handler {
	return func(t *framework.Turn) (any, error) {
		if t.Method() == "" {
			return nil, framework.Errorf(framework.CodeDenied, "not a call")
		}
		return next(t)
	}
}

// withVisits is middleware that reads the session's data.
func withVisits(next framework.Handler) framework.Handler {
	return func(t *framework.Turn) (any, error) {
		if _, err := visits.Get(t, t.SessionID()); err != nil {
			return nil, err
		}
		return next(t)
	}
}
