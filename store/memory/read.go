package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Read implements [store.Store].
func (s *Store) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	now, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	replies := make([]store.Reply, len(queries))
	for i, q := range queries {
		switch {
		case q.Topic != "":
			replies[i] = s.state.readTopic(q, now)
		case q.Socket != "":
			replies[i] = s.state.readSocket(q)
		case q.Group != "":
			replies[i] = s.state.readGroup(q)
		default:
			replies[i] = s.state.readItem(q)
		}
	}
	return replies, nil
}

func (st *state) readTopic(q store.Query, now time.Duration) store.Reply {
	t := st.topics[q.Topic]
	if t == nil {
		return store.Reply{Status: store.Missing}
	}
	st.touch(t, now)
	if q.Value {
		return store.Reply{Top: t.top, Value: bytes.Clone(t.value)}
	}
	if q.Fields {
		return store.Reply{Top: t.top, Fields: t.fields.list(t.fields.names()...)}
	}
	if q.Field != "" {
		return store.Reply{Top: t.top, Fields: t.fields.list(q.Field)}
	}
	return t.read(q)
}

func (st *state) readSocket(q store.Query) store.Reply {
	s := st.sockets[q.Socket]
	switch {
	case s == nil || s.Ended:
		return store.Reply{Status: store.Gone, Sock: told(st.known(q.Socket))}
	case q.Entries:
		return s.read(q)
	}
	return store.Reply{Top: s.top, Sock: told(s.known())}
}

// maxMembers is how many members of a group a reply names.
const maxMembers = 10_000

func (st *state) readGroup(q store.Query) store.Reply {
	all := slices.Sorted(maps.Keys(st.groups[q.Group]))
	return store.Reply{Members: all[:min(len(all), maxMembers)]}
}

func (st *state) readItem(q store.Query) store.Reply {
	it := st.items[q.Item]
	if it == nil {
		return store.Reply{Status: store.Missing}
	}
	i := it.Item
	i.Data = bytes.Clone(i.Data)
	return store.Reply{Item: i}
}

// read returns the entries that were asked for, or those that are kept.
func (s *stream) read(q store.Query) store.Reply {
	r := store.Reply{From: q.After, Top: s.top}
	if q.After.IsZero() {
		r.From = s.floor
	} else if where := s.relate(q.After); where != within {
		r.Status, r.From, r.Rewound = store.Lost, s.floor, where == foreign
	}
	r.Entries = s.after(r.From, q.Max)
	return r
}
