package memory

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// How long things are remembered.
const (
	tombstoneLife = 24 * time.Hour
	defaultKey    = 24 * time.Hour
	defaultTopic  = 24 * time.Hour
)

// state is all that a store remembers, of one place in its history.
type state struct {
	sockets    map[string]*socket
	tombstones map[string]*tombstone
	topics     map[string]*topic
	items      map[string]*item
	keys       map[string]*key
	groups     map[string]members // of sockets that have not ended
	put        map[string]members // items, by Put.By

	deadlines agenda // open sockets, to be claimed unless they are kept
	errands   agenda // items and ended sockets, to be claimed
	expires   agenda // tombstones, topics and keys, to be forgotten

	topicIDs uint64 // given out
	claimed  time.Duration
	grace    time.Duration // when the last grace was opened
	opened   bool          // a grace was ever opened
}

// members are the names of a set's sockets or items. A set without any is not kept.
type members map[string]struct{}

func join(sets map[string]members, set, name string) {
	if sets[set] == nil {
		sets[set] = members{}
	}
	sets[set][name] = struct{}{}
}

func leave(sets map[string]members, set, name string) {
	delete(sets[set], name)
	if len(sets[set]) == 0 {
		delete(sets, set)
	}
}

// socket is a socket until its goodbye: open, or closing (Ended).
type socket struct {
	store.Socket // but Top, which is the stream's
	stream
	inbox  string
	groups []store.Group
	subs   map[string]store.Sub // by topic
	items  members              // that belong to it
	token  string               // of the claim of its goodbye
	due    slot                 // its deadline; once it has ended, when it can be claimed
}

// tombstone is what is left of a socket after its goodbye.
type tombstone struct {
	store.Socket // ID, Number, Ended, Code and Why
	expires      slot
}

type topic struct {
	stream
	name    string
	id      string
	value   []byte
	fields  fields
	life    time.Duration
	expires slot
}

type item struct {
	store.Item
	by    string
	token string
	due   slot
}

type key struct {
	name    string
	expires slot
}

func newState() *state {
	return &state{
		sockets:    map[string]*socket{},
		tombstones: map[string]*tombstone{},
		topics:     map[string]*topic{},
		items:      map[string]*item{},
		keys:       map[string]*key{},
		groups:     map[string]members{},
		put:        map[string]members{},
	}
}

// forget drops everything that has outlived its time. Each thing is met once, so this costs its maker nothing more
// than making it did.
func (st *state) forget(now time.Duration) {
	for {
		e := st.expires.take(now)
		if e == nil {
			return
		}
		switch x := e.owner.(type) {
		case *tombstone:
			delete(st.tombstones, x.ID)
		case *topic:
			delete(st.topics, x.name)
		case *key:
			delete(st.keys, x.name)
		}
	}
}

// nextDue is the hint of Outcome.NextDue.
func (st *state) nextDue(now time.Duration) time.Duration {
	next := time.Duration(-1)
	if len(st.errands) > 0 {
		next = max(0, st.errands[0].at-now)
	}
	if len(st.deadlines) > 0 {
		at := st.deadlines[0].at
		if st.inGrace(now) {
			at = max(at, st.grace+graceLength)
		}
		if d := max(0, at-now); next < 0 || d < next {
			next = d
		}
	}
	return next
}

// topic returns a topic, made by a turn with this attempt if there is none.
func (st *state) topic(name, attempt string) *topic {
	t := st.topics[name]
	if t == nil {
		st.topicIDs++
		t = &topic{name: name, id: strconv.FormatUint(st.topicIDs, 36), stream: newStream(attempt)}
		t.expires.owner = t
		st.topics[name] = t
	}
	return t
}

// touch begins a topic's time to live anew.
func (st *state) touch(t *topic, now time.Duration) { st.expires.set(&t.expires, now+t.life) }

// known returns what the store knows of a socket, with its zero value for a socket that is not known. User is the store's own.
func (st *state) known(id string) store.Socket {
	if s := st.sockets[id]; s != nil {
		return s.known()
	}
	if t := st.tombstones[id]; t != nil {
		return t.Socket
	}
	return store.Socket{}
}

// known returns what the store knows of the socket. User is the store's own.
func (s *socket) known() store.Socket {
	k := s.Socket
	k.Top = s.top
	return k
}

// told returns what callers are told of a socket.
func told(k store.Socket) store.Socket {
	k.User = slices.Clone(k.User)
	return k
}

// subscriptions returns the socket's subscriptions by topic.
func (s *socket) subscriptions() []store.Sub {
	subs := make([]store.Sub, 0, len(s.subs))
	for _, name := range slices.Sorted(maps.Keys(s.subs)) {
		subs = append(subs, s.subs[name])
	}
	return subs
}
