package framework

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// State is a family of values of type S, one for each key, each with a version. Turns read and change it; subscribers get its
// value, then its changes as JSON merge patches (RFC 7396), with no gap. S must encode as JSON; in it, null means absent.
//
//	var people = &framework.State[People]{Name: "people", Subscribe: framework.Anyone}
//
// A session's data is a state whose key is the session's id.
//
// A state whose Name begins with ~ is for the server alone, as a package that brings middleware needs it: no client can subscribe to it, and it is listed in no Service.
type State[S any] struct {
	// Name is what clients call it: a letter, then letters, digits and underscores.
	Name string
	// TTL is how long a value is remembered after it was last changed or watched. Default 30 days.
	TTL time.Duration
	// Keep is how many changes are kept for subscribers that are away; one that missed more gets the whole value. Default 100.
	Keep int
	// Every is how often a subscriber is told at most: several changes come as one. An instance tells all its subscribers of a key at the same time: the first
	// change after a quiet time at once. An object in the place of what was removed meanwhile comes
	// as a change of its own, and where very many changes wait (256, or 512 KiB) they come earlier. Default: each change as it comes.
	Every time.Duration
	// Subscribe says who may subscribe. It must be set; [Nobody] for values that stay in the server.
	Subscribe Rule
	// Load returns the value of a key that the store does not have (any more). Nil: the zero S.
	Load func(ctx context.Context, key string) (S, error)
}

func (st *State[S]) name() string { return st.Name }

func (st *State[S]) isState() bool { return true }

func (st *State[S]) hasFields() bool { return false }

func (st *State[S]) holds() reflect.Type { return reflect.TypeFor[S]() }

func (st *State[S]) open() bool { return st.Subscribe.open() }

func (st *State[S]) every() time.Duration { return st.Every }

func (st *State[S]) check() error {
	switch {
	case st.Subscribe == nil:
		return errNoRule
	case st.Keep < 0 || st.TTL < 0 || st.Every < 0:
		return errors.New("a negative setting")
	}
	return checkName(st.Name)
}

func (st *State[S]) subscribe(t *Turn, key string) (store.Subscribe, error) {
	e := store.Subscribe{State: true, TTL: st.ttl()}
	if err := st.Subscribe(t, key); err != nil {
		return e, err
	}
	if st.Load != nil { // so that there is something to send a snapshot of
		v, err := st.view(t, key)
		if err != nil {
			return e, err
		}
		if v.at.IsZero() {
			if v.value, err = st.load(t, key); err != nil {
				return e, err
			}
			v.ttl = min(v.ttl, t.srv.emptyTTL()) // it can be loaded again
		}
	}
	return e, nil
}

func (st *State[S]) ttl() time.Duration { return cmp.Or(st.TTL, defaultStateTTL) }

const defaultStateTTL = 30 * 24 * time.Hour

// Get returns the key's value: the zero S if it has none. The turn commits only if the value is still the same then.
func (st *State[S]) Get(t *Turn, key string) (S, error) {
	var value S
	v, err := st.view(t, key)
	if err != nil {
		return value, err
	}
	text, err := st.current(t, key, v)
	if err != nil || text == nil {
		return value, err
	}
	return value, json.Unmarshal(text, &value)
}

// Update changes the key's value: f is given the value, the zero S if there is none, and leaves in it what it shall be. If somebody else changes
// the value meanwhile the whole turn runs again. On one instance, turns that update the same key first of all wait for each other.
func (st *State[S]) Update(t *Turn, key string, f func(*S) error) error {
	if topic := st.Name + "/" + key; t.states[topic] == nil && !t.over && !t.volatile && !t.keeping {
		if err := t.locks.first(t, topic); err != nil {
			return err
		}
	}
	value, err := st.Get(t, key)
	if err != nil {
		return err
	}
	if err := f(&value); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("framework: state %s/%s: %w", st.Name, key, err)
	}
	switch max := t.srv.cfg.Limits.StateBytes; {
	case t.over:
		return ErrTurnOver
	case t.volatile:
		return ErrVolatileTurn
	case len(text) > max:
		return Errorf(CodeFull, "%s/%s would have %d bytes, of %d at most", st.Name, key, len(text), max)
	}
	if err := t.room(len(text)); err != nil {
		return err
	}
	t.bytes += len(text)
	t.states[st.Name+"/"+key].value = text
	return nil
}

// stateView is what a turn sees of one state's key.
type stateView struct {
	keep  int
	ttl   time.Duration
	at    store.Cursor
	old   []byte // as the store has it; nil: nothing
	value []byte // as the turn leaves it; nil: untouched
}

// view returns what the turn sees of the key, which it reads if this is the first time; then it adds a guard.
func (st *State[S]) view(t *Turn, key string) (*stateView, error) {
	topic, err := topicOf(t, st, key)
	if err != nil {
		return nil, err
	}
	if v, ok := t.states[topic]; ok {
		return v, nil
	}
	if t.over {
		return nil, ErrTurnOver
	}
	v := &stateView{keep: cmp.Or(st.Keep, 100), ttl: st.ttl()}
	fresh, ok := t.locks.fresh[topic]
	if kept := t.kept.states[topic]; kept != nil {
		fresh, ok = store.Fresh{At: kept.at, Value: kept.now()}, true
	}
	if !ok {
		reply, err := t.read(store.Query{Topic: topic, Value: true})
		if err != nil {
			return nil, err
		}
		fresh = store.Fresh{At: reply.Top, Value: reply.Value}
	}
	v.at, v.old = fresh.At, fresh.Value
	if t.states == nil {
		t.states = map[string]*stateView{}
	}
	t.states[topic] = v
	t.count++
	t.guards = append(t.guards, store.Guard{Topic: topic, At: v.at})
	return v, nil
}

// now returns the value's JSON as the turn leaves it; nil: none.
func (v *stateView) now() []byte {
	if v.value != nil {
		return v.value
	}
	return v.old
}

// current returns the value's JSON as the turn sees it; nil: none.
func (st *State[S]) current(t *Turn, key string, v *stateView) ([]byte, error) {
	switch now := v.now(); {
	case now != nil:
		return now, nil
	case st.Load != nil:
		return st.load(t, key)
	}
	return nil, nil
}

func (st *State[S]) load(t *Turn, key string) ([]byte, error) {
	s, err := st.Load(t, key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// stateEffects returns an effect for each state, and each key of a map, that was changed.
func (c collected) stateEffects() ([]store.Effect, error) {
	var effects []store.Effect
	for _, g := range c.guards { // in the order in which they were read
		v := c.states[g.Topic]
		if v == nil || v.value == nil || string(v.value) == string(v.old) {
			continue
		}
		patch, err := mergePatch(v.old, v.value)
		if err != nil {
			return nil, fmt.Errorf("framework: state %s: %w", g.Topic, err)
		}
		effects = append(effects, store.Publish{
			Topic: g.Topic, Data: protocol.JSONPayload(patch), Value: v.value, Keep: v.keep, TTL: v.ttl,
		})
	}
	more, err := c.mapEffects()
	return append(effects, more...), err
}
