package framework

import (
	"context"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// How long an instance trusts what it holds before it looks at the store again. Notices only make it quicker.
const (
	checkTopics  = 10 * time.Second
	lingerTopics = 60 * time.Second
)

// hub is what an instance holds for the connections that it holds: which links there are, and the latest entries of the topics
// that they are subscribed to. All of it can be made again from the store.
//
// Locks are taken in the order hub, tail, link.
type hub struct {
	srv *Server

	starting sync.Mutex // held while watch is made
	topics   sync.Mutex // held while the set of watched topics is changed

	mu        sync.Mutex
	watch     store.Watch // nil until the first connection
	closed    bool
	links     map[string][]*link // by socket
	count     int
	tails     map[string]*tail // by topic
	lastSwept time.Time
}

func newHub(s *Server) *hub {
	return &hub{srv: s, links: map[string][]*link{}, tails: map[string]*tail{}}
}

// inbox is the name by which the store knows this instance; "" if it does not.
func (h *hub) inbox() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watch == nil {
		return ""
	}
	return h.watch.Inbox()
}

// start begins to watch the store for this instance, if it does not yet.
func (h *hub) start(ctx context.Context) (store.Watch, error) {
	h.starting.Lock()
	defer h.starting.Unlock()
	h.mu.Lock()
	watch, closed := h.watch, h.closed
	h.mu.Unlock()
	if closed {
		return nil, ErrDraining
	}
	if watch != nil {
		return watch, nil
	}
	watch, err := h.srv.store.Watch(ctx, h.notice)
	if err != nil {
		return nil, h.srv.unavailable(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch = watch
	return watch, nil
}

// close ends all links and the watch.
func (h *hub) close() error {
	h.mu.Lock()
	h.closed = true
	watch := h.watch
	h.mu.Unlock()
	h.each(func(l *link) { l.end(moveNow()) })
	h.starting.Lock() // whoever was just making a watch sees closed, or is waited for
	defer h.starting.Unlock()
	if watch == nil {
		h.mu.Lock()
		watch = h.watch
		h.mu.Unlock()
	}
	if watch == nil {
		return nil
	}
	return watch.Close()
}

// join adds a link, from now on it gets notices. It replaces nothing: only the store knows which of a socket's links is the newest.
func (h *hub) join(l *link) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	for _, other := range h.links[l.sock.id] {
		if other.attach == l.attach { // the same request again: whoever made it has given the first one up
			defer other.end(&protocol.Close{Code: protocol.CodeReplaced})
		}
	}
	h.links[l.sock.id] = append(h.links[l.sock.id], l)
	h.count++
	return true
}

func (h *hub) leave(l *link) {
	h.mu.Lock()
	rest := h.links[l.sock.id]
	for i, other := range rest {
		if other == l {
			rest = append(rest[:i:i], rest[i+1:]...)
			h.count--
			break
		}
	}
	if len(rest) == 0 {
		delete(h.links, l.sock.id)
	} else {
		h.links[l.sock.id] = rest
	}
	last := h.count == 0
	h.mu.Unlock()
	if last {
		h.srv.due.poke() // nothing is left to tend
	}
}

func (h *hub) held() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

func (h *hub) each(f func(*link)) {
	h.mu.Lock()
	var all []*link
	for _, links := range h.links {
		all = append(all, links...)
	}
	h.mu.Unlock()
	for _, l := range all {
		f(l)
	}
}

// notice is what the store calls. It only marks and wakes; reading is for the links' own goroutines.
func (h *hub) notice(n store.Notice) { h.pass(n, "") }

// pass passes a notice on: one of the store's, or of what this instance committed itself in a run named attempt.
func (h *hub) pass(n store.Notice, attempt string) {
	switch {
	case n.Kind == store.Resync:
		h.mu.Lock()
		tails := make([]*tail, 0, len(h.tails))
		for _, t := range h.tails {
			tails = append(tails, t)
		}
		h.mu.Unlock()
		for _, t := range tails {
			t.stale()
		}
		h.each(func(l *link) { l.recheck() })
	case n.Topic != "":
		h.mu.Lock()
		t := h.tails[n.Topic]
		h.mu.Unlock()
		if t != nil {
			t.notice(n, attempt)
		}
	default:
		if n.Kind == store.Moved && n.Number == 0 {
			h.srv.known.forget(n.Socket)
		}
		h.mu.Lock()
		links := h.links[n.Socket]
		h.mu.Unlock()
		for _, l := range links { // leave and join never change a slice in place
			l.notice(n, attempt)
		}
	}
}

// follows tells whether a noticed entry comes right after a place: its notice says what was before it, or the run that wrote it does.
func follows(place store.Cursor, n store.Notice, attempt string) bool {
	if n.Entry.Offset != place.Offset+1 || n.Entry.Data == nil {
		return false
	}
	if attempt != "" {
		return store.TagAfter(place.Tag, attempt) == n.Entry.Tag
	}
	return n.Prev == place.Tag
}

// committed hands what this instance committed, in a run named attempt, to its own connections: the store notices only the others.
func (h *hub) committed(t store.Turn, at []store.Cursor) {
	for i, e := range t.Effects {
		if _, bye := e.(store.Bye); bye {
			h.notice(store.Notice{Kind: store.Moved, Socket: t.Cause.Socket})
			continue
		}
		n, ended := noticeOf(e)
		switch {
		case ended:
			h.notice(n)
		case i < len(at) && !at[i].IsZero() && n.Socket+n.Topic != "":
			n.Entry = entryOf(e, at[i])
			h.pass(n, t.Attempt)
		}
	}
}

// uncertain has connections of this instance look at the store for what a commit may have brought them.
func (h *hub) uncertain(effects []store.Effect) {
	for _, e := range effects {
		n, _ := noticeOf(e)
		h.mu.Lock()
		t, links := h.tails[n.Topic], h.links[n.Socket]
		h.mu.Unlock()
		if t != nil {
			t.stale()
		}
		for _, l := range links {
			l.recheck()
		}
	}
}

// noticeOf returns whom an effect is to be noticed; ended tells that it is about a socket's end, and not an entry.
func noticeOf(e store.Effect) (n store.Notice, ended bool) {
	switch e := e.(type) {
	case store.Append:
		return store.Notice{Socket: e.Socket}, false
	case store.Publish:
		return store.Notice{Topic: e.Topic}, false
	case store.Subscribe:
		return store.Notice{Socket: e.Socket}, false
	case store.Unsubscribe:
		return store.Notice{Socket: e.Socket}, false
	case store.End:
		return store.Notice{Kind: store.Moved, Socket: e.Socket}, true
	}
	return n, false
}

// entryOf returns the entry that an effect added; without data if the store made it, so that it has to be read.
func entryOf(e store.Effect, at store.Cursor) store.Entry {
	switch e := e.(type) {
	case store.Append:
		return store.Entry{Cursor: at, Data: e.Data}
	case store.Publish:
		return store.Entry{Cursor: at, Data: e.Data}
	}
	return store.Entry{Cursor: at}
}

// tail returns the topic's tail, which it makes if need be to begin at a cursor, with the waker among its listeners: a link as it follows.
func (h *hub) tail(topic string, from store.Cursor, w waker, as *sub) *tail {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.tails[topic]
	if t == nil {
		t = &tail{topic: topic, from: from, pace: pace{every: h.srv.every(topic)}, listeners: map[waker]*sub{}}
		h.tails[topic] = t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listeners[w] = as
	return t
}

// release takes the waker from the tail's listeners. A tail without listeners lingers for the next poll.
func (h *hub) release(t *tail, w waker) {
	t.mu.Lock()
	delete(t.listeners, w)
	if len(t.listeners) == 0 {
		t.left = time.Now()
	}
	t.mu.Unlock()
}

// forget takes the waker from the tail's listeners, and forgets the tail at once if there are no others: nobody comes back for it.
func (h *hub) forget(ctx context.Context, t *tail, w waker) {
	h.release(t, w)
	h.mu.Lock()
	t.mu.Lock()
	idle := len(t.listeners) == 0
	t.mu.Unlock()
	if idle {
		delete(h.tails, t.topic)
	}
	h.mu.Unlock()
	if idle {
		h.unwatch(ctx, []string{t.topic})
	}
}

// sweep forgets tails that have lingered long enough. It is called when links close, and by and by while some are held: it needs no timer of its own.
func (h *hub) sweep(ctx context.Context) {
	now := time.Now()
	h.mu.Lock()
	watch := h.watch
	if watch == nil || h.closed || now.Sub(h.lastSwept) < lingerTopics/4 {
		h.mu.Unlock()
		return
	}
	h.lastSwept = now
	var drop []string
	for topic, t := range h.tails {
		t.mu.Lock()
		if len(t.listeners) == 0 && now.Sub(t.left) > lingerTopics {
			drop = append(drop, topic)
			delete(h.tails, topic)
		}
		t.mu.Unlock()
	}
	h.mu.Unlock()
	h.unwatch(ctx, drop)
}

// unwatch ends the watching of topics that have no tail any more.
func (h *hub) unwatch(ctx context.Context, drop []string) {
	if len(drop) == 0 {
		return
	}
	h.topics.Lock() // who makes one of them anew watches it after this
	defer h.topics.Unlock()
	h.mu.Lock()
	gone := drop[:0]
	for _, topic := range drop {
		if h.tails[topic] == nil {
			gone = append(gone, topic)
		}
	}
	watch := h.watch
	h.mu.Unlock()
	if watch == nil {
		return
	}
	if err := watch.Topics(ctx, nil, gone); err != nil {
		h.srv.log.Debug("topics are still watched", "error", err)
	}
}

// waker is told that there may be something new to look for.
type waker interface{ wake() }
