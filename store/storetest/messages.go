package storetest

import (
	"fmt"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// messageChecks are about which turns are applied.
var messageChecks = []check{
	{"Open", checkOpen},
	{"OpenRepeated", checkOpenRepeated},
	{"MessagesInOrder", checkMessagesInOrder},
	{"OneTurnPerNumber", checkOneTurnPerNumber},
	{"UnknownSocketIsGone", checkUnknownSocket},
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
