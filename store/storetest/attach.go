package storetest

import (
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// attachChecks are about connections: who receives a stream, and for how long.
var attachChecks = []check{
	{"Attach", checkAttach},
	{"AttachNumbers", checkAttachNumbers},
	{"AttachDenied", checkAttachDenied},
	{"AttachRewound", checkAttachRewound},
	{"AttachLost", checkAttachLost},
	{"AttachMax", checkAttachMax},
	{"AttachTopics", checkAttachTopics},
	{"AttachMovesDeadline", checkAttachDeadline},
	{"Keep", checkKeep},
	{"KeepAcknowledges", checkKeepAck},
	{"KeepMovesDeadline", checkKeepDeadline},
	{"KeepMany", checkKeepMany},
}

func checkAttach(k *kit) {
	turn := opening("a", store.Append{Socket: "a", Data: []byte("1")}, store.Append{Socket: "a", Data: []byte("2")})
	turn.Effects[0] = store.Open{Secret: secret, User: []byte("ann"), Session: "s1", Attach: 1, TTL: ttl}
	turn.Attempt = k.attempt()
	top := k.commit(turn).Top
	k.say("a", 1)
	places := chain(turn.Attempt, turn.Attempt, turn.Attempt)

	found := k.attach(store.Attach{Socket: "a", Number: 2})
	k.status(found.Status, store.Applied, "an attach with a newer number is applied")
	want := store.Socket{ID: "a", Secret: secret, Number: 1, Top: top, Attach: 2, User: []byte("ann"), Session: "s1"}
	k.same(found.Socket, want, "an attach returns what is known of the socket, with the new attach number")
	k.same(found.From, places[0], "Entries of an attach whose cursor is zero begin at the oldest place that is kept")
	k.same(texts(found.Entries), []string{"1", "2"}, "a client that has nothing gets everything")
	k.must(found.NextDue > 0, "something is due after the attach: the socket's deadline, in %v", found.NextDue)

	found = k.attach(store.Attach{Socket: "a", Number: 3, Cursor: places[1], In: 1})
	k.status(found.Status, store.Applied, "an attach with a cursor on the stream is applied")
	k.same(found.From, places[1], "Entries begin at the attach's cursor")
	k.same(texts(found.Entries), []string{"2"}, "Entries are those after the attach's cursor")
	k.same(texts(k.entries("a").Entries), []string{"2"}, "entries up to an attach's cursor are let go")

	found = k.attach(store.Attach{Socket: "a", Number: 4, Cursor: places[2]})
	k.same(len(found.Entries), 0, "a client that has everything gets nothing")
	k.same(found.Socket.Top, top, "letting go of all entries does not move the top")
}

func checkAttachNumbers(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("1")})
	k.status(k.attach(store.Attach{Socket: "a", Number: 7}).Status, store.Applied, "attach numbers may skip")
	top := k.entries("a").Top
	found := k.attach(store.Attach{Socket: "a", Number: 6, Cursor: top, TTL: time.Second, Topics: map[string]store.Cursor{"t": top}})
	k.status(found.Status, store.Stale, "an attach number below the newest is Stale")
	k.same(len(k.entries("a").Entries), 1, "a Stale attach lets nothing go")
	k.same(k.read(store.Query{Socket: "a"}).Sock.Attach, uint64(7), "a Stale attach does not become the newest")
	for range 2 {
		found = k.attach(store.Attach{Socket: "a", Number: 7})
		k.status(found.Status, store.Applied, "an equal attach number is the same attach repeated")
		k.same(texts(found.Entries), []string{"1"}, "a repeated attach is answered as the first")
	}
	k.status(k.say("a", 1).Status, store.Applied, "the attach number does not decide about messages")
}

func checkAttachDenied(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("1")})
	found := k.attach(store.Attach{Socket: "a", Number: 2, Secret: "wrong", Cursor: k.entries("a").Top})
	k.status(found.Status, store.Denied, "a wrong secret is Denied")
	k.same(found.Socket, store.Socket{}, "who is Denied learns nothing of the socket")
	k.must(len(found.Entries) == 0 && len(found.Subs) == 0, "who is Denied learns nothing of the socket")
	k.same(k.read(store.Query{Socket: "a"}).Sock.Attach, uint64(1), "a Denied attach changes nothing")
	k.same(len(k.entries("a").Entries), 1, "a Denied attach lets nothing go")
	k.status(k.attach(store.Attach{Socket: "a", Number: 0, Secret: "wrong"}).Status, store.Denied, "a wrong secret is Denied, whatever else is wrong")
}

func checkAttachRewound(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("1")}, store.Append{Socket: "a", Data: []byte("2")})
	k.say("a", 1)
	e := k.entries("a").Entries
	for _, a := range []store.Attach{
		{In: 2}, {In: 2, Cursor: e[1].Cursor},
		{Cursor: store.Cursor{Offset: 3, Tag: "00000"}}, {Cursor: store.Cursor{Offset: 1, Tag: e[1].Tag}}, {Cursor: store.Cursor{Tag: "00000"}},
	} {
		a.Socket, a.Number = "a", 9
		found := k.attach(a)
		k.status(found.Status, store.Rewound, "a client that has seen what the store does not have (%v, message %d) is told Rewound", a.Cursor, a.In)
		k.same(k.read(store.Query{Socket: "a"}).Sock.Attach, uint64(1), "a Rewound attach changes nothing")
		k.same(len(k.entries("a").Entries), 2, "a Rewound attach lets nothing go")
	}
	k.attach(store.Attach{Socket: "a", Number: 5})
	k.status(k.attach(store.Attach{Socket: "a", Number: 4, In: 2}).Status, store.Stale, "a delayed duplicate is Stale, whatever it says to have seen")
}

func checkAttachLost(k *kit) {
	open := k.open("a")
	k.fill("a", 5, 1)
	e := k.entries("a").Entries
	k.attach(store.Attach{Socket: "a", Number: 1, Cursor: e[2].Cursor})
	for i, c := range []store.Cursor{{}, open.Top, e[0].Cursor} {
		found := k.attach(store.Attach{Socket: "a", Number: uint64(i + 2), Cursor: c})
		k.status(found.Status, store.Lost, "a cursor older than what is kept (%v) is Lost", c)
		k.same(found.From, e[2].Cursor, "on Lost, From is the oldest place that is kept")
		k.same(found.Entries, e[3:], "on Lost, Entries begin at From")
		k.same(found.Socket.Attach, uint64(i+2), "an attach that is Lost is an attach: its number is the newest")
	}
}

func checkAttachMax(k *kit) {
	k.open("a")
	k.fill("a", 300, 1)
	found := k.attach(store.Attach{Socket: "a", Number: 1})
	k.same(len(found.Entries), 256, "Max 0 means 256 entries")
	k.same(found.Socket.Top.Offset, uint64(300), "Socket.Top is the stream's, whatever was returned of it")
	found = k.attach(store.Attach{Socket: "a", Number: 2, Cursor: found.Entries[9].Cursor, Max: 5})
	k.same(len(found.Entries), 5, "an attach returns Max entries at most")
	k.same(found.Entries[0].Offset, uint64(11), "entries are returned from the cursor on")
}

func checkAttachTopics(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t", Data: []byte("s,")}, store.Subscribe{Socket: "a", Topic: "u", Data: []byte("s,")})
	at := k.do(store.Publish{Topic: "t", Data: []byte("1")}).At[0]
	before := map[string]store.Sub{}
	for _, sub := range k.attach(store.Attach{Socket: "a", Number: 1}).Subs {
		before[sub.Topic] = sub
	}
	k.same(len(before), 2, "an attach returns every subscription")
	found := k.attach(store.Attach{Socket: "a", Number: 2, Topics: map[string]store.Cursor{"t": at, "other": at}})
	k.same(len(found.Subs), 2, "cursors of topics that are not subscribed are ignored")
	for _, sub := range found.Subs {
		want := before[sub.Topic]
		if sub.Topic == "t" {
			want.Cursor = at
		}
		k.same(sub, want, "an attach moves the cursors that it brings, and no others")
	}
}

func checkAttachDeadline(k *kit) {
	k.open("a")
	k.attach(store.Attach{Socket: "a", Number: 1, TTL: 40 * time.Second})
	k.awake()
	k.Advance(27 * time.Second)
	k.must(len(k.claim(10, time.Minute).Due) == 0, "a socket is not due before its deadline")
	k.Advance(4 * time.Second)
	k.status(k.attach(store.Attach{Socket: "a", Number: 2, TTL: 40 * time.Second}).Status, store.Applied, "a client that returns before its socket was claimed goes on")
	k.must(len(k.claim(10, time.Minute).Due) == 0, "an attach moves the deadline")
	k.Advance(25 * time.Second)
	k.must(len(k.claim(10, time.Minute).Due) == 0, "an attach moves the deadline by its TTL from now")
	k.Advance(17 * time.Second)
	k.same(k.claimOne(time.Minute, "a socket is due after its deadline").Socket.ID, "a", "what is due is the socket whose deadline passed")
}

func checkKeep(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("1")})
	k.say("a", 1)
	k.attach(store.Attach{Socket: "a", Number: 5})
	top := k.entries("a").Top
	kept := k.keep(store.Held{Socket: "a", Attach: 5, TTL: ttl})
	k.status(kept.Status, store.Applied, "the newest attach is kept")
	k.must(kept.Socket.Number == 1 && kept.Socket.Top == top, "Kept has the socket's Number and Top: %+v", kept.Socket)
	kept = k.keep(store.Held{Socket: "a", Attach: 4, TTL: time.Second, Ack: top})
	k.status(kept.Status, store.Replaced, "an attach below the newest is Replaced")
	k.same(len(k.entries("a").Entries), 1, "a Replaced connection lets nothing go")
	kept = k.keep(store.Held{Socket: "a", Attach: 6, TTL: ttl})
	k.status(kept.Status, store.Applied, "a connection whose attach the store has forgotten is kept")
	k.status(k.keep(store.Held{Socket: "a", Attach: 5, TTL: ttl}).Status, store.Replaced, "an attach that is kept above the newest becomes the newest")
	before := k.do().NextDue
	kept = k.keep(store.Held{Socket: "a", TTL: 100 * ttl, Ack: top})
	k.must(k.do().NextDue <= before, "an acknowledgement does not move the deadline: only a connection does")
	k.status(kept.Status, store.Applied, "an attach number 0 is no connection, and is never Replaced")
	k.same(len(k.entries("a").Entries), 0, "the Ack of a Held without a connection is taken")
	k.same(k.read(store.Query{Socket: "a"}).Sock.Attach, uint64(6), "a Held without a connection does not change the newest attach")
	k.do(store.End{Socket: "a", Code: 4011, Why: "enough"})
	kept = k.keep(store.Held{Socket: "a", Attach: 6, TTL: ttl})
	k.status(kept.Status, store.Gone, "a connection of a socket that has ended is Gone")
	k.must(kept.Socket.Code == 4011 && kept.Socket.Why == "enough", "on Gone, Kept has Code and Why: %+v", kept.Socket)
}

func checkKeepAck(k *kit) {
	k.open("a")
	k.fill("a", 5, 1)
	e := k.entries("a").Entries
	held := store.Held{Socket: "a", Attach: 1, TTL: ttl}
	k.status(k.keep(held).Status, store.Applied, "a connection with nothing new to acknowledge is kept")
	k.same(len(k.entries("a").Entries), 5, "a zero Ack lets nothing go")
	held.Ack = e[2].Cursor
	k.status(k.keep(held).Status, store.Applied, "a connection is kept, with its Ack")
	k.same(k.entries("a").Entries, e[3:], "an Ack lets entries go")
	held.Ack = e[0].Cursor
	k.status(k.keep(held).Status, store.Applied, "an Ack that is older than what is kept is nothing new")
	for _, c := range []store.Cursor{{Offset: 6, Tag: "00000"}, {Offset: 4, Tag: "00000"}, {Offset: 3, Tag: "00000"}} {
		held.Ack = c
		k.status(k.keep(held).Status, store.Rewound, "an Ack that the store does not have (%v) is Rewound", c)
		k.same(k.entries("a").Entries, e[3:], "a Rewound connection lets nothing go")
	}
}

func checkKeepDeadline(k *kit) {
	k.open("a")
	k.attach(store.Attach{Socket: "a", Number: 3, TTL: 20 * time.Second})
	k.awake()
	k.keep(store.Held{Socket: "a", Attach: 2, TTL: ttl})
	k.keep(store.Held{Socket: "a", Attach: 3, TTL: ttl, Ack: store.Cursor{Offset: 9, Tag: "00000"}})
	k.keep(store.Held{Socket: "a", Attach: 3, TTL: 25 * time.Second})
	k.Advance(23 * time.Second)
	k.must(len(k.claim(10, time.Minute).Due) == 0, "Keep moves the deadline of a socket that is held")
	k.Advance(4 * time.Second)
	k.claimOne(time.Minute, "Keep moves the deadline to TTL from now, and only if it is Applied")
}

func checkKeepMany(k *kit) {
	var held []store.Held
	for i := range 50 {
		id := fmt.Sprint("s", i)
		if i%2 == 0 {
			k.open(id)
		}
		k.attach(store.Attach{Socket: id, Number: 2})
		held = append(held, store.Held{Socket: id, Attach: uint64(i%3 + 1), TTL: ttl})
	}
	kept, err := k.Store.Keep(k.Context(), held)
	k.must(err == nil && len(kept) == len(held), "Keep answers for each held connection: %d answers for %d, %v", len(kept), len(held), err)
	for i, got := range kept {
		want := store.Applied
		switch {
		case i%2 != 0:
			want = store.Gone
		case i%3 == 0:
			want = store.Replaced
		}
		k.status(got.Status, want, "each held connection is answered by itself, in order (%d)", i)
	}
	kept, err = k.Store.Keep(k.Context(), nil)
	k.must(err == nil && len(kept) == 0, "Keep of nothing is nothing: %v, %v", kept, err)
}
