package frameworktest_test

// The tests that docs/testing-services.md shows.

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

func TestBobHearsAnn(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{chat}})
	ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
	heard := frameworktest.Topic[Line](bob, "room/lobby")

	ann.Call("chat.say", "hello", nil)
	if line := heard.Next(); line != (Line{"ann", "hello"}) {
		t.Errorf("bob heard %+v", line)
	}
	ann.Fails("chat.say", "", framework.CodeInvalid)
}

func TestAnnIsAsked(t *testing.T) {
	rt := frameworktest.New(t, config)
	ann := rt.Connect(framework.User{ID: "ann"})
	heard := frameworktest.Topic[Line](ann, "room/lobby")
	ann.Handle("chat.confirm", client.Question(func(_ context.Context, o Order) (bool, error) { return o.Sum < 100, nil }))

	ann.Call("chat.order", Order{Sum: 12}, nil)
	heard.Until(func(l Line) bool { return l.Text == "sold" })
}

func TestAnnIsRemindedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, config)
		ann := rt.Connect(framework.User{ID: "ann"})
		told := frameworktest.Events[string](ann, "chat.notice")

		ann.Call("chat.remind", time.Hour, nil)
		time.Sleep(59 * time.Minute)
		told.None()
		rt.Restart()
		time.Sleep(2 * time.Minute)
		if text := told.Next(); text != "over" {
			t.Errorf("ann is told %q", text)
		}
	})
}

func TestWhoGoesAwayIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, config)
		ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
		people := frameworktest.State[map[string]int](ann, "people/lobby")

		bob.Abandon() // no goodbye: the socket's time to live is two minutes
		time.Sleep(3 * time.Minute)
		people.Until(func(all map[string]int) bool { return maps.Equal(all, map[string]int{"ann": 1}) })
	})
}

func TestNothingIsLostOrRepeated(t *testing.T) {
	rt := frameworktest.New(t, config)
	rt.Twice()
	ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
	heard := frameworktest.Topic[Line](bob, "room/lobby")
	for n := range 10 {
		ann.Send("chat.say", fmt.Sprint(n))
	}
	rt.Restart()
	for n := range 10 {
		if line := heard.Next(); line.Text != fmt.Sprint(n) {
			t.Errorf("bob heard %q, want %d", line.Text, n)
		}
	}
}
