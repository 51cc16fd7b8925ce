package framework

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// socket is what an instance needs to know of a socket in order to run its turns. All but what it notes of the store's answers never changes
// in the socket's life, so it may be kept by any instance for any time.
type socket struct {
	id, secret, session, build string
	user                       User // as Identify said when it was opened
	bound                      bool // its session's cookie comes with each of its requests

	mu      sync.Mutex
	running bool            // a message's turn runs here: a second run of it would only find that out
	queue   []chan struct{} // messages that wait for it; closed when it is their turn
	calls   int             // volatile ones that run here
	in      uint64          // messages up to in are known to be applied
	top     store.Cursor
	seen    time.Time // when the store last said that the socket lives
	expires time.Time // its connection is known to have credentials until then
	full    time.Time // when the store last refused a message since too much is unread
	leapt   time.Time // when it last refused one since others come first
}

// identity is what the store keeps of who a socket belongs to. Fields are only added.
type identity struct {
	User  User   `json:"user"`
	Build string `json:"build,omitempty"`
	Bound bool   `json:"bound,omitempty"`
}

func (k *socket) identity() []byte {
	text, err := json.Marshal(identity{k.user, k.build, k.bound})
	if err != nil {
		panic("framework: " + err.Error()) // strings and a map of strings
	}
	return text
}

func (s *Server) socketFrom(r store.Socket) *socket {
	k := &socket{id: r.ID, secret: r.Secret, session: r.Session, in: r.Number, top: r.Top, seen: time.Now()}
	var i identity
	_ = json.Unmarshal(r.User, &i) // written by identity
	k.user, k.build, k.bound = i.User, i.Build, i.Bound
	return k
}

// sameUser tells whether a user is the socket's: by the ID, or all that is known of one that has none.
func (k *socket) sameUser(u User) bool {
	if k.user.ID != "" || u.ID != "" {
		return k.user.ID == u.ID
	}
	other := &socket{user: u, build: k.build, bound: k.bound}
	return bytes.Equal(k.identity(), other.identity())
}

// note remembers what the store said of the socket.
func (k *socket) note(in uint64, top store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = time.Now()
	if in >= k.in {
		k.in, k.top = in, top
	}
}

// renote is note for what an attach or a read found: the store may have gone back.
func (k *socket) renote(in uint64, top store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen, k.in, k.top = time.Now(), in, top
}

// checkSocket is how long a volatile message may be taken for a socket that the store has not been asked for.
const checkSocket = time.Second

// fresh tells whether the store said lately that the socket lives. What the store itself decides need not ask.
func (k *socket) fresh() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Since(k.seen) < checkSocket
}

// prolong notes until when the socket's connection has credentials; false if that is known.
func (k *socket) prolong(until time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !until.After(k.expires) {
		return false
	}
	k.expires = until
	return true
}

func (k *socket) applied() (uint64, store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.in, k.top
}

// maxWaiting is how many messages of a socket may wait for one that runs. A client has one request under way, and repeats it now and then.
const maxWaiting = 4

// begin waits until no other message of the socket runs here.
func (k *socket) begin(ctx context.Context) error {
	k.mu.Lock()
	if !k.running {
		k.running = true
		k.mu.Unlock()
		return nil
	}
	if len(k.queue) >= maxWaiting {
		k.mu.Unlock()
		return &protocol.Close{Code: protocol.CodeUnavailable, Why: "one request at a time"}
	}
	turn := make(chan struct{})
	k.queue = append(k.queue, turn)
	k.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	k.mu.Lock()
	i := slices.Index(k.queue, turn)
	if i >= 0 {
		k.queue = slices.Delete(k.queue, i, i+1)
	}
	k.mu.Unlock()
	if i < 0 { // it has just become this one's turn
		k.done()
	}
	return ctx.Err()
}

// done lets the next message run.
func (k *socket) done() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) == 0 {
		k.running, k.queue = false, nil
		return
	}
	close(k.queue[0])
	k.queue = k.queue[1:]
}

// What the store has refused has run in vain. So for a while after it has refused a message, others are not run before they are known to be wanted.
const (
	fullFor = time.Second
	leapFor = 10 * time.Second
)

func (k *socket) noteLeap(in uint64, top store.Cursor) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leapt = time.Now()
	k.seen, k.in, k.top = k.leapt, in, top
}

func (k *socket) hasLeapt() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Since(k.leapt) < leapFor
}

func (k *socket) noteFull() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.full = time.Now()
}

func (k *socket) isFull() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.full.IsZero() && time.Since(k.full) < fullFor
}

// beginVolatile takes a place for a volatile call, of so many, or returns the frame that refuses it.
func (k *socket) beginVolatile(f protocol.Frame, most int) (refused []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.calls >= most {
		return refusal(f, Errorf(CodeRateLimited, "more than %d volatile calls at the same time", most))
	}
	k.calls++
	return nil
}

// refusal is the frame that answers a volatile call with an error.
func refusal(f protocol.Frame, e *Error) []byte {
	return join(string(rune(protocol.VolatileError)), f.Field(0), e.payload())
}

func (k *socket) endVolatile() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls--
}

// knownSockets remembers sockets that posted to this instance lately, so that their next message need not be preceded by a read. It is a
// cache of what does not change; the store decides about everything that does.
type knownSockets struct {
	mu       sync.Mutex
	new, old map[string]*socket // two generations: an entry lives for one to two times maxKnown others
}

const maxKnown = 4096

func (c *knownSockets) get(id string) *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.new[id]; ok {
		return k
	}
	k := c.old[id]
	if k != nil {
		c.putLocked(k)
	}
	return k
}

// forget forgets a socket that has ended.
func (c *knownSockets) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.new, id)
	delete(c.old, id)
}

// put remembers a socket as the store has just described it. It returns the one that was known already, if there is one.
func (c *knownSockets) put(k *socket) *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := cmp.Or(c.new[k.id], c.old[k.id]); known != nil && known.secret == k.secret {
		known.renote(k.in, k.top)
		k = known
	}
	c.putLocked(k)
	return k
}

func (c *knownSockets) putLocked(k *socket) {
	if c.new == nil || len(c.new) >= maxKnown {
		c.old, c.new = c.new, make(map[string]*socket)
	}
	c.new[k.id] = k
}
