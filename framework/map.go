package framework

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Map is a family of states, one for each key, whose value is an object of many fields of type V: who is there, what is to be done. Each field has a version of its
// own, so that a change costs what the field costs, and two turns conflict only if they touch the same field. Subscribers are told as those of
// a [State]: the whole object (empty if there is none), then its changes as JSON merge patches (RFC 7396), with no gap.
//
//	var people = &framework.Map[Person]{Name: "people", Subscribe: framework.Anyone}
//
// A field's name is any text of 1 to 200 bytes without control characters. V must encode as JSON; in it, null means absent, and a
// field that is null does not exist.
type Map[V any] struct {
	// Name is what clients call it: a letter, then letters, digits and underscores.
	Name string
	// TTL is how long a key is remembered after it was last changed or watched. Default 30 days.
	TTL time.Duration
	// Keep is how many changes are kept for subscribers that are away; one that missed more gets the whole object. Default 1,000.
	Keep int
	// Every is how often a subscriber is told at most: see [State]. Default: each change as it comes.
	Every time.Duration
	// Subscribe says who may subscribe. It must be set; [Nobody] for what stays in the server.
	Subscribe Rule
	// Max is how many fields a key may have. Default 10,000. A turn that makes one more is answered with [CodeFull].
	Max int
}

// mapBytes is what the fields of a key may come to, in bytes of names and JSON.
const mapBytes = 4 << 20

func (m *Map[V]) name() string { return m.Name }

func (m *Map[V]) isState() bool { return true }

func (m *Map[V]) hasFields() bool { return true }

func (m *Map[V]) holds() reflect.Type { return reflect.TypeFor[map[string]V]() }

func (m *Map[V]) open() bool { return m.Subscribe.open() }

func (m *Map[V]) every() time.Duration { return m.Every }

func (m *Map[V]) check() error {
	switch {
	case m.Subscribe == nil:
		return errNoRule
	case m.Keep < 0 || m.TTL < 0 || m.Every < 0 || m.Max < 0:
		return errors.New("a negative setting")
	}
	return checkName(m.Name)
}

func (m *Map[V]) subscribe(t *Turn, key string) (store.Subscribe, error) {
	return store.Subscribe{State: true, TTL: m.ttl()}, m.Subscribe(t, key)
}

func (m *Map[V]) ttl() time.Duration { return cmp.Or(m.TTL, defaultStateTTL) }

// Get returns a field of the key's, and whether there is one. The turn commits only if that field is still the same then.
func (m *Map[V]) Get(t *Turn, key, field string) (value V, ok bool, err error) {
	f, err := m.field(t, key, field)
	if err != nil || f.value == nil {
		return value, false, err
	}
	return value, true, json.Unmarshal(f.value, &value)
}

// Update changes a field of the key's: f is given its value, the zero V if there is none, and leaves in it what it shall be. If somebody else changes
// that field meanwhile the whole turn runs again. On one instance, turns that update the same field first of all wait for each other.
func (m *Map[V]) Update(t *Turn, key, field string, f func(*V) error) error {
	return m.change(t, key, field, func(old []byte) ([]byte, error) {
		var value V
		if old != nil {
			if err := json.Unmarshal(old, &value); err != nil {
				return nil, err
			}
		}
		if err := f(&value); err != nil {
			return nil, err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("framework: field %q of %s/%s: %w", field, m.Name, key, err)
		}
		return text, nil
	})
}

// Delete removes a field of the key's, if there is one. Otherwise it is as an Update.
func (m *Map[V]) Delete(t *Turn, key, field string) error {
	return m.change(t, key, field, func([]byte) ([]byte, error) { return nil, nil })
}

// All returns all fields of the key's by name. The turn commits only if all of them are still the same then: it conflicts with every change of the key.
func (m *Map[V]) All(t *Turn, key string) (map[string]V, error) {
	v, err := m.view(t, key)
	if err == nil {
		err = t.readFields(v)
	}
	if err != nil {
		return nil, err
	}
	all := make(map[string]V, len(v.fields))
	for name, f := range v.fields {
		if f.value == nil {
			continue
		}
		var value V
		if err := json.Unmarshal(f.value, &value); err != nil {
			return nil, err
		}
		all[name] = value
	}
	return all, nil
}

// view returns what the turn sees of the key.
func (m *Map[V]) view(t *Turn, key string) (*mapView, error) {
	topic, err := topicOf(t, m, key)
	if err != nil {
		return nil, err
	}
	v := t.maps[topic]
	if v == nil {
		v = &mapView{fields: map[string]*fieldView{}, publish: store.Publish{
			Topic: topic, Keep: cmp.Or(m.Keep, defaultKeep), TTL: m.ttl(), MaxFields: cmp.Or(m.Max, 10_000), MaxBytes: mapBytes,
		}}
		if t.maps == nil {
			t.maps = map[string]*mapView{}
		}
		t.maps[topic] = v
	}
	return v, nil
}

func (m *Map[V]) field(t *Turn, key, name string) (*fieldView, error) {
	if !validField(name) {
		return nil, Errorf(CodeInvalid, "field %q of %s/%s: a name has 1 to 200 bytes, and no control characters", name, m.Name, key)
	}
	v, err := m.view(t, key)
	if err != nil {
		return nil, err
	}
	return t.readField(v, name)
}

// change makes a field what f makes of it: JSON, or nil for none.
func (m *Map[V]) change(t *Turn, key, name string, f func(old []byte) ([]byte, error)) error {
	switch {
	case t.over:
		return ErrTurnOver
	case t.volatile:
		return ErrVolatileTurn
	}
	if t.maps[m.Name+"/"+key].field(name) == nil && !t.keeping {
		if err := t.locks.first(t, lockName(m.Name+"/"+key, name)); err != nil {
			return err
		}
	}
	view, err := m.field(t, key, name)
	if err != nil {
		return err
	}
	text, err := f(view.value)
	if err != nil {
		return err
	}
	if max := t.srv.cfg.Limits.StateBytes; len(text) > max {
		return Errorf(CodeFull, "field %q of %s/%s would have %d bytes, of %d at most", name, m.Name, key, len(text), max)
	}
	return t.setField(view, name, text)
}
