package frameworktest_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

func TestTwoUsersTalk(t *testing.T) {
	_, ann, bob := pair(t)
	heard := frameworktest.Topic[Line](bob, "room/lobby")
	ann.Call("chat.say", "hello", nil)
	if line := heard.Next(); line != (Line{"ann", "hello"}) {
		t.Errorf("bob heard %+v", line)
	}
	var n int
	if ann.Call("chat.count", "hello", &n); n != 5 {
		t.Errorf("counted %d", n)
	}
	ann.Fails("chat.say", "", framework.CodeInvalid)
}

func TestStateIsSeen(t *testing.T) {
	rt, ann, _ := pair(t)
	seen := frameworktest.State[map[string]int](ann, "people/lobby")
	seen.Until(func(all map[string]int) bool { return maps.Equal(all, map[string]int{"ann": 1, "bob": 1}) })
	rt.Connect(framework.User{ID: "bob"})
	seen.Until(func(all map[string]int) bool { return all["bob"] == 2 })
}

func TestClientIsToldAndAsked(t *testing.T) {
	rt, ann, bob := pair(t)
	told := frameworktest.Events[string](ann, "chat.notice")
	rt.Do(func(t *framework.Turn) error { return t.Send(ann.ID(), "chat.notice", "hi") })
	if text := told.Next(); text != "hi" {
		t.Errorf("ann is told %q", text)
	}
	heard := frameworktest.Topic[Line](bob, "room/lobby")
	ann.Handle("chat.confirm", client.Question(func(_ context.Context, o Order) (bool, error) { return o.Sum < 100, nil }))
	ann.Call("chat.order", Order{12}, nil)
	if line := heard.Next(); line.Text != "sold" {
		t.Errorf("bob heard %+v", line)
	}
}

func TestTimePassesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, ann, bob := pair(t)
		told := frameworktest.Events[string](ann, "chat.notice")
		ann.Call("chat.remind", 3*time.Hour, nil)
		time.Sleep(3*time.Hour - time.Second)
		told.None()
		time.Sleep(2 * time.Second)
		if text := told.Next(); text != "over" {
			t.Errorf("ann is told %q", text)
		}
		seen := frameworktest.State[map[string]int](ann, "people/lobby")
		bob.Abandon()
		time.Sleep(time.Minute)
		if all := seen.Next(); all["bob"] != 1 {
			t.Errorf("a minute later bob is gone: %v", all)
		}
		time.Sleep(2 * time.Minute)
		if all := seen.Next(); all["bob"] != 0 {
			t.Errorf("three minutes later he is not: %v", all)
		}
		expires := rt.Connect(framework.User{ID: "eve", Expires: time.Now().Add(time.Hour)})
		time.Sleep(time.Hour + 3*time.Minute)
		seen.Until(func(all map[string]int) bool { return all["eve"] == 1 })
		if all := seen.Until(func(all map[string]int) bool { return all["eve"] == 0 }); !maps.Equal(all, map[string]int{"ann": 1}) {
			t.Errorf("without eve there are %v", all)
		}
		seen.None()
		if err := expires.Err(); err != nil {
			t.Errorf("who has no fresh credentials goes on trying, but: %v", err)
		}
	})
}
