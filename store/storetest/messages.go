package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// messageChecks are about which turns are applied.
var messageChecks = []check{
	{"Open", checkOpen},
	{"OpenRepeated", checkOpenRepeated},
	{"MessagesInOrder", checkMessagesInOrder},
	{"OneTurnPerNumber", checkOneTurnPerNumber},
	{"UnknownSocketIsGone", checkUnknownSocket},
	{"FullByEntries", checkFullByEntries},
	{"FullByBytes", checkFullByBytes},
	{"RefusedTurnTakesNoAck", checkRefusedAck},
	{"AckRidesOnTurns", checkTurnAck},
	{"EffectsInOrder", checkEffectsInOrder},
	{"KeyOnce", checkKeyOnce},
	{"KeyIsForgotten", checkKeyForgotten},
}

func checkOpen(k *kit) {
	t := opening("a")
	t.Effects[0] = store.Open{Secret: secret, User: []byte("ann"), Session: "s1", Attach: 3, TTL: ttl}
	t.Attempt = k.attempt()
	out := k.commit(t)
	k.status(out.Status, store.Applied, "message 0 opens a socket")
	k.same(out.Number, uint64(0), "Outcome.Number is the last message applied, 0 after the open")
	k.same(out.Top, chain(t.Attempt)[0], "the tag of offset 0 is that of an empty tag and the Attempt of the turn that made the stream")

	r := k.read(store.Query{Socket: "a"})
	k.status(r.Status, store.Applied, "a socket that is open can be read")
	want := store.Socket{ID: "a", Secret: secret, Top: out.Top, Attach: 3, User: []byte("ann"), Session: "s1"}
	k.same(r.Sock, want, "a store knows of a socket what its Open said")
}

func checkOpenRepeated(k *kit) {
	first := k.open("a", store.Append{Socket: "a", Data: []byte("hello")})
	k.say("a", 1)
	out := k.commit(opening("a", store.Append{Socket: "a", Data: []byte("again")}))
	k.status(out.Status, store.Repeated, "an open of a socket that was ever opened is Repeated")
	k.same(out.Number, uint64(1), "Repeated says up to which number messages are applied")
	k.same(out.Top, first.Top, "Outcome.Top is the top of the cause's socket, also when nothing was applied")
	k.same(texts(k.entries("a").Entries), []string{"hello"}, "a turn that is not Applied leaves nothing behind")
}

func checkMessagesInOrder(k *kit) {
	k.open("a")
	out := k.say("a", 2, store.Append{Socket: "a", Data: []byte("two")})
	k.status(out.Status, store.Gap, "a message whose number is too high is a Gap")
	k.same(out.Number, uint64(0), "after a Gap, Number+1 is the one that can be applied")

	out = k.say("a", 1, store.Append{Socket: "a", Data: []byte("one")})
	k.status(out.Status, store.Applied, "the message after the last one applied is applied")
	k.same(out.Number, uint64(1), "Outcome.Number is the last message applied")
	k.same(out.At[0], out.Top, "Outcome.At says where an Append put its entry")

	k.status(k.say("a", 1, store.Append{Socket: "a", Data: []byte("one!")}).Status, store.Repeated, "a message that was applied before is Repeated")
	k.status(k.say("a", 2, store.Append{Socket: "a", Data: []byte("two")}).Status, store.Applied, "message 2 is applied after message 1")
	k.same(texts(k.entries("a").Entries), []string{"one", "two"}, "of all turns with one number exactly one is applied, in order")
}

func checkOneTurnPerNumber(k *kit) {
	k.open("a")
	const runners, messages = 8, 16
	applied := make([]int, messages+1)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for r := range runners {
		attempts := make([]string, messages+1)
		for n := range attempts {
			attempts[n] = k.attempt()
		}
		wait.Go(func() {
			s := []store.Store{k.Store, k.Another}[r%2]
			for n := uint64(1); n <= messages; n++ {
				out, err := s.Commit(k.Context(), store.Turn{
					Cause:   store.Cause{Socket: "a", Number: n},
					Attempt: attempts[n],
					Effects: []store.Effect{store.Append{Socket: "a", Data: fmt.Append(nil, n)}},
				})
				if err != nil {
					k.Errorf("Commit: %v", err)
					return
				}
				if out.Status == store.Applied {
					mu.Lock()
					applied[n]++
					mu.Unlock()
				} else if out.Status != store.Repeated {
					k.Errorf("broken rule: a message sent by several runners is Applied or Repeated, not %s", statusName(out.Status))
				}
			}
		})
	}
	wait.Wait()
	var want []string
	for n := 1; n <= messages; n++ {
		k.must(applied[n] == 1, "of all turns of a socket with number %d exactly one is ever applied, not %d", n, applied[n])
		want = append(want, fmt.Sprint(n))
	}
	k.same(texts(k.entries("a").Entries), want, "messages sent by several runners take effect once, in order")
}

func checkUnknownSocket(k *kit) {
	k.status(k.say("nobody", 1).Status, store.Gone, "a message of a socket that is not known is Gone")
	k.status(k.attach(store.Attach{Socket: "nobody", Number: 1}).Status, store.Gone, "an attach to a socket that is not known is Gone")
	k.status(k.keep(store.Held{Socket: "nobody", Attach: 1, TTL: ttl}).Status, store.Gone, "a held connection of a socket that is not known is Gone")
	k.status(k.read(store.Query{Socket: "nobody"}).Status, store.Gone, "a socket that is not known reads as Gone")
	k.status(k.entries("nobody").Status, store.Gone, "the entries of a socket that is not known read as Gone")
	out := k.do(store.Append{Socket: "nobody", Data: []byte("x")})
	k.must(out.At[0].IsZero(), "an Append to a socket that is not known does nothing, and At is zero")
}

// fill appends n entries of a size to a socket's stream from outside, and returns the top.
func (k *kit) fill(socket string, n, size int) store.Cursor {
	k.Helper()
	var effects []store.Effect
	for range n {
		effects = append(effects, store.Append{Socket: socket, Data: make([]byte, size)})
	}
	at := k.do(effects...).At
	return at[len(at)-1]
}

func checkFullByEntries(k *kit) {
	k.open("a")
	half := k.fill("a", store.MaxEntries/2, 1)
	k.status(k.say("a", 1).Status, store.Applied, "a stream that holds half of MaxEntries is not yet Full")
	k.fill("a", 1, 1)
	out := k.say("a", 2, store.Append{Socket: "a", Data: []byte("x")})
	k.status(out.Status, store.Full, "a message is Full when its socket's stream holds more than MaxEntries/2")
	k.same(out.Number, uint64(1), "a message that is Full is not applied")
	k.same(len(k.entries("a").Entries), store.MaxEntries/2+1, "a turn that is Full leaves nothing behind")
	k.status(k.say("a", 1).Status, store.Repeated, "a message that was applied is Repeated, also when the stream is full")
	k.status(k.say("a", 3).Status, store.Gap, "a number that is too high is a Gap, also when the stream is full")
	k.do(store.Append{Socket: "a", Data: []byte("others may")})

	out = k.commit(store.Turn{Cause: store.Cause{Socket: "a", Number: 2}, Ack: half})
	k.status(out.Status, store.Applied, "the turn's own Ack counts before the turn is Full")
	k.fill("a", store.MaxEntries/2, 1)
	k.status(k.say("a", 3).Status, store.Full, "Full is about what is not acknowledged")
	k.status(k.say("a", 3, store.Bye{Code: 4011}).Status, store.Applied, "a goodbye is never Full")
}

func checkFullByBytes(k *kit) {
	k.open("a")
	k.fill("a", 8, store.MaxBytes/16)
	k.status(k.say("a", 1).Status, store.Applied, "a stream that holds half of MaxBytes is not yet Full")
	k.fill("a", 1, 1)
	k.status(k.say("a", 2).Status, store.Full, "a message is Full when its socket's stream holds more than MaxBytes/2")
}

func checkRefusedAck(k *kit) {
	k.open("a")
	top := k.fill("a", 3, 1)
	cause := store.Cause{Socket: "a", Number: 1}
	turns := []store.Turn{
		{Cause: store.Cause{Socket: "a", Number: 2}, Ack: top},
		{Cause: cause, Ack: top, Guards: []store.Guard{{Item: "none"}}},
	}
	for _, t := range turns {
		out := k.commit(t)
		k.must(out.Status != store.Applied, "a turn with a gap, or whose guard does not hold, is not Applied")
		k.same(out.Top, top, "Outcome.Top is the top of the cause's socket")
		k.same(len(k.entries("a").Entries), 3, "a turn that is not Applied leaves nothing behind, not even its Ack")
	}
}

func checkTurnAck(k *kit) {
	k.open("a")
	k.fill("a", 5, 1)
	e := k.entries("a").Entries
	for i, ack := range []store.Cursor{
		{}, {Offset: 9, Tag: "fffff"}, {Offset: 3, Tag: "00000"},
	} {
		out := k.commit(store.Turn{Cause: store.Cause{Socket: "a", Number: uint64(i + 1)}, Ack: ack})
		k.status(out.Status, store.Applied, "an Ack that is no place of the stream does not hinder a turn")
		k.same(len(k.entries("a").Entries), 5, "an Ack that is zero or no place of the stream (%v) lets nothing go", ack)
	}
	k.commit(store.Turn{Cause: store.Cause{Socket: "a", Number: 4}, Ack: e[2].Cursor})
	r := k.entries("a")
	k.same(r.Entries, e[3:], "an Ack lets entries go up to it, and no others")
	k.same(r.From, e[2].Cursor, "the oldest place that is kept is where the acknowledged entries ended")
	k.commit(store.Turn{Cause: store.Cause{Socket: "a", Number: 5}, Ack: e[0].Cursor})
	k.same(k.entries("a"), r, "an Ack older than what is kept is nothing new")
}

func checkEffectsInOrder(k *kit) {
	open := opening("a",
		store.Append{Socket: "a", Data: []byte("1")},
		store.Subscribe{Socket: "a", Topic: "t", Data: []byte("2,")},
		store.Publish{Topic: "t", Data: []byte("3")},
		store.Unsubscribe{Socket: "a", Topic: "t", Data: []byte("4,")},
		store.Unsubscribe{Socket: "a", Topic: "t", Data: []byte("5,")},
		store.Put{Item: "i", After: ttl},
		store.Cancel{Item: "i"},
		store.End{Socket: "a", Code: 4011},
		store.Append{Socket: "a", Data: []byte("6")},
	)
	open.Attempt = k.attempt()
	out := k.commit(open)
	k.status(out.Status, store.Applied, "a turn may have many effects")
	a := open.Attempt
	places := chain(a, a, a, a)
	want := []store.Cursor{{}, places[1], places[2], places[1], places[3], {}, {}, {}, {}, {}}
	k.same(out.At, want, "At has where Append, Subscribe, Publish and Unsubscribe put their entries; it is zero for other effects and where nothing happened")
	k.status(k.read(store.Query{Item: "i"}).Status, store.Missing, "effects take place in order: an item that was put and cancelled is Missing")
}

func checkKeyOnce(k *kit) {
	turn := store.Turn{
		Cause:   store.Cause{Key: "order-1"},
		Effects: []store.Effect{store.Publish{Topic: "t", Data: []byte("x")}},
	}
	out := k.commit(turn)
	k.status(out.Status, store.Applied, "a turn with a key that was not used is applied")
	k.must(out.Top.IsZero() && out.Number == 0, "a turn without a socket has no Number and no Top")
	k.status(k.commit(turn).Status, store.Repeated, "a turn with a key that was applied is Repeated")
	k.same(len(k.read(store.Query{Topic: "t"}).Entries), 1, "a turn that is Repeated leaves nothing behind")

	turn = store.Turn{Cause: store.Cause{Key: "order-2"}, Guards: []store.Guard{{Item: "none"}}}
	k.status(k.commit(turn).Status, store.Conflict, "guards also hold for turns with a key")
	turn.Guards = nil
	k.status(k.commit(turn).Status, store.Applied, "a key is used by a turn that is Applied, not by one that is a Conflict")
}

func checkKeyForgotten(k *kit) {
	short := store.Turn{Cause: store.Cause{Key: "short", KeepKey: time.Minute}}
	long := store.Turn{Cause: store.Cause{Key: "long"}}
	k.commit(short)
	k.commit(long)
	k.Advance(58 * time.Second)
	k.status(k.commit(short).Status, store.Repeated, "a key is remembered for KeepKey")
	k.Advance(4 * time.Second)
	k.status(k.commit(short).Status, store.Applied, "a key is remembered no longer than KeepKey, which a Repeated turn does not extend")
	k.Advance(23*time.Hour + 57*time.Minute)
	k.status(k.commit(long).Status, store.Repeated, "KeepKey 0 means 24 hours")
	k.Advance(3 * time.Minute)
	k.status(k.commit(long).Status, store.Applied, "KeepKey 0 means no more than 24 hours")
}
