package storetest

import (
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// crashChecks run the same work at two instances at once: every interleaving of their steps, each of which may be the last that
// an instance does.
var crashChecks = []check{
	{"TwoRunnersOpen", checkTwoOpen},
	{"TwoRunnersSocket", func(k *kit) { twoRunnersSocket(k, 0) }},
	{"TwoRunnersSocketLeased", func(k *kit) { twoRunnersSocket(k, time.Hour) }},
	{"TwoRunnersItem", func(k *kit) { twoRunnersItem(k, 0) }},
	{"TwoRunnersItemLeased", func(k *kit) { twoRunnersItem(k, time.Hour) }},
	{"TwoRunnersField", twoRunnersField},
}

// runner is one of two instances.
type runner struct {
	store   store.Store
	name    string
	number  uint64 // attach number
	token   string // of its claim
	attempt string
}

// interleavings calls visit with every sequence of four steps that two runners can take of some. What holds after
// each step of these holds for the shorter ones too.
func (k *kit) interleavings(steps []string, visit func(world string, a, b *runner, sequence []step)) {
	const length = 4
	kinds := 2 * len(steps)
	total := 1
	for range length {
		total *= kinds
	}
	for i := range total {
		world := fmt.Sprintf("w%d", i)
		a := &runner{store: k.Store, name: "A", number: 2, attempt: world + "-attempt-A"}
		b := &runner{store: k.Another, name: "B", number: 3, attempt: world + "-attempt-B"}
		var sequence []step
		for n, rest := 0, i; n < length; n, rest = n+1, rest/kinds {
			s := step{runner: a, name: steps[rest%kinds/2]}
			if rest%2 == 1 {
				s.runner = b
			}
			sequence = append(sequence, s)
		}
		visit(world, a, b, sequence)
		if k.Failed() {
			return
		}
	}
}

type step struct {
	runner *runner
	name   string
}

func (s step) String() string { return s.runner.name + " " + s.name }

// effects are what a runner's turn does: one entry, which says whose it was.
func (r *runner) effects(world, what string) store.Effect {
	return store.Publish{Topic: world, Data: []byte(what + " " + r.name)}
}

func checkTwoOpen(k *kit) {
	k.interleavings([]string{"attach", "open"}, func(world string, _, _ *runner, sequence []step) {
		var newest uint64
		opened, by := false, []string{}
		for i, s := range sequence {
			r := s.runner
			if s.name == "open" {
				turn := opening(world, r.effects(world, "open"))
				turn.Attempt = r.attempt
				want := store.Repeated
				if !opened {
					want, opened, newest = store.Applied, true, 1
					by = append(by, "open "+r.name)
				}
				k.status(k.commitTo(r.store, turn).Status, want, "of two opens of a socket one is applied, whatever else happens: %v", sequence[:i+1])
				continue
			}
			want := store.Gone
			switch {
			case opened && r.number < newest:
				want = store.Stale
			case opened:
				want, newest = store.Applied, r.number
			}
			k.status(k.attachBy(r, world), want, "the newest attach receives: %v", sequence[:i+1])
		}
		k.same(texts(k.read(store.Query{Topic: world}).Entries), by, "effects are real once: %v", sequence)
	})
}

func (k *kit) attachBy(r *runner, socket string) store.Status {
	k.Helper()
	found, err := r.store.Attach(k.Context(), store.Attach{Socket: socket, Secret: secret, Number: r.number, TTL: ttl})
	if err != nil {
		k.Fatalf("Attach: %v", err)
	}
	return found.Status
}

// claimBy claims what is due, and tells whether that was the one thing of this world.
func (k *kit) claimBy(r *runner, id string, lease time.Duration, sequence []step) bool {
	k.Helper()
	c, err := r.store.Claim(k.Context(), 10, lease)
	if err != nil {
		k.Fatalf("Claim: %v", err)
	}
	if len(c.Due) == 0 {
		return false
	}
	k.must(len(c.Due) == 1 && c.Due[0].Socket.ID+c.Due[0].Item.ID == id, "a claim returns what is due, and nothing else: %v: %+v", sequence, c.Due)
	r.token = c.Due[0].Token
	return true
}

// twoRunnersSocket lets runners handle message 1 of a socket whose deadline has passed, or say its goodbye if they claimed it.
func twoRunnersSocket(k *kit, lease time.Duration) {
	k.awake()
	k.interleavings([]string{"attach", "commit", "claim"}, func(world string, _, _ *runner, sequence []step) {
		turn := opening(world)
		turn.Effects[0] = store.Open{Secret: secret, Attach: 1}
		k.commit(turn)
		m := socketModel{lease: lease}
		for i, s := range sequence {
			r, done := s.runner, sequence[:i+1]
			switch s.name {
			case "attach":
				k.status(k.attachBy(r, world), m.attach(r), "who returns before a claim goes on, and nobody after it: %v", done)
			case "claim":
				want := m.claim()
				k.must(k.claimBy(r, world, lease, done) == want, "a socket is claimed if its deadline passed and nobody holds it: %v", done)
				if want {
					m.token = r.token
				}
			case "commit":
				turn := store.Turn{Cause: store.Cause{Socket: world, Number: 1}, Attempt: r.attempt}
				what := "message"
				want := m.message()
				if r.token != "" {
					turn.Cause, what, want = store.Cause{Socket: world, Token: r.token}, "goodbye", m.goodbye(r)
				}
				turn.Effects = []store.Effect{r.effects(world, what)}
				if want == store.Applied {
					m.real = append(m.real, what+" "+r.name)
				}
				k.status(k.commitTo(r.store, turn).Status, want, "one message and one goodbye, and nothing after the goodbye: %v", done)
			}
		}
		k.same(texts(k.read(store.Query{Topic: world}).Entries), append([]string{}, m.real...), "effects are real once, in order: %v", sequence)
		k.finish(world, m.token)
	})
}

// socketModel is what must become of the socket.
type socketModel struct {
	lease                              time.Duration
	newest                             uint64
	attached, handled, closing, closed bool
	token                              string
	real                               []string
}

func (m *socketModel) attach(r *runner) store.Status {
	switch {
	case m.closing:
		return store.Gone
	case r.number < m.newest:
		return store.Stale
	}
	m.attached, m.newest = true, r.number
	return store.Applied
}

func (m *socketModel) claim() bool {
	if m.closed || m.attached || m.closing && m.lease > 0 {
		return false
	}
	m.closing = true
	return true
}

func (m *socketModel) message() store.Status {
	switch {
	case m.handled:
		return store.Repeated
	case m.closing:
		return store.Gone
	}
	m.handled = true
	return store.Applied
}

func (m *socketModel) goodbye(r *runner) store.Status {
	if m.closed || r.token != m.token {
		return store.Gone
	}
	m.closed = true
	return store.Applied
}

// finish ends a socket for good, so that it is not due any more.
func (k *kit) finish(socket, token string) {
	k.Helper()
	if token == "" {
		k.do(store.End{Socket: socket})
		token = k.claimOne(time.Hour, "a socket that was ended is due").Token
	}
	k.commit(store.Turn{Cause: store.Cause{Socket: socket, Token: token}})
}

func twoRunnersItem(k *kit, lease time.Duration) {
	k.awake()
	k.interleavings([]string{"claim", "commit"}, func(world string, _, _ *runner, sequence []step) {
		k.do(store.Put{Item: world})
		var token string
		var gone bool
		real := []string{}
		for i, s := range sequence {
			r, done := s.runner, sequence[:i+1]
			if s.name == "claim" {
				want := !gone && (token == "" || lease == 0)
				k.must(k.claimBy(r, world, lease, done) == want, "an item is claimed if it is due and nobody holds it: %v", done)
				if want {
					token = r.token
				}
				continue
			}
			if r.token == "" {
				continue // it has nothing to do
			}
			want := store.Gone
			if r.token == token && !gone {
				want, gone = store.Applied, true
				real = append(real, "item "+r.name)
			}
			turn := store.Turn{
				Cause:   store.Cause{Item: world, Token: r.token},
				Attempt: r.attempt,
				Effects: []store.Effect{r.effects(world, "item")},
			}
			k.status(k.commitTo(r.store, turn).Status, want, "an item's turn is applied once, by who claimed it last: %v", done)
		}
		k.same(texts(k.read(store.Query{Topic: world}).Entries), real, "effects are real once: %v", sequence)
		k.do(store.Cancel{Item: world})
	})
}

// twoRunnersField lets runners set a field that must be as they have read it.
func twoRunnersField(k *kit) {
	k.interleavings([]string{"read", "commit"}, func(world string, _, _ *runner, sequence []step) {
		seen := map[*runner]store.Cursor{}
		used := map[*runner]bool{} // its key
		var at store.Cursor
		real := []string{}
		for i, s := range sequence {
			r, done := s.runner, sequence[:i+1]
			if s.name == "read" {
				replies, err := r.store.Read(k.Context(), []store.Query{{Topic: world, Field: "f"}})
				k.must(err == nil, "Read: %v", err)
				seen[r] = store.Cursor{}
				for _, f := range replies[0].Fields {
					seen[r] = f.At
				}
				k.same(seen[r], at, "a field is read as it was set last: %v", done)
				continue
			}
			want := store.Conflict
			switch {
			case used[r]:
				want = store.Repeated
			case seen[r] == at:
				want, used[r] = store.Applied, true
				real = append(real, "field "+r.name)
			}
			turn := store.Turn{
				Cause:   store.Cause{Key: world + r.name},
				Attempt: r.attempt,
				Guards:  []store.Guard{{Topic: world, Field: "f", At: seen[r]}},
				Effects: []store.Effect{store.Publish{Topic: world, Data: []byte("field " + r.name), Fields: []store.Field{{Name: "f", Value: []byte(r.name)}}}},
			}
			out := k.commitTo(r.store, turn)
			k.status(out.Status, want, "a turn on a field is applied if nobody set it since it was read: %v", done)
			if want == store.Applied {
				at = out.At[0]
			}
		}
		k.same(texts(k.read(store.Query{Topic: world}).Entries), real, "effects are real once: %v", sequence)
	})
}
