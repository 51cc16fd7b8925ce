package memory

import (
	"bytes"
	"maps"
	"slices"

	"github.com/sojourn-go/sojourn/store"
)

// fields are a topic's fields, by name, and the bytes of their names and values.
type fields struct {
	all   map[string]store.Field
	bytes int
}

// set makes a field what an entry says. A map that is not there is a topic without fields.
func (fs *fields) set(f store.Field, at store.Cursor) {
	if old, ok := fs.all[f.Name]; ok {
		fs.bytes -= size(old)
		delete(fs.all, f.Name)
	}
	if f.Value == nil {
		return
	}
	if fs.all == nil {
		fs.all = map[string]store.Field{}
	}
	fs.bytes += size(f)
	fs.all[f.Name] = store.Field{Name: f.Name, Value: bytes.Clone(f.Value), At: at}
}

func size(f store.Field) int { return len(f.Name) + len(f.Value) }

// list returns copies of fields that exist.
func (fs fields) list(names ...string) []store.Field {
	list := make([]store.Field, 0, len(names))
	for _, name := range names {
		if f, ok := fs.all[name]; ok {
			f.Value = bytes.Clone(f.Value)
			list = append(list, f)
		}
	}
	return list
}

// names are in order.
func (fs fields) names() []string { return slices.Sorted(maps.Keys(fs.all)) }

func (fs fields) clone() fields {
	fs.all = maps.Clone(fs.all)
	return fs
}

// room is how much of its room for fields a topic uses, while a turn changes it.
type room struct {
	before        map[string]store.Field // the turn
	sizes         map[string]int         // of fields that the turn has changed; 0: there is none
	number, bytes int
}

// publish follows a Publish as far as the room for fields depends on it, and tells whether there is too little.
func (r *rehearsal) publish(e store.Publish) (exceeds bool) {
	if e.Value == nil && len(e.Fields) == 0 {
		return false
	}
	used := r.rooms[e.Topic]
	if used == nil {
		used = &room{sizes: map[string]int{}}
		if t := r.state.topics[e.Topic]; t != nil {
			used.before, used.number, used.bytes = t.fields.all, len(t.fields.all), t.fields.bytes
		}
		r.rooms[e.Topic] = used
	}
	if e.Value != nil {
		*used = room{sizes: map[string]int{}}
	}
	number, bytes := used.number, used.bytes
	for _, f := range e.Fields {
		used.take(f)
	}
	return e.MaxFields > 0 && used.number > max(e.MaxFields, number) || e.MaxBytes > 0 && used.bytes > max(e.MaxBytes, bytes)
}

func (u *room) take(f store.Field) {
	was, changed := u.sizes[f.Name]
	if old, ok := u.before[f.Name]; ok && !changed {
		was = size(old)
	}
	is := 0
	if f.Value != nil {
		is = size(f)
	}
	u.sizes[f.Name] = is
	u.number += min(is, 1) - min(was, 1)
	u.bytes += is - was
}
