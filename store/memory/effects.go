package memory

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// turn is a turn while its effects take place.
type turn struct {
	*Store
	now     time.Duration
	socket  string // of the cause
	attempt string
	from    string
}

// take makes one effect real and returns where it put its entry.
func (t *turn) take(e store.Effect) store.Cursor {
	switch e := e.(type) {
	case store.Open:
		t.open(e)
	case store.Append:
		return t.append(t.state.sockets[e.Socket], e.Data, t.from)
	case store.AppendAll:
		for _, id := range slices.Sorted(maps.Keys(t.state.groups[e.Group])) {
			t.append(t.state.sockets[id], e.Data, "")
		}
	case store.Publish:
		return t.publish(e)
	case store.Subscribe:
		return t.subscribe(e)
	case store.Unsubscribe:
		return t.unsubscribe(e)
	case store.Put:
		t.put(e)
	case store.Cancel:
		if it := t.state.items[e.Item]; it != nil {
			t.state.remove(it)
		}
	case store.End:
		if s := t.state.sockets[e.Socket]; s != nil && !s.Ended {
			t.end(s, e.Code, e.Why, t.from)
		}
	case store.Bye:
		if s := t.state.sockets[t.socket]; s != nil {
			s.Code, s.Why = e.Code, e.Why
			t.bury(s, e.Keep)
		}
	}
	return store.Cursor{}
}

func (t *turn) open(e store.Open) {
	s := &socket{
		Socket: store.Socket{ID: t.socket, Secret: e.Secret, Attach: e.Attach, User: bytes.Clone(e.User), Session: e.Session},
		stream: newStream(t.attempt),
		inbox:  e.Inbox,
		subs:   map[string]store.Sub{},
		items:  members{},
		groups: slices.Clone(e.Groups),
	}
	s.due.owner = s
	t.state.sockets[t.socket] = s
	for _, g := range e.Groups {
		join(t.state.groups, g.Name, s.ID)
	}
	t.state.deadlines.set(&s.due, t.now+e.TTL)
}

// append adds an entry to a socket's stream, if the socket is open, and notices its inbox, unless the entry comes from there.
func (t *turn) append(s *socket, data []byte, from string) store.Cursor {
	if s == nil || s.Ended {
		return store.Cursor{}
	}
	if len(s.entries)+1 > t.opts.MaxEntries || s.bytes+len(data) > t.opts.MaxBytes {
		s.cut = s.cut || len(s.entries) > 0
		s.drop(len(s.entries))
	}
	e, prev := s.add(data, t.attempt)
	t.notify(s.inbox, from, store.Notice{Kind: store.Added, Socket: s.ID, Prev: prev, Entry: e})
	return e.Cursor
}

func (t *turn) publish(e store.Publish) store.Cursor {
	top := t.state.topic(e.Topic, t.attempt)
	top.life = positive(e.TTL, defaultTopic)
	t.state.touch(top, t.now)
	entry, prev := top.add(e.Data, t.attempt)
	if e.Value != nil {
		top.value, top.fields = bytes.Clone(e.Value), fields{}
	}
	for _, f := range e.Fields {
		top.value = nil
		top.fields.set(f, entry.Cursor)
	}
	top.retain(positive(e.Keep, 1000), positive(e.KeepBytes, 1<<20))
	t.broadcast(t.from, store.Notice{Kind: store.Added, Topic: e.Topic, Prev: prev, Entry: entry})
	return entry.Cursor
}

func positive[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// retain lets go of entries beyond the retention, but never of the newest.
func (s *stream) retain(keep, keepBytes int) {
	n, bytes := 0, s.bytes
	for n < len(s.entries)-1 && (len(s.entries)-n > keep || bytes > keepBytes) {
		bytes -= len(s.entries[n].Data)
		n++
	}
	s.drop(n)
}

func (t *turn) subscribe(e store.Subscribe) store.Cursor {
	s := t.state.sockets[e.Socket]
	if s == nil || s.Ended {
		return store.Cursor{}
	}
	top := t.state.topic(e.Topic, t.attempt)
	if top.top.Offset == 0 { // what only listens does not say how long a topic lives that somebody publishes to
		top.life = max(top.life, positive(e.TTL, defaultTopic))
	}
	t.state.touch(top, t.now)
	var begin store.Cursor
	if !e.State {
		back := min(max(0, e.Back), len(top.entries))
		begin = top.at(top.top.Offset - uint64(back))
	}
	s.subs[e.Topic] = store.Sub{Topic: e.Topic, ID: top.id, Cursor: begin, Begin: begin.Offset}
	data := append(bytes.Clone(e.Data), top.id+","...)
	return t.append(s, begin.Append(data), t.from)
}

func (t *turn) unsubscribe(e store.Unsubscribe) store.Cursor {
	s := t.state.sockets[e.Socket]
	if s == nil || s.Ended {
		return store.Cursor{}
	}
	sub, ok := s.subs[e.Topic]
	if !ok {
		return store.Cursor{}
	}
	delete(s.subs, e.Topic)
	return t.append(s, append(bytes.Clone(e.Data), sub.ID...), t.from)
}

// put adds an item; one of the same name is replaced, and whoever has claimed that one has nothing.
func (t *turn) put(e store.Put) {
	if old := t.state.items[e.Item]; old != nil {
		t.state.remove(old)
	}
	it := &item{Item: store.Item{ID: e.Item, Socket: e.Socket, Data: bytes.Clone(e.Data)}, by: e.By}
	it.due.owner = it
	t.state.items[e.Item] = it
	if e.By != "" {
		join(t.state.put, e.By, e.Item)
	}
	at := t.now + max(0, e.After)
	if e.Socket != "" {
		if s := t.state.sockets[e.Socket]; s != nil && !s.Ended {
			s.items[e.Item] = struct{}{}
		} else {
			it.Gone, at = true, t.now
		}
	}
	t.state.errands.set(&it.due, at)
}

// remove takes an item away.
func (st *state) remove(it *item) {
	it.due.leave()
	delete(st.items, it.ID)
	leave(st.put, it.by, it.ID)
	if s := st.sockets[it.Socket]; s != nil {
		delete(s.items, it.ID)
	}
}

// end makes an open socket a closing one, which can be claimed at once, and its items due. It is in no group any more.
func (t *turn) end(s *socket, code int, why, from string) {
	s.Ended, s.Code, s.Why = true, code, why
	for _, g := range s.groups {
		leave(t.state.groups, g.Name, s.ID)
	}
	t.state.errands.set(&s.due, t.now)
	t.orphan(s)
	t.notify(s.inbox, from, store.Notice{Kind: store.Moved, Socket: s.ID})
}

// orphan makes a socket's items due, since it has ended.
func (t *turn) orphan(s *socket) {
	for id := range s.items {
		it := t.state.items[id]
		it.Gone = true
		// One that is claimed stays with its claim until the lease is over.
		if it.token == "" {
			t.state.errands.set(&it.due, t.now)
		}
	}
	clear(s.items)
}

// bury replaces a socket by its tombstone, which stays for a time.
func (t *turn) bury(s *socket, keep time.Duration) {
	if !s.Ended {
		t.end(s, s.Code, s.Why, t.from)
	}
	s.due.leave()
	delete(t.state.sockets, s.ID)
	stone := &tombstone{Socket: store.Socket{ID: s.ID, Number: s.Number, Ended: true, Code: s.Code, Why: s.Why}}
	stone.expires.owner = stone
	t.state.tombstones[s.ID] = stone
	t.state.expires.set(&stone.expires, t.now+positive(keep, tombstoneLife))
}
