package main

import (
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// Stats is what e2e/demo has counted so far, for the pages that watch it.
type Stats struct {
	Seconds   int            `json:"seconds"`
	Sent      int            `json:"sent"`
	Seen      int            `json:"seen"`
	Missing   int            `json:"missing"`
	Repeated  int            `json:"repeated"`
	Asked     int            `json:"asked"`
	Answered  int            `json:"answered"`
	Kills     int            `json:"kills"`
	Transport map[string]int `json:"transport"` // lines seen over each
}

// Question is a number that a socket is asked to confirm.
type Question struct {
	Socket string `json:"socket"`
	N      int    `json:"n"`
}

// Record is what became of a question: each leaves exactly one.
type Record struct {
	Question
	Answer int    `json:"answer"`
	Error  string `json:"error,omitempty"`
}

var (
	stats   = &framework.State[Stats]{Name: "demo", Subscribe: framework.Anyone}     // under "stats"
	records = &framework.Topic[Record]{Name: "records", Subscribe: framework.Anyone} // under "all"

	confirmed = framework.Then("confirmed", func(t *framework.Turn, q Question, answer int, err error) error {
		return records.Publish(t, "all", Record{Question: q, Answer: answer, Error: framework.CodeOf(err)})
	})
)

// watched is what a chat with -demo has besides: it lets e2e/demo ask questions, and show what it counts. It trusts everybody.
var watched = framework.Service{
	Name: "demo",
	Methods: framework.Methods{
		"ask": framework.Call(func(t *framework.Turn, q Question) (int, error) {
			return q.N, t.Ask(q.Socket, "demo.confirm", q.N, confirmed.With(q), 2*time.Minute)
		}),
		"report": framework.Event(func(t *framework.Turn, s Stats) error {
			return stats.Update(t, "stats", func(old *Stats) error { *old = s; return nil })
		}),
	},
	Topics:        []framework.Stream{stats, records},
	Continuations: []framework.Continuation{confirmed},
	Client:        framework.ClientMethods{"watch": framework.Notice[struct{}](), "confirm": framework.Question[int, int]()},
	Connect: func(t *framework.Turn) error { // a page that is told so shows the counts
		return t.Send(t.Socket(), "demo.watch", nil)
	},
}
