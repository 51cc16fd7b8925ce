package frameworktest_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Line is a line of a room.
type Line struct{ From, Text string }

// Order is what a client is asked to confirm.
type Order struct{ Sum int }

var (
	rooms  = &framework.Topic[Line]{Name: "room", History: 50, Subscribe: framework.Anyone}
	people = &framework.State[map[string]int]{Name: "people", Subscribe: framework.Anyone} // how many sockets each has

	expired   = framework.Timer("expired", func(t *framework.Turn, socket string) error { return t.Send(socket, "chat.notice", "over") })
	confirmed = framework.Then("confirmed", func(t *framework.Turn, o Order, yes bool, err error) error {
		switch {
		case err != nil:
			return rooms.Publish(t, "lobby", Line{Text: framework.CodeOf(err)})
		case yes:
			return rooms.Publish(t, "lobby", Line{From: "shop", Text: "sold"})
		}
		return nil
	})
)

// present counts who is there.
func present(t *framework.Turn, n int) error {
	return people.Update(t, "lobby", func(all *map[string]int) error {
		if *all == nil {
			*all = map[string]int{}
		}
		if (*all)[t.User().ID] += n; (*all)[t.User().ID] == 0 {
			delete(*all, t.User().ID)
		}
		return nil
	})
}

func say(t *framework.Turn, text string) error {
	if text == "" {
		return framework.Errorf(framework.CodeInvalid, "say something")
	}
	return rooms.Publish(t, "lobby", Line{t.User().ID, text})
}

// chat is the service that is tested here.
var chat = framework.Service{
	Name: "chat",
	Methods: framework.Methods{
		"say":   framework.Event(say),
		"count": framework.Call(func(_ *framework.Turn, text string) (int, error) { return len(text), nil }),
		"remind": framework.Event(func(t *framework.Turn, in time.Duration) error {
			_, err := t.After(in, expired.With(t.Socket()))
			return err
		}),
		"order": framework.Event(func(t *framework.Turn, o Order) error {
			return t.Ask(t.Socket(), "chat.confirm", o, confirmed.With(o), time.Hour)
		}),
	},
	Topics:        []framework.Stream{rooms, people},
	Continuations: []framework.Continuation{expired, confirmed},
	Connect:       func(t *framework.Turn) error { return present(t, 1) },
	Goodbye:       func(t *framework.Turn) error { return present(t, -1) },
}

var config = framework.Config{Services: []framework.Service{chat}}

// pair starts a chat with two users.
func pair(t *testing.T) (rt *frameworktest.Program, ann, bob *frameworktest.Client) {
	rt = frameworktest.New(t, config)
	return rt, rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
}
