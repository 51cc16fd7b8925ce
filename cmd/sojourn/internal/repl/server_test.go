package repl

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Line is a line of a room.
type Line struct{ From, Text string }

// Guest enters a room.
type Guest struct{ Room, Name string }

// Order is what a client is asked to confirm.
type Order struct{ Sum int }

var (
	rooms  = &framework.Topic[Line]{Name: "room", History: 2, Subscribe: framework.Anyone}
	people = &framework.State[map[string]Person]{Name: "people", Subscribe: framework.Anyone}

	confirmed = framework.Then("confirmed", func(t *framework.Turn, socket string, yes bool, err error) error {
		if err != nil {
			return t.Send(socket, "shop.notice", "refused: "+framework.CodeOf(err))
		}
		return t.Send(socket, "shop.notice", map[bool]string{true: "sold", false: "as you like"}[yes])
	})
)

// Person is somebody in a room.
type Person struct {
	Here  bool
	Lines int
}

func say(t *framework.Turn, in Line) error {
	if in.Text == "" {
		return framework.Errorf(framework.CodeInvalid, "say something")
	}
	return rooms.Publish(t, "lobby", in)
}

func enter(t *framework.Turn, in Guest) (map[string]int, error) {
	n := 0
	err := people.Update(t, in.Room, func(all *map[string]Person) error {
		if *all == nil {
			*all = map[string]Person{}
		}
		(*all)[in.Name] = Person{Here: true, Lines: (*all)[in.Name].Lines + 1}
		n = len(*all)
		return nil
	})
	return map[string]int{"Guests": n}, err
}

func leave(t *framework.Turn, in Guest) error {
	return people.Update(t, in.Room, func(all *map[string]Person) error {
		delete(*all, in.Name)
		return nil
	})
}

var services = []framework.Service{
	{
		Name: "chat",
		Methods: framework.Methods{
			"say":    framework.Event(say),
			"enter":  framework.Call(enter),
			"leave":  framework.Event(leave),
			"typing": framework.Event(func(*framework.Turn, bool) error { return nil }).Volatile(),
		},
		Topics: []framework.Stream{rooms, people},
	},
	{
		Name: "shop",
		Methods: framework.Methods{
			"order": framework.Event(func(t *framework.Turn, o Order) error {
				return t.Ask(t.Socket(), "shop.confirm", o, confirmed.With(t.Socket()), time.Hour)
			}),
			"turn": framework.Call(func(_ *framework.Turn, in []byte) ([]byte, error) {
				out := make([]byte, 0, len(in))
				for i := range in {
					out = append(out, in[len(in)-1-i])
				}
				return out, nil
			}),
		},
		Client:        framework.ClientMethods{"notice": framework.Notice[string](), "confirm": framework.Question[Order, bool]()},
		Continuations: []framework.Continuation{confirmed},
	},
}

// serve serves the services and returns how a session talks with them, over a transport.
func serve(t *testing.T, transport string) Options {
	t.Helper()
	o, _ := serveWith(t, framework.Config{Services: services, Discover: true}, transport)
	return o
}

func serveWith(t *testing.T, cfg framework.Config, transport string) (Options, *framework.Server) {
	t.Helper()
	cfg.Transports = []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}}
	cfg.Log = slog.New(slog.DiscardHandler)
	rt, err := framework.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rt)
	t.Cleanup(func() {
		rt.Close()
		server.Close()
	})
	url := server.URL + "/rt"
	return Options{
		URL: url,
		Dial: func(ctx context.Context, o client.Options) (*client.Client, error) {
			o.Transports = []string{transport}
			return client.Dial(ctx, url, &o)
		},
		Timeout: time.Minute,
	}, rt
}
