package framework

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sojourn-go/sojourn/store"
)

// collected is what a turn has collected of effects, or of those that it always has.
type collected struct {
	guards  []store.Guard
	effects []store.Effect
	states  map[string]*stateView
	maps    map[string]*mapView
}

// Always runs f at once, and has what it does through the turn commit also if the handler fails, together with the error that answers: an attempt
// that is counted, a line in an audit. It is for middleware more than for handlers, whose effects belong together.
//
// A turn whose failure is recorded is one of a message, an answer, a timer or a goodbye. Where nothing is recorded there is nothing to commit with: [Server.Do],
// a Connect hook, a turn that is left to another instance. All else is as in the turn: what f did commits once, however often it runs; a volatile turn can have no such effects
// ([ErrVolatileTurn]); if f returns an error that is returned, and f has done nothing.
//
// What f does takes place before all else that the turn does. So f sees states without the handler's changes, and cannot change one, or a field of a map, that the handler has read by then.
func (t *Turn) Always(f func() error) error {
	switch {
	case t.over:
		return ErrTurnOver
	case t.volatile:
		return ErrVolatileTurn
	case t.keeping: // within another
		return f()
	}
	rest, kept, count, bytes := t.collected, t.kept, t.count, t.bytes
	t.collected, t.keeping = kept.clone(), true
	done := false
	defer func() { // also if f panics
		if done {
			kept = t.collected
		} else {
			t.count, t.bytes = count, bytes
		}
		t.collected, t.kept, t.keeping = rest, kept, false
	}()
	if err := f(); err != nil {
		return err
	}
	if err := t.changedAfter(rest, kept); err != nil {
		return err
	}
	done = true
	return nil
}

// changedAfter returns an error if a state has changed since before that others have read.
func (t *Turn) changedAfter(others, before collected) error {
	for topic, v := range t.states {
		was := before.states[topic]
		if others.states[topic] != nil && v.value != nil && (was == nil || string(was.value) != string(v.value)) {
			return fmt.Errorf("framework: Always: the turn has read the state %s before: let Always change it first", topic)
		}
	}
	for topic, v := range t.maps {
		for _, name := range v.changedSince(before.maps[topic]) {
			if others.maps[topic].field(name) != nil {
				return fmt.Errorf("framework: Always: the turn has read field %q of the map %s before: let Always change it first", name, topic)
			}
		}
	}
	_, err := t.stateEffects() // what cannot be a change is found out while nothing rests on it
	return err
}

func (c collected) clone() collected {
	c.guards, c.effects, c.states = slices.Clip(c.guards), slices.Clip(c.effects), maps.Clone(c.states)
	for topic, v := range c.states {
		view := *v
		c.states[topic] = &view
	}
	c.maps = maps.Clone(c.maps)
	for topic, v := range c.maps {
		c.maps[topic] = v.clone()
	}
	return c
}

// all returns the effects, with those that the changed states come to.
func (c collected) all() []store.Effect {
	states, _ := c.stateEffects() // Always has tried
	return slices.Concat(c.effects, states)
}
