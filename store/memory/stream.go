package memory

import (
	"bytes"

	"github.com/sojourn-go/sojourn/store"
)

// stream is the entries after floor, up to top.
type stream struct {
	floor, top store.Cursor
	entries    []store.Entry
	bytes      int  // of the entries' data
	cut        bool // what was let go last nobody had acknowledged
}

// newStream returns an empty stream, made by the turn with this attempt.
func newStream(attempt string) stream {
	start := store.Cursor{Tag: store.TagAfter("", attempt)}
	return stream{floor: start, top: start}
}

// add appends an entry, whose data it copies, and returns it with the tag of the place before it.
func (s *stream) add(data []byte, attempt string) (e store.Entry, prev string) {
	prev = s.top.Tag
	s.top = store.Cursor{Offset: s.top.Offset + 1, Tag: store.TagAfter(prev, attempt)}
	e = store.Entry{Cursor: s.top, Data: bytes.Clone(data)}
	s.entries = append(s.entries, e)
	s.bytes += len(data)
	return e, prev
}

// drop lets go of the n oldest entries.
func (s *stream) drop(n int) {
	if n == 0 {
		return
	}
	s.floor = s.entries[n-1].Cursor
	for i := range n {
		s.bytes -= len(s.entries[i].Data)
		s.entries[i] = store.Entry{} // the array lives on for a while; the data should not
	}
	s.entries = s.entries[n:]
}

// relation is where a cursor lies in relation to a stream as it is kept.
type relation int

const (
	within  relation = iota // on it: at the floor, at the top or between
	before                  // older than what is kept
	foreign                 // never on it
)

func (s *stream) relate(c store.Cursor) relation {
	switch {
	case c.Offset < s.floor.Offset:
		return before
	case c.Offset > s.top.Offset || s.at(c.Offset) != c:
		return foreign
	}
	return within
}

// at returns the place with an offset between the floor's and the top's.
func (s *stream) at(offset uint64) store.Cursor {
	if offset == s.floor.Offset {
		return s.floor
	}
	return s.entries[offset-s.floor.Offset-1].Cursor
}

// after returns up to max entries (0: 256) after a place that lies within the stream.
func (s *stream) after(c store.Cursor, max int) []store.Entry {
	if max <= 0 {
		max = 256
	}
	rest := s.entries[c.Offset-s.floor.Offset:]
	return append([]store.Entry(nil), rest[:min(max, len(rest))]...)
}

// unacknowledged returns how much the stream holds after a place, or all of it if it is no place of the stream.
func (s *stream) unacknowledged(ack store.Cursor) (entries, bytes int) {
	entries, bytes = len(s.entries), s.bytes
	if s.relate(ack) != within {
		return entries, bytes
	}
	acked := s.entries[:ack.Offset-s.floor.Offset]
	for _, e := range acked {
		bytes -= len(e.Data)
	}
	return entries - len(acked), bytes
}

// acknowledge lets go of entries up to ack, if that is a place of the stream.
func (s *stream) acknowledge(ack store.Cursor) {
	if s.relate(ack) == within {
		n := int(ack.Offset - s.floor.Offset)
		s.drop(n)
		s.cut = s.cut && n == 0
	}
}
