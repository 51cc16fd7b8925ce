package framework

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// What a tail holds at most: beyond it, links that are further behind read for themselves.
const (
	tailEntries = 512
	tailBytes   = 1 << 20

	readPiece = 256 // queries in one read
)

// tail is the latest entries of one topic, as one instance has seen them: shared by all its links, so that an event is read and
// encoded once. Whatever it says is what the store said; whether there is more only the store knows.
type tail struct {
	topic string

	mu        sync.Mutex
	listeners map[waker]*sub // as links follow it
	left      time.Time      // when the last listener left

	watched bool         // notices come
	synced  time.Time    // when the store was last read; zero: to be read now
	reading bool         // somebody reads
	from    store.Cursor // before entries[0]
	entries []tailEntry
	bytes   int
	known   bool // from and entries mean something
	pace    pace
}

type tailEntry struct {
	store.Entry
	except string // the socket that it is not for; "": it is for all
	frame  []byte // as subscribers get it, made when first needed
	id     string // of the topic, in frame: the same for all, unless the topic was forgotten and made anew
}

func (t *tail) topLocked() store.Cursor {
	if n := len(t.entries); n > 0 {
		return t.entries[n-1].Cursor
	}
	return t.from
}

// notice takes a notice that an entry was added. What does not follow on what is known makes the tail stale.
func (t *tail) notice(n store.Notice, attempt string) {
	t.mu.Lock()
	top := t.topLocked()
	switch {
	case n.Kind == store.Volatile:
		for w, s := range t.listeners {
			if l, ok := w.(*link); ok {
				l.volatileEntry(s, n.Entry.Data)
			}
		}
		t.mu.Unlock()
		return
	case !t.known:
		t.synced = time.Time{}
	case follows(top, n, attempt):
		t.appendLocked(n.Entry)
		if !t.releaseLocked() {
			t.mu.Unlock()
			return // later
		}
	case n.Entry.Offset >= t.from.Offset && n.Entry.Offset <= top.Offset && t.hasLocked(n.Entry.Cursor):
		t.mu.Unlock()
		return // a repeat
	default:
		t.synced = time.Time{}
	}
	t.wakeLocked()
	t.mu.Unlock()
}

// stale marks that the store has to be read.
func (t *tail) stale() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.synced = time.Time{}
	t.wakeLocked()
}

func (t *tail) wakeLocked() {
	for w := range t.listeners {
		w.wake()
	}
}

func (t *tail) hasLocked(c store.Cursor) bool {
	if c.Offset < t.from.Offset {
		return true // older than the tail: it cannot be told, and is not new
	}
	if c == t.from {
		return true
	}
	i := c.Offset - t.from.Offset
	return i >= 1 && i <= uint64(len(t.entries)) && t.entries[i-1].Cursor == c
}

func (t *tail) appendLocked(e store.Entry) {
	except, _ := exceptOf(e.Data)
	t.entries = append(t.entries, tailEntry{Entry: e, except: except})
	t.bytes += len(e.Data)
	t.pace.held += len(e.Data)
	drop := 0
	for len(t.entries)-drop > tailEntries || t.bytes > tailBytes && len(t.entries)-drop > 1 {
		t.from = t.entries[drop].Cursor
		t.bytes -= len(t.entries[drop].Data)
		drop++
	}
	if drop > 0 {
		t.entries = append(make([]tailEntry, 0, tailEntries+1), t.entries[drop:]...)
	}
}

// current is after, and also not ok if the tail is not up to date, as far as is known.
func (t *tail) current(frames [][]byte, c store.Cursor, id, socket string) (_ [][]byte, end store.Cursor, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.watched || t.synced.IsZero() {
		return frames, c, false
	}
	return t.afterLocked(frames, c, id, socket)
}

// after appends the frames that follow a cursor for a socket that knows the topic as id, and returns the cursor behind them. ok is
// false if the tail does not reach back to the cursor, or the cursor is not on it.
func (t *tail) after(frames [][]byte, c store.Cursor, id, socket string) (_ [][]byte, end store.Cursor, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.afterLocked(frames, c, id, socket)
}

func (t *tail) afterLocked(frames [][]byte, c store.Cursor, id, socket string) (_ [][]byte, end store.Cursor, ok bool) {
	if !t.known || c.Offset < t.from.Offset || !t.hasLocked(c) {
		return frames, c, false
	}
	told, end := t.entries[c.Offset-t.from.Offset:], t.topLocked()
	if t.pace.every > 0 {
		told, end = t.pace.after(c)
	}
	for i := range told {
		e := &told[i]
		if e.except == socket {
			frames = append(frames, skipFrame(id, e.Cursor))
			continue
		}
		if e.frame == nil || e.id != id {
			_, p := exceptOf(e.Data)
			e.frame, e.id = entryFrame(id, e.Cursor, p), id
		}
		frames = append(frames, e.frame)
	}
	return frames, end, true
}

// check looks whether the store has more of the topics that are followed than this instance was noticed of. Links do not ask by themselves what they were told nothing of.
func (h *hub) check(ctx context.Context) {
	h.mu.Lock()
	all := slices.Collect(maps.Values(h.tails))
	h.mu.Unlock()
	all = slices.DeleteFunc(all, func(t *tail) bool { return !t.followed() })
	for tails := range slices.Chunk(all, readPiece) {
		if _, err := h.sync(ctx, tails, nil, checkTopics/2); err != nil {
			return // their links were told to look for themselves
		}
	}
}

// followed tells whether anybody listens to what is known of the topic.
func (t *tail) followed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watched && len(t.listeners) > 0
}

// sync brings tails up to date with the store that are stale, or were read longer ago than older, and answers further queries, in at most two round trips: one to watch those that are
// not watched, one to read. A tail that somebody else is reading is left to them; they wake the others.
func (h *hub) sync(ctx context.Context, tails []*tail, more []store.Query, older time.Duration) ([]store.Reply, error) {
	var mine []*tail
	var watch []string
	now := time.Now()
	for _, t := range tails {
		t.mu.Lock()
		if !t.reading && (!t.watched || now.Sub(t.synced) > older) {
			t.reading, t.synced = true, now // a notice that comes from now on makes it stale again
			mine = append(mine, t)
			if !t.watched {
				watch = append(watch, t.topic)
			}
		}
		t.mu.Unlock()
	}
	if len(mine) == 0 && len(more) == 0 {
		return nil, nil
	}
	replies, err := h.read(ctx, mine, watch, more)
	for i, t := range mine {
		t.mu.Lock()
		t.reading = false
		news := true // also for those who wait for somebody else to read, and have to do it themselves
		if err == nil {
			t.watched = true
			news = t.takeLocked(replies[i])
		} else {
			t.synced = time.Time{}
		}
		if news {
			t.wakeLocked()
		}
		t.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return replies[len(mine):], nil
}

func (h *hub) read(ctx context.Context, tails []*tail, watch []string, more []store.Query) ([]store.Reply, error) {
	if len(watch) > 0 {
		w, err := h.start(ctx)
		if err != nil {
			return nil, err
		}
		h.topics.Lock()
		err = w.Topics(ctx, watch, nil)
		h.topics.Unlock()
		if err != nil {
			return nil, err
		}
	}
	queries := make([]store.Query, 0, len(tails)+len(more))
	for _, t := range tails {
		t.mu.Lock()
		queries = append(queries, store.Query{Topic: t.topic, Entries: true, After: t.topLocked(), Max: tailEntries})
		t.mu.Unlock()
	}
	return h.srv.readMany(ctx, append(queries, more...))
}

// takeLocked takes what the store said, and tells whether that is new to anybody.
func (t *tail) takeLocked(r store.Reply) (news bool) {
	top, known := t.topLocked(), t.known
	if r.Status == store.Missing {
		t.beginLocked(store.Cursor{})
		return !known || !top.IsZero()
	}
	if !t.known || r.Status == store.Lost || top.IsZero() { // there was no such topic
		t.beginLocked(r.From)
		top = r.From
	}
	for _, e := range r.Entries {
		if e.Offset == top.Offset+1 { // else a notice was quicker
			t.appendLocked(e)
			top = e.Cursor
		}
	}
	if top = t.topLocked(); top.Offset < r.Top.Offset {
		t.synced = time.Time{} // there was more than one read returns
		news = true
	}
	t.releaseLocked()
	return news || !known || r.Status == store.Lost || len(r.Entries) > 0
}

// beginLocked has the tail begin at a cursor, with nothing after it.
func (t *tail) beginLocked(from store.Cursor) {
	t.known, t.from, t.entries, t.bytes = true, from, nil, 0
	t.pace.begin(from)
}

func (t *tail) isKnown() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known
}

// readMany reads in pieces, so that nobody waits long for what one client has subscribed to.
func (s *Server) readMany(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	replies := make([]store.Reply, 0, len(queries))
	for piece := range slices.Chunk(queries, readPiece) {
		more, err := s.store.Read(ctx, piece)
		if err != nil {
			return nil, err
		}
		replies = append(replies, more...)
	}
	return replies, nil
}
