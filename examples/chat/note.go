package main

import (
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/pubsub"
)

// notes has a channel for each room: the latest text published there is the note that is pinned up in it, "" none.
var notes = pubsub.New(pubsub.Options{Name: "note", History: 1, Subscribe: framework.Anyone, Publish: inside})

// inside is a rule: who may pin something up in a room. The framework asks it for each note.
func inside(t *framework.Turn, room string) error {
	g, err := guest(t)
	if err == nil && g.Room != room {
		err = framework.Errorf(framework.CodeDenied, "you are in another room")
	}
	return err
}
