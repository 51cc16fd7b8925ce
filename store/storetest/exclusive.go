package storetest

import (
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// keptChecks are about clients that number no attaches and say no cursors: the store does both for them.
var keptChecks = []check{
	{"AttachExclusive", checkAttachExclusive},
	{"AttachLetGo", checkAttachLetGo},
	{"AttachKept", checkAttachKept},
	{"AttachKeptLost", checkAttachKeptLost},
	{"AttachKeptAfterDeadline", checkAttachKeptAfterDeadline},
}

// attachKept is an attach of a client that says nothing.
func (k *kit) attachKept(b *inbox) store.Attached {
	k.Helper()
	return k.attach(store.Attach{Socket: "s", Kept: true, Inbox: b.Inbox()})
}

// openKept opens "s", which nobody receives yet.
func (k *kit) openKept(effects ...store.Effect) store.Outcome {
	k.Helper()
	turn := opening("s", effects...)
	turn.Effects[0] = store.Open{Secret: secret, TTL: ttl}
	return k.commit(turn)
}

func checkAttachExclusive(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	k.openKept()
	for range 2 {
		found := k.attachKept(a)
		k.status(found.Status, store.Applied, "an attach that the store numbers is applied while nobody is attached, and repeated from the same inbox")
		k.same(found.Socket.Attach, uint64(1), "the store numbers an attach one above the newest; one that is repeated keeps its number")
	}
	a.none("an attach that is repeated moves nobody")
	top := k.do(store.Append{Socket: "s", Data: []byte("1")}).At[0]
	a.soFar()
	found := k.attachKept(b)
	k.status(found.Status, store.Busy, "an attach that the store numbers is Busy while another inbox has the newest")
	k.same(found.Socket.Attach, uint64(1), "on Busy, Socket.Attach is the number that is held")
	k.must(len(found.Entries) == 0, "who is Busy gets nothing")
	a.none("a Busy attach moves nobody")
	k.status(k.keep(store.Held{Socket: "s", Attach: 1, Inbox: a.Inbox(), TTL: ttl, Ack: top}).Status, store.Applied, "a Busy attach does not become the newest")
	k.status(k.attach(store.Attach{Socket: "s", Kept: true, Secret: "wrong"}).Status, store.Denied, "a wrong secret is Denied, not Busy")
	k.status(k.attach(store.Attach{Socket: "s", Kept: true, Number: 1 << 52, Inbox: b.Inbox()}).Status, store.Applied, "an attach that has a number is never Busy")
	k.must(len(a.soFar()) == 1, "the attach that was the newest is noticed of one that has a number")
	found = k.attachKept(a)
	k.status(found.Status, store.Busy, "an attach that the store numbers does not replace one that has a number")
	k.same(found.Socket.Attach, uint64(1<<52), "on Busy, Socket.Attach is the number that is held")
	k.keep(store.Held{Socket: "s", Attach: 1 << 52, TTL: ttl})
	k.same(k.attachKept(a).Socket.Attach, uint64(1<<52+1), "the store numbers an attach one above the newest, however high that is")
}

func checkAttachLetGo(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	top := k.openKept(store.Append{Socket: "s", Data: []byte("1")}).Top
	k.attachKept(a)
	held := store.Held{Socket: "s", Attach: 1, TTL: ttl, Ack: top}
	for range 2 {
		k.status(k.keep(held).Status, store.Applied, "a connection can be let go with its last acknowledgement, and again")
	}
	k.do(store.Append{Socket: "s", Data: []byte("2")})
	a.none("a connection that was let go is not noticed")
	found := k.attachKept(b)
	k.status(found.Status, store.Applied, "an attach that the store numbers is applied once the one before was let go")
	k.same(found.Socket.Attach, uint64(2), "the next attach has the next number")
	k.same(texts(found.Entries), []string{"2"}, "what was acknowledged when a connection was let go does not come again")
	a.none("a connection that was let go is not told of the next attach")
	k.status(k.keep(held).Status, store.Replaced, "who let go and says so late is Replaced")
	k.do(store.Append{Socket: "s", Data: []byte("3")})
	k.must(len(b.soFar()) == 1, "who is Replaced lets nobody else go")
}

func checkAttachKept(k *kit) {
	a := k.watch(k.Store)
	k.openKept()
	k.fill("s", 3, 1)
	e := k.entries("s").Entries
	for range 2 {
		found := k.attachKept(a)
		k.same(texts(found.Entries), texts(e), "an attach that says no cursor gets what was not acknowledged, as often as it comes")
	}
	k.keep(store.Held{Socket: "s", Attach: 1, Inbox: a.Inbox(), TTL: ttl, Ack: e[1].Cursor})
	found := k.attachKept(a)
	k.status(found.Status, store.Applied, "what was acknowledged is not Lost to an attach that says no cursor")
	k.same(found.From, e[1].Cursor, "Entries of an attach that says no cursor begin where they were acknowledged")
	k.same(found.Entries, e[2:], "what was acknowledged does not come again")
	k.commit(store.Turn{Cause: store.Cause{Socket: "s", Number: 1}, Ack: e[2].Cursor})
	found = k.attachKept(a)
	k.status(found.Status, store.Applied, "what a turn acknowledged is not Lost either")
	k.same(len(found.Entries), 0, "what a turn acknowledged does not come again")
	found = k.attach(store.Attach{Socket: "s", Number: 1, Inbox: a.Inbox()})
	k.status(found.Status, store.Lost, "a client that says its cursors, and has nothing, has lost what was acknowledged")
}

func checkAttachKeptLost(k *kit) {
	a := k.watch(k.Store)
	k.openKept()
	k.fill("s", store.MaxEntries+1, 1)
	for range 2 {
		found := k.attachKept(a)
		k.status(found.Status, store.Lost, "an attach that says no cursor is Lost if entries were let go that nobody had acknowledged, as often as it comes")
		k.same(len(found.Entries), 1, "on Lost, Entries are what is kept")
	}
	begin := k.attachKept(a).From
	k.keep(store.Held{Socket: "s", Attach: 1, Inbox: a.Inbox(), TTL: ttl, Ack: begin})
	k.status(k.attachKept(a).Status, store.Lost, "an acknowledgement of nothing does not make good what was let go")
	k.keep(store.Held{Socket: "s", Attach: 1, Inbox: a.Inbox(), TTL: ttl, Ack: k.entries("s").Top})
	k.status(k.attachKept(a).Status, store.Applied, "what was let go is told until something is acknowledged again")
	k.do(store.Append{Socket: "s", Data: make([]byte, store.MaxBytes+1)})
	k.status(k.attachKept(a).Status, store.Applied, "an entry that finds nothing to let go loses nothing")
	k.do(store.Append{Socket: "s"})
	k.status(k.attachKept(a).Status, store.Lost, "entries are Lost each time that they are let go")
}

func checkAttachKeptAfterDeadline(k *kit) {
	open := func(id string) store.Attach {
		turn := opening(id)
		turn.Effects[0] = store.Open{Secret: secret, TTL: 20 * time.Second}
		k.commit(turn)
		return store.Attach{Socket: id, Kept: true, TTL: 20 * time.Second}
	}
	early, late := open("early"), open("late")
	k.Advance(18 * time.Second)
	k.status(k.attach(early).Status, store.Applied, "a client that says no cursor returns before its deadline")
	k.Advance(4 * time.Second)
	late.Number = 5
	found := k.attach(late)
	k.status(found.Status, store.Gone, "a client that says no cursor does not return after its deadline, whatever its number, also if nobody has claimed the socket")
	k.must(!found.Socket.Ended, "a socket that nobody has claimed has not ended: %+v", found.Socket)
	k.same(k.read(store.Query{Socket: "late"}).Sock.Attach, uint64(0), "an attach after the deadline changes nothing")
	k.status(k.keep(store.Held{Socket: "late", Attach: 1, TTL: 20 * time.Second}).Status, store.Applied, "a connection that is held is kept, also after the deadline")
	late.TTL = ttl
	k.status(k.attach(late).Status, store.Applied, "a deadline that was moved is over no more")
	k.awake()
	k.nothingDue("the attach moved the deadline")
	k.Advance(7 * time.Second)
	k.same(k.claimOne(time.Minute, "the attach moved the deadline by its TTL").Socket.ID, "early", "what is due is the socket whose deadline passed")
	found = k.attach(early)
	k.status(found.Status, store.Gone, "nobody returns after the claim")
	k.must(found.Socket.Ended && found.Socket.Code == int(protocol.CodeGone), "a socket that was claimed has ended: %+v", found.Socket)
}
