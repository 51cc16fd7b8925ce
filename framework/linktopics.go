package framework

import (
	"context"
	"slices"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// sub is a subscription of the link's socket.
type sub struct {
	topic, id string
	cursor    store.Cursor
	begin     uint64 // up to this offset nothing is for the client
	snapshot  bool   // the client needs the whole state first
	tail      *tail
}

// subscribe begins to follow a topic.
func (l *link) subscribe(s store.Sub) {
	if i := slices.IndexFunc(l.subs, func(old *sub) bool { return old.topic == s.Topic }); i >= 0 {
		l.unsubscribe(l.subs[i])
	}
	l.follow(s)
}

// follow begins to follow a topic that the link does not follow yet.
func (l *link) follow(s store.Sub) {
	if s.Cursor.Tag == "" { // as the store writes the cursor of a state: it comes first
		s.Cursor = store.Cursor{}
	}
	f := &sub{topic: s.Topic, id: s.ID, cursor: s.Cursor, begin: s.Begin, snapshot: s.Cursor.IsZero()}
	f.tail = l.srv.hub.tail(s.Topic, s.Cursor, l, f)
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.subs = append(l.subs, f)
	}
	l.mu.Unlock()
	if closed {
		l.srv.hub.release(f.tail, l)
	}
}

func (l *link) unsubscribe(s *sub) {
	l.mu.Lock()
	l.subs = slices.DeleteFunc(slices.Clone(l.subs), func(other *sub) bool { return other == s })
	l.mu.Unlock()
	l.srv.hub.release(s.tail, l)
}

// dropTopics ends all subscriptions of a link that is closed, but not those of its socket.
func (l *link) dropTopics() {
	l.mu.Lock()
	subs := l.subs
	l.mu.Unlock()
	for _, s := range subs {
		l.srv.hub.release(s.tail, l)
	}
}

// volatileEntry takes a volatile entry of a topic that is followed, if it is for this client.
func (l *link) volatileEntry(s *sub, data []byte) {
	except, p := exceptOf(data)
	if except == l.sock.id {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.volatileLocked(join(string(rune(protocol.Entry)), s.id, ",", p))
}

// fromTails appends what there is of topics in the tails. It is not ok if the store has to be asked.
func (l *link) fromTails(frames [][]byte) (_ [][]byte, ok bool) {
	l.mu.Lock()
	wait := l.reread || len(l.notices) > 0
	l.mu.Unlock()
	if wait { // we are awake: what was noticed meanwhile comes first
		return frames, true
	}
	for _, s := range l.subs {
		if s.snapshot || s.cursor.Offset < s.begin {
			return frames, false
		}
		var end store.Cursor
		if frames, end, ok = s.tail.current(frames, s.cursor, s.id, l.sock.id); !ok {
			return frames, false
		}
		s.cursor = end
	}
	return frames, true
}

// readTopics appends what there is of topics. They come after the own stream, which tells the client of their ids: while there is more
// of that, nothing of them is sent.
func (l *link) readTopics(ctx context.Context, frames [][]byte) ([][]byte, error) {
	l.mu.Lock()
	wait := l.reread || len(l.notices) > 0
	l.mu.Unlock()
	if wait || len(l.subs) == 0 {
		return frames, nil
	}
	tails := make([]*tail, 0, len(l.subs))
	var snapshots []*sub
	var queries []store.Query
	for _, s := range l.subs {
		tails = append(tails, s.tail)
		if s.snapshot {
			snapshots = append(snapshots, s)
			queries = append(queries, l.srv.snapshot(s.topic))
		}
	}
	replies, err := l.srv.hub.sync(ctx, tails, queries, checkTopics)
	if err != nil {
		return frames, err
	}
	for i, r := range replies {
		frames = append(frames, snapshots[i].take(queries[i], r))
	}
	var behind []*sub
	for _, s := range l.subs {
		if s.cursor.Offset < s.begin {
			behind = append(behind, s)
			continue
		}
		more, end, ok := s.tail.after(frames, s.cursor, s.id, l.sock.id)
		if !ok {
			behind = append(behind, s)
			continue
		}
		frames, s.cursor = more, end
	}
	return l.catchUp(ctx, frames, behind)
}

// catchUp reads topics of which the tail does not reach back to where the client is.
func (l *link) catchUp(ctx context.Context, frames [][]byte, behind []*sub) ([][]byte, error) {
	var subs []*sub
	var queries []store.Query
	for _, s := range behind {
		if s.tail.isKnown() { // else somebody is reading it just now, and will wake us
			subs = append(subs, s)
			queries = append(queries, store.Query{Topic: s.topic, Entries: true, After: s.cursor})
		}
	}
	if len(queries) == 0 {
		return frames, nil
	}
	replies, err := l.srv.readMany(ctx, queries)
	if err != nil {
		return frames, err
	}
	for i, r := range replies {
		s := subs[i]
		if why := lostWhy(r); why != "" {
			if l.srv.isState(s.topic) {
				s.snapshot = true
				l.wake()
				continue
			}
			s.cursor = r.From
			if r.Top.Offset < s.begin { // the store has lost so much that it is another topic
				s.begin = 0
			}
			frames = append(frames, lostFrame(s.id, s.cursor, why))
		}
		if s.tail.pace.every > 0 {
			r.Entries = composeEntries(r.Entries)
		}
		for _, e := range r.Entries {
			s.cursor = e.Cursor
			switch except, p := exceptOf(e.Data); {
			case e.Offset <= s.begin:
			case except == l.sock.id:
				frames = append(frames, skipFrame(s.id, e.Cursor))
			default:
				frames = append(frames, entryFrame(s.id, e.Cursor, p))
			}
		}
		if s.cursor.Offset < r.Top.Offset {
			l.wake()
		}
	}
	return frames, nil
}

// lostWhy tells why a reader of a topic has lost entries; "" if it has not.
func lostWhy(r store.Reply) string {
	switch {
	case r.Status == store.Missing:
		return "missing"
	case r.Status == store.Lost && r.Rewound:
		return "rewound"
	case r.Status == store.Lost:
		return "expired"
	}
	return ""
}

// take returns the frame of the whole state.
func (s *sub) take(q store.Query, r store.Reply) []byte {
	s.snapshot, s.cursor = false, r.Top
	b := append([]byte{byte(protocol.Snapshot)}, s.id...)
	b = r.Top.Append(append(b, ','))
	switch {
	case q.Fields:
		return object(append(b, '|'), r.Fields)
	case r.Value == nil:
		return b
	}
	return append(append(b, '|'), r.Value...)
}
