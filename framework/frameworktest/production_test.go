package frameworktest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// A conversation goes on while its instances are killed, over each transport, in a bubble and outside.
func TestRestartLosesAndRepeatsNothing(t *testing.T) {
	for _, transport := range []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}} {
		talk := func(t *testing.T) {
			cfg := config
			cfg.Transports = []transports.Transport{transport}
			rt := frameworktest.New(t, cfg)
			rt.Twice()
			ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
			if bob.Transport() != transport.Name() {
				t.Errorf("bob is connected by %s", bob.Transport())
			}
			heard := frameworktest.Topic[Line](bob, "room/lobby")
			for n := range 30 {
				ann.Send("chat.say", fmt.Sprint(n))
				if n%10 == 5 {
					rt.Restart()
				}
			}
			for n := range 30 {
				if line := heard.Next(); line.Text != fmt.Sprint(n) {
					t.Fatalf("bob heard %+v, want %d", line, n)
				}
			}
			seen := frameworktest.State[map[string]int](ann, "people/lobby")
			if all := seen.Next(); !maps.Equal(all, map[string]int{"ann": 1, "bob": 1}) {
				t.Errorf("there are %v", all)
			}
		}
		t.Run(transport.Name(), talk)
		t.Run(transport.Name()+" in a bubble", func(t *testing.T) { synctest.Test(t, talk) })
	}
}

// A handler's first run is on an instance that is killed meanwhile: it has no effect, and the message is handled by the next one.
func TestRestartInTheMiddleOfAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rt *frameworktest.Program
		var runs []string // ids of the turn in each run
		var attempts []int
		killed := chat
		killed.Middleware = []framework.Middleware{func(next framework.Handler) framework.Handler {
			return func(t *framework.Turn) (any, error) {
				runs, attempts = append(runs, t.ID()), append(attempts, t.Attempt())
				if len(runs) == 1 {
					rt.Restart()
				}
				return next(t)
			}
		}}
		f := &failing{TB: t}
		rt = frameworktest.New(f, framework.Config{Services: []framework.Service{killed}})
		ann := rt.Connect(framework.User{ID: "ann"})
		heard := frameworktest.Topic[Line](ann, "room/lobby")
		ann.Call("chat.say", "hello", nil)
		if line := heard.Next(); line.Text != "hello" {
			t.Errorf("ann heard %+v", line)
		}
		heard.None()
		if len(runs) != 2 || runs[0] != runs[1] {
			t.Errorf("the handler ran in turns %q, want one, twice", runs)
		}
		if !slices.Equal(attempts, []int{1, 2}) {
			t.Errorf("attempts %v: the client was told that the instance ends, which a killed one cannot", attempts)
		}
		if f.log.Len() > 0 || len(f.said) > 0 {
			t.Errorf("the killed instance goes on to say %s%q", &f.log, f.said)
		}
	})
}

// A timer kills its instance, and is due again on the next one.
func TestRestartInATimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rt *frameworktest.Program
		runs := 0
		bomb := framework.Timer("bomb", func(t *framework.Turn, n int) error {
			if runs++; runs == 1 {
				rt.Restart()
			}
			return rooms.Publish(t, "lobby", Line{Text: fmt.Sprint(n)})
		})
		rt = frameworktest.New(t, framework.Config{Services: []framework.Service{
			{Name: "mine", Topics: []framework.Stream{rooms}, Continuations: []framework.Continuation{bomb}},
		}})
		heard := frameworktest.Topic[Line](rt.Connect(framework.User{}), "room/lobby")
		rt.Do(func(t *framework.Turn) error {
			_, err := t.After(time.Second, bomb.With(7))
			return err
		})
		time.Sleep(2 * time.Minute) // it was leased to the killed one
		if line := heard.Next(); line.Text != "7" || runs != 2 {
			t.Errorf("heard %+v after %d runs", line, runs)
		}
		heard.None()
	})
}

// What was asked, and what is due, goes on on another instance.
func TestRestartKeepsTimersAndQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, ann, bob := pair(t)
		told, heard := frameworktest.Events[string](ann, "chat.notice"), frameworktest.Topic[Line](bob, "room/lobby")
		asked := make(chan Order)
		ann.Handle("chat.confirm", client.Question(func(_ context.Context, o Order) (bool, error) {
			asked <- o
			<-asked
			return true, nil
		}))
		ann.Call("chat.remind", time.Hour, nil)
		ann.Call("chat.order", Order{12}, nil)
		<-asked
		rt.Restart()
		asked <- Order{}
		if line := heard.Next(); line.Text != "sold" {
			t.Errorf("bob heard %+v", line)
		}
		time.Sleep(time.Hour + time.Second)
		if text := told.Next(); text != "over" {
			t.Errorf("ann is told %q", text)
		}
		told.None()
	})
}

// A handler that does more than its turn knows of is found out.
func TestTwiceFindsWhatCannotBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mails := 0
		var ids []string
		shop := framework.Service{Name: "shop", Topics: []framework.Stream{rooms}, Methods: framework.Methods{
			"buy": framework.Event(func(t *framework.Turn, _ string) error {
				mails++
				ids = append(ids, t.NewID())
				return rooms.Publish(t, "lobby", Line{Text: "bought"})
			}),
		}}
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{shop}})
		ann := rt.Connect(framework.User{ID: "ann"})
		heard := frameworktest.Topic[Line](ann, "room/lobby")
		ann.Call("shop.buy", "tea", nil)
		if mails != 1 {
			t.Errorf("%d mails before Twice", mails)
		}
		rt.Twice()
		ann.Call("shop.buy", "tea", nil)
		if mails != 3 || len(slices.Compact(ids)) != 2 {
			t.Errorf("%d mails, ids %q", mails, ids)
		}
		heard.Next()
		heard.Next()
		heard.None()
	})
}

// door greets who comes, and refuses eve.
var door = framework.Service{Name: "door", Connect: func(t *framework.Turn) error {
	if t.User().ID == "eve" {
		return framework.Errorf(framework.CodeDenied, "not you")
	}
	return t.Send(t.Socket(), "door.welcome", t.User().ID)
}}

// What a Connect hook tells is not missed, and comes before what is told later.
func TestEventsAreKeptUntilAskedFor(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{door}})
	ann := rt.Connect(framework.User{ID: "ann"})
	rt.Do(func(t *framework.Turn) error { return t.Send(ann.ID(), "door.welcome", "again") })
	if err := rt.Server().Ask(t.Context(), ann.ID(), "door.open", nil, nil); framework.CodeOf(err) != framework.CodeNotFound {
		t.Errorf("a question that nobody handles: %v", err)
	}
	told := frameworktest.Events[string](ann, "door.welcome")
	rt.Do(func(t *framework.Turn) error { return t.Send(ann.ID(), "door.welcome", "and again") })
	for _, want := range []string{"ann", "again", "and again"} {
		if text := told.Next(); text != want {
			t.Errorf("told %q, want %q", text, want)
		}
	}
}

// Options of its own: handlers, a fallback, a token that is refused.
func TestDial(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{door}})
	told := make(chan string, 1)
	ann, err := rt.Dial(client.Options{
		Auth:     rt.Auth(framework.User{ID: "ann"}),
		Handlers: map[string]client.Handler{"door.welcome": client.Event(func(_ context.Context, id string) { told <- id })},
		Fallback: func(string, bool) client.Handler { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if id := <-told; id != "ann" {
		t.Errorf("welcome, %s", id)
	}
	events := frameworktest.Events[string](ann, "door.open")
	rt.Do(func(t *framework.Turn) error { return t.Send(ann.ID(), "door.open", "now") })
	if text := events.Next(); text != "now" {
		t.Errorf("told %q", text)
	}
	if _, err := rt.Dial(client.Options{Auth: rt.Auth(framework.User{ID: "eve"})}); err == nil || !strings.Contains(err.Error(), "not you") {
		t.Errorf("eve is refused with %v", err)
	}
	if _, err := rt.Dial(client.Options{Auth: client.Token("made up")}); err == nil {
		t.Error("a token that nobody made is taken")
	}
}

// A handler that ignores the end of its turn is found out when the test ends.
func TestBlockedHandlerIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var in atomic.Bool
		f := &failing{TB: t}
		t.Cleanup(func() { // after the program's
			if want := "frameworktest: 10s after the end of its turn a handler still runs: it must return when the turn, which is a context, is done"; len(f.said) != 1 || f.said[0] != want {
				t.Errorf("the test is told %q, want %q", f.said, want)
			}
			close(release)
			time.Sleep(time.Second)
		})
		rt := frameworktest.New(f, framework.Config{Services: []framework.Service{{Name: "stuck", Methods: framework.Methods{
			"here": framework.Event(func(*framework.Turn, any) error {
				in.Store(true)
				<-release
				return nil
			}),
		}}}})
		rt.Connect(framework.User{}).Send("stuck.here", nil)
		synctest.Wait()
		if !in.Load() {
			t.Error("the handler does not run")
		}
	})
}
