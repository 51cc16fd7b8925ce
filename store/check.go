package store

import (
	"errors"
	"fmt"
	"strings"
)

// Check returns an error if the turn is one that no caller may send: no store applies it.
func (t Turn) Check() error {
	c := t.Cause
	switch {
	case c.Socket == "" && c.Item == "" && c.Key == "":
		return errors.New("a turn without a cause")
	case c.Key != "" && c.Socket+c.Item+c.Token != "", c.Item != "" && c.Socket != "":
		return errors.New("a turn with two causes")
	case c.Item != "" && c.Token == "":
		return errors.New("an item's turn without its token")
	}
	opening := c.Socket != "" && c.Token == "" && c.Number == 0 && c.Item == "" && c.Key == ""
	for i, e := range t.Effects {
		switch e := e.(type) {
		case Open:
			if !opening || i != 0 {
				return errors.New("Open is only for message 0, and first")
			}
			for _, g := range e.Groups {
				if g.Name == "" || strings.Contains(g.Name, "\x00") {
					return fmt.Errorf("a group cannot be named %q", g.Name)
				}
			}
		case Put:
			if strings.Contains(e.By, "\x00") {
				return fmt.Errorf("an item cannot be put by %q", e.By)
			}
		case Publish:
			if err := e.check(); err != nil {
				return err
			}
		case Append, AppendAll, Subscribe, Unsubscribe, Cancel, End, Bye:
		default:
			return fmt.Errorf("effect %T is not known", e)
		}
	}
	if opening {
		if len(t.Effects) == 0 {
			return errNoOpen
		}
		if _, ok := t.Effects[0].(Open); !ok {
			return errNoOpen
		}
	}
	return nil
}

var errNoOpen = errors.New("message 0 does not begin with Open")

func (p Publish) check() error {
	if p.Value != nil && len(p.Fields) > 0 {
		return fmt.Errorf("topic %q cannot have a value and fields", p.Topic)
	}
	for _, f := range p.Fields {
		if f.Name == "" {
			return fmt.Errorf("topic %q cannot have a field without a name", p.Topic)
		}
	}
	return nil
}
