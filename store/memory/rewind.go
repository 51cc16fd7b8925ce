package memory

import (
	"maps"
	"slices"

	"github.com/sojourn-go/sojourn/store"
)

// Mark is a moment in a store's history, to go back to.
type Mark struct{ state *state }

// Mark remembers the present moment. It copies everything: it is for tests.
func (s *Store) Mark() Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Mark{s.state.clone()}
}

// Rewind makes the store what it was at the mark, as a store is after it has lost its latest writes. The clock goes on, watches stay,
// and nobody is told.
func (s *Store) Rewind(m Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = m.state.clone()
}

// Wipe makes the store forget everything. Nobody is told.
func (s *Store) Wipe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = newState()
}

// clone returns a copy that shares nothing that changes.
func (st *state) clone() *state {
	c := newState()
	c.topicIDs, c.claimed, c.grace, c.opened = st.topicIDs, st.claimed, st.grace, st.opened
	for id, s := range st.sockets {
		n := *s
		n.stream, n.subs, n.items = s.stream.clone(), maps.Clone(s.subs), maps.Clone(s.items)
		n.due = slot{owner: &n}
		c.sockets[id] = &n
		if n.Ended {
			c.errands.set(&n.due, s.due.at)
		} else {
			c.deadlines.set(&n.due, s.due.at)
		}
	}
	for id, it := range st.items {
		n := *it
		n.due = slot{owner: &n}
		c.items[id] = &n
		c.errands.set(&n.due, it.due.at)
	}
	for name, t := range st.topics {
		n := *t
		n.stream, n.fields = t.stream.clone(), t.fields.clone()
		n.expires = slot{owner: &n}
		c.topics[name] = &n
		c.expires.set(&n.expires, t.expires.at)
	}
	for id, t := range st.tombstones {
		n := *t
		n.expires = slot{owner: &n}
		c.tombstones[id] = &n
		c.expires.set(&n.expires, t.expires.at)
	}
	for name, k := range st.keys {
		n := *k
		n.expires = slot{owner: &n}
		c.keys[name] = &n
		c.expires.set(&n.expires, k.expires.at)
	}
	for name, set := range st.groups {
		c.groups[name] = maps.Clone(set)
	}
	for name, set := range st.put {
		c.put[name] = maps.Clone(set)
	}
	return c
}

func (s stream) clone() stream {
	s.entries = slices.Clone[[]store.Entry](s.entries)
	return s
}
