package storetest

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// kit is a check's hands: short ways to call the store, and to say what must hold.
type kit struct {
	*testing.T
	Harness
	made int // names
}

func newKit(t *testing.T, h Harness) *kit {
	if h.Another == nil {
		h.Another = h.Store
	}
	return &kit{T: t, Harness: h}
}

const (
	secret = "s3cret"
	ttl    = time.Hour // of sockets that a check does not mean to lose
)

// name returns a name that was not used before in this check.
func (k *kit) name(prefix string) string {
	k.made++
	return fmt.Sprintf("%s-%d", prefix, k.made)
}

// attempt returns the name of a run that was not used before.
func (k *kit) attempt() string { return k.name("attempt-8c7b11e65fd0") }

// must fails the check if a rule does not hold. The rule is a sentence of the contract.
func (k *kit) must(holds bool, rule string, args ...any) {
	k.Helper()
	if !holds {
		k.Fatalf("broken rule: "+rule, args...)
	}
}

// same fails the check if two values differ.
func (k *kit) same(got, want any, rule string, args ...any) {
	k.Helper()
	if !reflect.DeepEqual(got, want) {
		k.Fatalf("broken rule: %s\n got %+v\nwant %+v", fmt.Sprintf(rule, args...), got, want)
	}
}

// status fails the check if a status is not what a rule says.
func (k *kit) status(got, want store.Status, rule string, args ...any) {
	k.Helper()
	if got != want {
		k.Fatalf("broken rule: %s\n got %s\nwant %s", fmt.Sprintf(rule, args...), statusName(got), statusName(want))
	}
}

func statusName(s store.Status) string {
	names := []string{
		"Applied", "Repeated", "Gap", "Conflict", "Gone", "Full", "Stale", "Replaced", "Rewound", "Missing", "Lost", "Denied",
		"Exceeded", "Busy",
	}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("Status(%d)", s)
	}
	return names[s]
}

// The calls. An error of the store's ends the check.

func (k *kit) commit(t store.Turn) store.Outcome {
	k.Helper()
	return k.commitTo(k.Store, t)
}

func (k *kit) commitTo(s store.Store, t store.Turn) store.Outcome {
	k.Helper()
	if t.Attempt == "" {
		t.Attempt = k.attempt()
	}
	out, err := s.Commit(k.Context(), t)
	if err != nil {
		k.Fatalf("Commit(%+v): %v", t.Cause, err)
	}
	if out.Status == store.Applied {
		k.must(len(out.At) == len(t.Effects), "Outcome.At has one place for each effect: %d for %d", len(out.At), len(t.Effects))
	}
	return out
}

// open opens a socket, with more effects if need be.
func (k *kit) open(socket string, effects ...store.Effect) store.Outcome {
	k.Helper()
	out := k.commit(opening(socket, effects...))
	k.status(out.Status, store.Applied, "an open of a socket that is not known is applied")
	return out
}

func opening(socket string, effects ...store.Effect) store.Turn {
	first := store.Open{Secret: secret, Attach: 1, TTL: ttl}
	return store.Turn{
		Cause:   store.Cause{Socket: socket},
		Effects: append([]store.Effect{first}, effects...),
	}
}

// say commits a socket's message n.
func (k *kit) say(socket string, n uint64, effects ...store.Effect) store.Outcome {
	k.Helper()
	return k.commit(store.Turn{Cause: store.Cause{Socket: socket, Number: n}, Effects: effects})
}

// do commits effects from outside of all sockets, which must be applied.
func (k *kit) do(effects ...store.Effect) store.Outcome {
	k.Helper()
	out := k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Effects: effects})
	k.status(out.Status, store.Applied, "a turn with a key that was not used is applied")
	return out
}

func (k *kit) attach(a store.Attach) store.Attached {
	k.Helper()
	if a.Secret == "" {
		a.Secret = secret
	}
	if a.TTL == 0 {
		a.TTL = ttl
	}
	found, err := k.Store.Attach(k.Context(), a)
	if err != nil {
		k.Fatalf("Attach(%+v): %v", a, err)
	}
	return found
}

func (k *kit) read(q store.Query) store.Reply {
	k.Helper()
	replies, err := k.Store.Read(k.Context(), []store.Query{q})
	if err != nil {
		k.Fatalf("Read(%+v): %v", q, err)
	}
	k.must(len(replies) == 1, "Read answers each query: %d replies to one", len(replies))
	return replies[0]
}

// entries reads a socket's stream from the oldest entry that is kept.
func (k *kit) entries(socket string) store.Reply {
	k.Helper()
	return k.read(store.Query{Socket: socket, Entries: true, Max: 2 * store.MaxEntries})
}

func (k *kit) keep(h store.Held) store.Kept {
	k.Helper()
	kept, err := k.Store.Keep(k.Context(), []store.Held{h})
	if err != nil {
		k.Fatalf("Keep(%+v): %v", h, err)
	}
	k.must(len(kept) == 1, "Keep answers for each held connection: %d answers for one", len(kept))
	return kept[0]
}

func (k *kit) claim(max int, lease time.Duration) store.Claimed {
	k.Helper()
	c, err := k.Store.Claim(k.Context(), max, lease)
	if err != nil {
		k.Fatalf("Claim: %v", err)
	}
	k.must(len(c.Due) <= max, "Claim takes up to max things: %d, max %d", len(c.Due), max)
	return c
}

// awake gets the first grace behind the store, so that claims return sockets whose deadline has passed from now on, for 30 s.
func (k *kit) awake() {
	k.Helper()
	k.claim(0, time.Minute)
	k.Advance(11 * time.Second)
}

// claimOne claims the one thing that is due.
func (k *kit) claimOne(lease time.Duration, rule string) store.Due {
	k.Helper()
	due := k.claim(100, lease).Due
	if len(due) != 1 {
		k.Fatalf("broken rule: %s: %d things were due, not 1: %+v", rule, len(due), due)
	}
	k.must(due[0].Token != "", "what is claimed has a token")
	return due[0]
}

// texts returns entries' data.
func texts(entries []store.Entry) []string {
	all := []string{}
	for _, e := range entries {
		all = append(all, string(e.Data))
	}
	return all
}

// chain returns the cursor after each of some attempts; the first is that of the turn that made the stream.
func chain(attempts ...string) []protocol.Cursor {
	var all []protocol.Cursor
	tag := ""
	for i, a := range attempts {
		sum := sha1.Sum([]byte(tag + a))
		tag = hex.EncodeToString(sum[:])[:5]
		all = append(all, protocol.Cursor{Offset: uint64(i), Tag: tag})
	}
	return all
}
