// Package presence is a service that shows who is where: which users are in a room, and which of them are away.
//
//	presence.New(presence.Options{Enter: framework.Anyone})
//
// The page:
//
//	await app.presence.enter('lobby')
//	app.presence.watch('lobby', people => ...) // [{ id, name, since, away }], who came first in front
//	await app.presence.leave('lobby')
//
// A user is in a room from the moment that the first of his sockets (tabs, devices) enters until the last one leaves it or has ended, however it ended: so he comes once
// and goes once. He is away while none of those sockets has had a connection for 15 seconds. That is a hint: a socket whose instance is killed is
// not away before it is gone, which takes as long as sockets live without a connection, two minutes by default.
//
// Whoever may enter a room makes it, by its name, and its key in the store is forgotten 30 days after somebody last was there. So a rule that lets everybody enter
// everything is for programs whose users are known.
package presence

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

//go:embed client.js
var files embed.FS

const (
	// maxRooms is how many rooms a socket may be in: a goodbye, which leaves them all, is one turn.
	maxRooms = 20
	// maxName is how many bytes of a user's name are shown to everybody.
	maxName = 200
	// every is how often who watches a room is told: of a crowd that comes in a second, twice.
	every = time.Second / 2
)

// Options say what a presence is.
type Options struct {
	// Name is the service's, and that of the states that clients watch. Default "presence".
	Name string
	// Enter says who may enter a room, and see who is in it. It must be set, or [framework.New] says that its Subscribe is nil.
	Enter framework.Rule
	// People is how many users a room may have. Default 10,000. One more is answered with [framework.CodeFull].
	People int
}

// Person is a user in a room.
type Person struct {
	// Name is the user's.
	Name string `json:"name"`
	// Since is when the user came, by the instance's clock, in milliseconds since 1970.
	Since int64 `json:"since"`
	// Away tells that none of the user's sockets in the room has a connection.
	Away bool `json:"away,omitempty"`
}

// New makes the service. What clients watch is a [framework.Map] of [Person], by room, of users by their IDs. A user without an ID is somebody else in each of his
// sockets, whose ids are used then.
//
// A socket may be in 20 rooms. One more is answered with [framework.CodeFull].
func New(o Options) framework.Service {
	name := cmp.Or(o.Name, "presence")
	p := &presence{
		name: name, enterRule: o.Enter,
		people: &framework.Map[Person]{Name: name, Max: o.People, Every: every, Subscribe: o.Enter},
		tabs:   &framework.Map[map[string]tab]{Name: name + "_tabs", Keep: 1, TTL: 365 * 24 * time.Hour, Subscribe: framework.Nobody},
	}
	return framework.Service{
		Name:  name,
		Files: files,
		Methods: framework.Methods{
			"enter": framework.Event(p.enter),
			"leave": framework.Event(p.leave),
			"back":  framework.Event(p.back),
		},
		Topics:  []framework.Stream{p.people, p.tabs},
		Client:  framework.ClientMethods{"away": framework.Notice[struct{}]()},
		Away:    p.away,
		Goodbye: p.goodbye,
	}
}

type presence struct {
	name      string
	enterRule framework.Rule
	people    *framework.Map[Person]
	tabs      *framework.Map[map[string]tab] // of users the sockets that are in rooms; see shardOf
}

// tab is a socket that is in rooms.
type tab struct {
	Rooms []string `json:"rooms"`
	Away  bool     `json:"away,omitempty"`
}

func (p *presence) enter(t *framework.Turn, room string) error {
	if name := t.User().Name; len(name) > maxName {
		return framework.Errorf(framework.CodeInvalid, "a user whose name has %d bytes, of %d at most, cannot be shown", len(name), maxName)
	}
	if _, _, err := p.people.Get(t, room, userOf(t)); err != nil { // the name of the room, perhaps
		return err
	}
	if err := p.enterRule(t, room); err != nil {
		return err
	}
	return p.change(t, func(mine *tab) (changed []string, err error) {
		if !slices.Contains(mine.Rooms, room) {
			if len(mine.Rooms) >= maxRooms {
				return nil, framework.Errorf(framework.CodeFull, "a socket can be in %d rooms: leave one", maxRooms)
			}
			mine.Rooms = append(mine.Rooms, room)
		}
		if !mine.Away {
			return []string{room}, nil
		}
		mine.Away = false
		return mine.Rooms, nil
	})
}

func (p *presence) leave(t *framework.Turn, room string) error {
	return p.change(t, func(mine *tab) (changed []string, err error) {
		i := slices.Index(mine.Rooms, room)
		if i < 0 {
			return nil, nil
		}
		mine.Rooms = slices.Delete(mine.Rooms, i, i+1)
		return []string{room}, nil
	})
}

func (p *presence) goodbye(t *framework.Turn) error {
	return p.change(t, func(mine *tab) (changed []string, err error) {
		changed, mine.Rooms = mine.Rooms, nil
		return changed, nil
	})
}

// away notes that the socket has no connection. Its page hears of it when it is back, and says so.
func (p *presence) away(t *framework.Turn) error {
	noted := false
	err := p.change(t, func(mine *tab) (changed []string, err error) {
		if len(mine.Rooms) > 0 && !mine.Away {
			mine.Away, noted = true, true
			return mine.Rooms, nil
		}
		return nil, nil
	})
	if err != nil || !noted {
		return err
	}
	return t.Send(t.Socket(), p.name+".away", nil)
}

func (p *presence) back(t *framework.Turn, _ struct{}) error {
	return p.change(t, func(mine *tab) (changed []string, err error) {
		mine.Away = false
		return mine.Rooms, nil
	})
}

// change changes where the turn's socket is, and has its user shown as follows from all of his sockets in the rooms that are returned.
func (p *presence) change(t *framework.Turn, f func(mine *tab) (changed []string, err error)) error {
	user := userOf(t)
	var all map[string]tab
	var changed []string
	err := p.tabs.Update(t, shardOf(user), user, func(tabs *map[string]tab) (err error) {
		mine := (*tabs)[t.Socket()]
		if changed, err = f(&mine); err != nil {
			return err
		}
		switch {
		case len(mine.Rooms) == 0:
			delete(*tabs, t.Socket())
		case *tabs == nil:
			*tabs = map[string]tab{t.Socket(): mine}
		default:
			(*tabs)[t.Socket()] = mine
		}
		if all = *tabs; len(all) == 0 {
			*tabs = nil // which removes it
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, room := range changed {
		if err := p.show(t, room, user, all); err != nil {
			return err
		}
	}
	return nil
}

// show has a user shown in a room as follows from his tabs.
func (p *presence) show(t *framework.Turn, room, user string, tabs map[string]tab) error {
	here, away := false, true
	for _, tab := range tabs {
		if slices.Contains(tab.Rooms, room) {
			here, away = true, away && tab.Away
		}
	}
	if !here {
		return p.people.Delete(t, room, user)
	}
	return p.people.Update(t, room, user, func(person *Person) error {
		if person.Since == 0 {
			person.Since = t.Now().UnixMilli()
		}
		if mine, ok := tabs[t.Socket()]; ok && !mine.Away { // else this is not the last that was heard of him
			person.Name = t.User().Name
		}
		person.Away = away
		return nil
	})
}

// userOf is by what name the turn's user is known.
func userOf(t *framework.Turn) string { return cmp.Or(t.User().ID, t.Socket()) }

// shardOf is the key under which a user's tabs are kept. Keys are few, since one stays when there is nothing left under it.
func shardOf(user string) string { return fmt.Sprintf("%02x", sha256.Sum256([]byte(user))[0]) }
