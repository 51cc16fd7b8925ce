package framework

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// mapView is what a turn sees of one key of a [Map].
type mapView struct {
	publish store.Publish // of a change, but for what changed
	whole   bool          // all fields were read
	fields  map[string]*fieldView
}

// fieldView is what a turn sees of one field, as JSON.
type fieldView struct {
	at      store.Cursor
	old     []byte // as the store has it; nil: there is none
	value   []byte // as the turn leaves it
	counted bool   // among the turn's effects
}

func (f *fieldView) changed() bool { return !bytes.Equal(f.old, f.value) } // JSON is never empty

func (v *mapView) clone() *mapView {
	c := *v
	c.fields = make(map[string]*fieldView, len(v.fields))
	for name, f := range v.fields {
		field := *f
		c.fields[name] = &field
	}
	return &c
}

// changedSince returns the fields that are not what they were in an earlier view, if there was one.
func (v *mapView) changedSince(before *mapView) (names []string) {
	for name, f := range v.fields {
		was := f.old
		if b := before.field(name); b != nil {
			was = b.value
		}
		if !bytes.Equal(was, f.value) {
			names = append(names, name)
		}
	}
	return names
}

// field returns what the turn has seen of a field; nil: nothing. There may be no view at all.
func (v *mapView) field(name string) *fieldView {
	if v == nil {
		return nil
	}
	if f := v.fields[name]; f != nil || !v.whole {
		return f
	}
	return &fieldView{} // there is none
}

func validField(name string) bool { return name != "" && len(name) <= 200 && printable(name) }

// lockName is what turns that change a field, or a state, wait for each other by. No topic's name has a bar.
func lockName(topic, field string) string {
	if field == "" {
		return topic
	}
	return topic + "|" + field
}

// readField returns what the turn sees of a field, which it reads if this is the first time; then it adds a guard.
func (t *Turn) readField(v *mapView, name string) (*fieldView, error) {
	if f := v.fields[name]; f != nil {
		return f, nil
	}
	if v.whole { // there is none, and the guard of the whole is enough
		v.fields[name] = &fieldView{}
		return v.fields[name], nil
	}
	fresh, err := t.freshField(v.publish.Topic, name)
	if err != nil {
		return nil, err
	}
	t.guards = append(t.guards, store.Guard{Topic: v.publish.Topic, Field: name, At: fresh.At})
	v.fields[name] = &fieldView{at: fresh.At, old: fresh.Value, value: fresh.Value}
	return v.fields[name], nil
}

// freshField returns a field as Always left it, as the last conflict found it, or as the store has it.
func (t *Turn) freshField(topic, name string) (fresh store.Fresh, err error) {
	if t.over {
		return fresh, ErrTurnOver
	}
	if kept := t.kept.maps[topic].field(name); kept != nil {
		return store.Fresh{At: kept.at, Value: kept.value}, nil
	}
	if fresh, ok := t.locks.fresh[lockName(topic, name)]; ok {
		return fresh, nil
	}
	reply, err := t.read(store.Query{Topic: topic, Field: name})
	if err != nil {
		return fresh, err
	}
	for _, found := range reply.Fields {
		fresh = store.Fresh{At: found.At, Value: found.Value}
	}
	return fresh, nil
}

// readFields reads all fields that the turn has not seen yet, if it does so for the first time, and adds a guard on the whole.
func (t *Turn) readFields(v *mapView) error {
	switch {
	case v.whole:
		return nil
	case t.over:
		return ErrTurnOver
	}
	reply, err := t.read(store.Query{Topic: v.publish.Topic, Fields: true})
	if err != nil {
		return err
	}
	if kept := t.kept.maps[v.publish.Topic]; kept != nil {
		for name, f := range kept.fields {
			if v.fields[name] == nil {
				v.fields[name] = &fieldView{at: f.at, old: f.value, value: f.value}
			}
		}
	}
	for _, f := range reply.Fields {
		if v.fields[f.Name] == nil { // else it has a guard of its own, and the turn conflicts if this is not what it has seen
			v.fields[f.Name] = &fieldView{at: f.At, old: f.Value, value: f.Value}
		}
	}
	v.whole = true
	t.guards = append(t.guards, store.Guard{Topic: v.publish.Topic, At: reply.Top})
	return nil
}

// setField makes a field what the turn leaves it as. Null is none: to a merge patch it is.
func (t *Turn) setField(f *fieldView, name string, text []byte) error {
	if string(text) == "null" {
		text = nil
	}
	size := len(name) + len(text)
	if err := t.room(size); err != nil {
		return err
	}
	t.bytes += size
	if !f.counted {
		f.counted = true
		t.count++
	}
	f.value = text
	return nil
}

// mapEffects returns an effect for each key of a map that the turn changed.
func (c collected) mapEffects() (effects []store.Effect, err error) {
	if len(c.maps) == 0 {
		return nil, nil
	}
	for _, topic := range slices.Sorted(maps.Keys(c.maps)) {
		e, err := c.maps[topic].effect()
		if err != nil {
			return nil, fmt.Errorf("framework: map %s: %w", topic, err)
		}
		if len(e.Fields) > 0 {
			effects = append(effects, e)
		}
	}
	return effects, nil
}

// effect returns the entry that tells subscribers what changed: one, so that they see what one turn did at once.
func (v *mapView) effect() (store.Publish, error) {
	e := v.publish
	var before []store.Field
	for name, f := range v.fields {
		if !f.changed() {
			continue
		}
		before = append(before, store.Field{Name: name, Value: f.old})
		e.Fields = append(e.Fields, store.Field{Name: name, Value: f.value})
	}
	slices.SortFunc(e.Fields, func(a, b store.Field) int { return strings.Compare(a.Name, b.Name) })
	patch, err := mergePatch(object(nil, before), object(nil, e.Fields))
	e.Data = protocol.JSONPayload(patch)
	return e, err
}

// object appends fields as a JSON object.
func object(b []byte, fields []store.Field) []byte {
	b = append(b, '{')
	for _, f := range fields {
		if f.Value == nil {
			continue
		}
		if b[len(b)-1] != '{' { // what ends a value does not begin an object
			b = append(b, ',')
		}
		name, _ := json.Marshal(f.Name) // a string can always be encoded
		b = append(append(append(b, name...), ':'), f.Value...)
	}
	return append(b, '}')
}
