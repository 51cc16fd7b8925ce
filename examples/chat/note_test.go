package main

import (
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/pubsub"
)

// publication is what the page's half publishes.
type publication struct {
	Channel string `json:"channel"`
	Value   any    `json:"value"`
}

func TestWhoComesSeesTheNote(t *testing.T) {
	tab := start(t, services...)
	ann := tab()
	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	ann.Call("note.publish", publication{"lobby", "old"}, nil)
	ann.Call("note.publish", publication{"lobby", "bring cake"}, nil)
	note := frameworktest.Topic[pubsub.Message](tab(), "note/lobby")
	for _, want := range []string{`"bring cake"`, `""`} {
		if got := note.Next(); string(got.Value) != want {
			t.Errorf("the note is %s, want %s", got.Value, want)
		}
		ann.Send("note.publish", publication{"lobby", ""})
	}
}

func TestNotesArePinnedUpInTheRoom(t *testing.T) {
	ann := start(t, services...)()
	ann.Fails("note.publish", publication{"lobby", "hello"}, "outside")
	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	ann.Fails("note.publish", publication{"attic", "hello"}, framework.CodeDenied)
	ann.Call("note.publish", publication{"lobby", "hello"}, nil)
	ann.Call("chat.enter", Guest{"attic", "Ann"}, nil)
	ann.Fails("note.publish", publication{"lobby", "hello"}, framework.CodeDenied)
}
