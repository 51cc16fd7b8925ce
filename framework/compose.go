package framework

import (
	"encoding/json"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// composable tells whether there is one merge patch that does what a does and then b. There is none where b merges an object onto what a removed, or
// made no object: a patch cannot say that of an object that was there before nothing stays.
func composable(a, b any) bool {
	then, ok := b.(map[string]any)
	if !ok {
		return true // b replaces
	}
	first, ok := a.(map[string]any)
	if !ok {
		return false
	}
	for name, p := range then {
		if was, had := first[name]; had && !composable(was, p) {
			return false
		}
	}
	return true
}

// compose returns the merge patch that does what a does and then b, of which it is made. It says of each member that a or b touch what it is in the end: so
// it makes the same of a value that has a, or some of what a was composed of, already.
func compose(a, b any) any {
	then, ok := b.(map[string]any)
	if !ok {
		return b
	}
	first := a.(map[string]any) // they are composable
	for name, p := range then {
		if was, had := first[name]; had {
			p = compose(was, p)
		}
		first[name] = p
	}
	return first
}

// change is an entry of a state, or several consecutive ones as one: that has the last one's cursor, and no data yet.
type change struct {
	store.Entry
	patch any
	known bool // patch is what it says
}

// composeEntries returns as few entries as do the same as consecutive ones of a state.
func composeEntries(entries []store.Entry) []store.Entry {
	if len(entries) < 2 {
		return entries
	}
	changes := make([]change, len(entries))
	for i, e := range entries {
		text, err := protocol.Payload(e.Data).JSON()
		if err == nil {
			changes[i].patch, err = parseJSON(text)
		}
		changes[i].Entry, changes[i].known = e, err == nil
	}
	// Twice: what was removed and set again in turn is removed in the end of each piece but the last, and those are one then.
	changes = composeNeighbours(composeNeighbours(changes))
	composed := make([]store.Entry, len(changes))
	for i, c := range changes {
		if c.Data == nil {
			text, _ := json.Marshal(c.patch) // it was parsed from JSON
			c.Data = protocol.JSONPayload(text)
		}
		composed[i] = c.Entry
	}
	return composed
}

// composeNeighbours composes each change with those that follow it, as far as one patch can say it.
func composeNeighbours(changes []change) []change {
	fewer := changes[:0]
	for _, next := range changes {
		if n := len(fewer); n > 0 {
			last := &fewer[n-1]
			if last.known && next.known && composable(last.patch, next.patch) {
				*last = change{Entry: store.Entry{Cursor: next.Cursor}, patch: compose(last.patch, next.patch), known: true}
				continue
			}
		}
		fewer = append(fewer, next)
	}
	return fewer
}
