package frameworktest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// inTest stands for the test function around what an example shows. TestExamples runs it.
var inTest = func(func(*testing.T)) {}

func TestExamples(t *testing.T) {
	for name, example := range map[string]func(){"Example": Example, "ExampleProgram_Restart": ExampleProgram_Restart} {
		t.Run(name, func(t *testing.T) {
			defer func(before func(func(*testing.T))) { inTest = before }(inTest)
			inTest = func(test func(*testing.T)) { test(t) }
			example()
		})
	}
}

// Two users, and what one of them hears.
func Example() {
	rooms := &framework.Topic[string]{Name: "room", Subscribe: framework.Anyone}
	chat := framework.Service{Name: "chat", Topics: []framework.Stream{rooms}, Methods: framework.Methods{
		"say": framework.Event(func(t *framework.Turn, text string) error {
			return rooms.Publish(t, "lobby", t.User().ID+": "+text)
		}),
	}}

	inTest(func(t *testing.T) {
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{chat}})
		ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
		heard := frameworktest.Topic[string](bob, "room/lobby")

		ann.Call("chat.say", "hello", nil)
		if line := heard.Next(); line != "ann: hello" {
			t.Errorf("bob heard %q", line)
		}
	})
	// Output:
}

// A timer outlives its instance, and the test need not wait for it.
func ExampleProgram_Restart() {
	over := framework.Timer("over", func(t *framework.Turn, socket string) error { return t.Send(socket, "egg.over", "take it out") })
	egg := framework.Service{Name: "egg", Continuations: []framework.Continuation{over}, Methods: framework.Methods{
		"boil": framework.Event(func(t *framework.Turn, minutes int) error {
			_, err := t.After(time.Duration(minutes)*time.Minute, over.With(t.Socket()))
			return err
		}),
	}}

	inTest(func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rt := frameworktest.New(t, framework.Config{Services: []framework.Service{egg}})
			ann := rt.Connect(framework.User{ID: "ann"})
			told := frameworktest.Events[string](ann, "egg.over")

			ann.Call("egg.boil", 5, nil)
			rt.Restart()
			time.Sleep(4 * time.Minute)
			told.None()
			time.Sleep(2 * time.Minute)
			if text := told.Next(); text != "take it out" {
				t.Errorf("ann is told %q", text)
			}
		})
	})
	// Output:
}
