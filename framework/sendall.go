package framework

import (
	"errors"

	"github.com/sojourn-go/sojourn/store"
)

// SendUser sends an event to all sockets of a user, by its ID: his tabs and devices, this turn's socket too if it is his. It is [Turn.Send] to each of them,
// but counts as one effect of the turn, and is encoded and stored with it once.
//
// Who they are is decided when the turn commits. A socket that is being opened meanwhile gets it if its open has committed by then; if not, its Connect hooks
// find what this turn has written.
func (t *Turn) SendUser(id, method string, v any) error {
	if id == "" {
		return errors.New("framework: SendUser: users without an ID are nobody in particular: SendSession reaches a browser")
	}
	return t.sendGroup(userGroup(id), method, v)
}

// SendSession sends an event to all sockets of a session: the tabs of one browser. See [Turn.SendUser].
func (t *Turn) SendSession(id, method string, v any) error {
	if id == "" {
		return errors.New("framework: SendSession: no session: in a turn that belongs to no socket, Turn.SessionID is empty")
	}
	return t.sendGroup(sessionGroup(id), method, v)
}

func (t *Turn) sendGroup(group, method string, v any) error {
	p, err := t.encode(method, v, nil)
	if err != nil {
		return err
	}
	return t.add(store.AppendAll{Group: group, Data: join("e", method, p)}, len(p))
}
