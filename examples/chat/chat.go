package main

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/framework"
)

// Line is one thing that somebody said.
type Line struct {
	ID   string `json:"id"`
	By   string `json:"by"`   // the socket that said it
	From string `json:"from"` // "" for an announcement: see announce
	Text string `json:"text"`
	At   int64  `json:"at"` // milliseconds since 1970
}

// Guest is where a socket is, and what it calls itself. This chat has no accounts: a name is what somebody says it is.
type Guest struct {
	Room string `json:"room"`
	Name string `json:"name"`
}

// Mark is put up for a moment while somebody types.
type Mark struct {
	By   string `json:"by"`
	Name string `json:"name"`
}

// Welcome is what somebody who enters is told.
type Welcome struct {
	Now int64 `json:"now"` // the server's time, to compare Line.At with
}

var (
	lines  = &framework.Topic[Line]{Name: "room", History: 50, Subscribe: framework.Anyone}
	marks  = &framework.Topic[Mark]{Name: "typing", Volatile: true, Subscribe: framework.Anyone}
	guests = &framework.State[Guest]{Name: "guest", Subscribe: framework.Nobody}              // by socket
	people = &framework.State[map[string]string]{Name: "people", Subscribe: framework.Anyone} // by room: a name for each socket
	rooms  = &framework.State[map[string]int]{Name: "rooms", Subscribe: framework.Anyone}     // under "all": how many are in each
)

var chat = framework.Service{
	Name: "chat",
	Methods: framework.Methods{
		"enter":  framework.Call(enter),
		"say":    framework.Event(say),
		"typing": framework.Event(typing).Volatile(),
	},
	Topics:  []framework.Stream{lines, marks, guests, people, rooms},
	Goodbye: leave,
}

// services are what the page can use.
var services = []framework.Service{chat, emoji, notes.Service}

var (
	roomName = regexp.MustCompile(`^[\pL\pN][\pL\pN _-]*$`)
	visible  = regexp.MustCompile(`[\pL\pN\pP\pS]`)
)

const (
	maxName = 30
	maxText = 2000
)

// enter puts the socket into a room, under a name. It leaves the one that it was in.
func enter(t *framework.Turn, in Guest) (w Welcome, err error) {
	in.Name = strings.TrimSpace(in.Name)
	if !visible.MatchString(in.Name) || utf8.RuneCountInString(in.Name) > maxName {
		return w, framework.Errorf(framework.CodeInvalid, "a name has 1 to %d characters, and something to see", maxName)
	}
	if err := checkRoom(in.Room); err != nil {
		return w, err
	}
	if err := leave(t); err != nil {
		return w, err
	}
	if err := guests.Update(t, t.Socket(), func(g *Guest) error { *g = in; return nil }); err != nil {
		return w, err
	}
	return Welcome{Now: t.Now().UnixMilli()}, place(t, in.Room, in.Name)
}

func checkRoom(name string) error {
	if !roomName.MatchString(name) || utf8.RuneCountInString(name) > maxName {
		return framework.Errorf(framework.CodeInvalid, "a room's name has 1 to %d letters, digits, spaces or dashes", maxName)
	}
	return nil
}

// leave takes the socket out of the room that it is in, if it is in one. It is also the goodbye.
func leave(t *framework.Turn) error {
	in, err := guests.Get(t, t.Socket())
	if err != nil || in.Room == "" {
		return err
	}
	if err := guests.Update(t, t.Socket(), func(g *Guest) error { *g = Guest{}; return nil }); err != nil {
		return err
	}
	return place(t, in.Room, "")
}

// place writes the socket down in a room, under a name; without a name it strikes it out. Somebody with two tabs is two sockets, and counts once.
func place(t *framework.Turn, room, name string) error {
	names := map[string]bool{}
	err := people.Update(t, room, func(in *map[string]string) error {
		if *in == nil {
			*in = map[string]string{}
		}
		if (*in)[t.Socket()] = name; name == "" {
			delete(*in, t.Socket())
		}
		for _, name := range *in {
			names[name] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rooms.Update(t, "all", func(all *map[string]int) error {
		if *all == nil {
			*all = map[string]int{}
		}
		if (*all)[room] = len(names); len(names) == 0 {
			delete(*all, room)
		}
		return nil
	})
}

// say publishes a line to the room that the socket is in.
func say(t *framework.Turn, text string) error {
	g, err := guest(t)
	if err != nil {
		return err
	}
	return publish(t, g.Room, Line{By: t.Socket(), From: g.Name, Text: text})
}

// publish publishes a line to a room, with the turn's id and time.
func publish(t *framework.Turn, room string, line Line) error {
	if line.Text = strings.TrimSpace(line.Text); line.Text == "" || utf8.RuneCountInString(line.Text) > maxText {
		return framework.Errorf(framework.CodeInvalid, "a line has 1 to %d characters", maxText)
	}
	line.ID, line.At = t.ID(), t.Now().UnixMilli()
	return lines.Publish(t, room, line)
}

// typing tells the room that the socket's user is typing. Who does not hear of it has lost nothing.
func typing(t *framework.Turn, _ struct{}) error {
	g, err := guest(t)
	if err != nil {
		return err
	}
	return marks.Publish(t, g.Room, Mark{By: t.Socket(), Name: g.Name})
}

// guest returns who the turn's socket is.
func guest(t *framework.Turn) (Guest, error) {
	g, err := guests.Get(t, t.Socket())
	if err == nil && g.Room == "" {
		err = framework.Errorf("outside", "enter a room first")
	}
	return g, err
}
