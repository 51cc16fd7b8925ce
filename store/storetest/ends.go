package storetest

import (
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// endChecks are about how sockets end.
var endChecks = []check{
	{"End", checkEnd},
	{"EndInOwnTurn", checkEndInOwnTurn},
	{"Bye", checkBye},
	{"ByeInOpen", checkByeInOpen},
	{"Deadline", checkDeadline},
	{"OneGoodbye", checkOneGoodbye},
	{"GoodbyeWithoutBye", checkGoodbyeWithoutBye},
	{"Tombstone", checkTombstone},
}

// ended checks all that must hold of a socket that has ended, closing or closed.
func (k *kit) ended(socket string, number uint64, code int, why string) {
	k.Helper()
	out := k.say(socket, number+1)
	k.status(out.Status, store.Gone, "a socket that has ended takes no message any more")
	k.same(out.Number, number, "on Gone, Number is the last message applied, as far as known")
	k.status(k.say(socket, number+2).Status, store.Gone, "a socket that has ended takes no message any more, whatever its number")
	if number > 0 {
		k.status(k.say(socket, number).Status, store.Repeated, "a message that was applied is Repeated, also when its socket has ended since")
	}
	k.status(k.commit(opening(socket)).Status, store.Repeated, "an open of a socket that was ever opened is Repeated, also when it has ended since")
	found := k.attach(store.Attach{Socket: socket, Number: 99})
	k.status(found.Status, store.Gone, "an attach to a socket that has ended is Gone")
	kept := k.keep(store.Held{Socket: socket, Attach: 99, TTL: ttl})
	k.status(kept.Status, store.Gone, "a connection of a socket that has ended is Gone")
	read := k.read(store.Query{Socket: socket})
	k.status(read.Status, store.Gone, "a socket that has ended reads as Gone")
	k.status(k.entries(socket).Status, store.Gone, "the entries of a socket that has ended read as Gone")
	for _, s := range []store.Socket{found.Socket, kept.Socket, read.Sock} {
		k.must(s.Number == number && s.Code == code && s.Why == why,
			"of a socket that has ended Number, Code and Why are known: %d %d %q, not %d %d %q", s.Number, s.Code, s.Why, number, code, why)
	}
	k.must(found.Socket.Ended && read.Sock.Ended, "a socket that has ended is Ended")
	at := k.do(store.Append{Socket: socket}, store.End{Socket: socket, Code: 1, Why: "other"}).At
	k.must(at[0].IsZero(), "an Append to a socket that has ended does nothing")
	s := k.read(store.Query{Socket: socket}).Sock
	k.must(s.Code == code && s.Why == why, "a socket that has ended stays as it is: %d %q", s.Code, s.Why)
}

func checkEnd(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t"})
	k.say("a", 1)
	k.do(store.End{Socket: "a", Code: 4011, Why: "enough"}, store.End{Socket: "nobody"})
	k.ended("a", 1, 4011, "enough")
	k.awake()
	d := k.claimOne(time.Minute, "a socket that was ended is due at once")
	k.must(d.Socket.ID == "a" && d.Socket.Number == 1 && d.Socket.Ended && d.Socket.Code == 4011 && d.Socket.Why == "enough",
		"a due socket comes with all that is known of it: %+v", d.Socket)
	k.must(len(d.Subs) == 1 && d.Subs[0].Topic == "t", "a due socket comes with its subscriptions: %+v", d.Subs)
	out := k.commit(store.Turn{
		Cause:   store.Cause{Socket: "a", Token: d.Token},
		Effects: []store.Effect{store.Publish{Topic: "t", Data: []byte("left")}, store.Bye{Code: 4011, Why: "bye"}},
	})
	k.status(out.Status, store.Applied, "a claimed socket's turn is applied")
	k.ended("a", 1, 4011, "bye")
	k.same(texts(k.read(store.Query{Topic: "t"}).Entries), []string{"left"}, "a goodbye's effects are real with it")
}

func checkEndInOwnTurn(k *kit) {
	k.open("a")
	out := k.say("a", 1, store.Append{Socket: "a"}, store.End{Socket: "a", Code: 4011, Why: "out"}, store.Append{Socket: "a"})
	k.status(out.Status, store.Applied, "a message may end its own socket")
	k.must(!out.At[0].IsZero() && out.At[2].IsZero(), "after its End nothing is appended to a socket: %v", out.At)
	k.ended("a", 1, 4011, "out")
	k.awake()
	k.claimOne(time.Minute, "the goodbye of a socket that ended itself is due")
}

func checkBye(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t"})
	k.say("a", 1)
	turn := store.Turn{
		Cause:   store.Cause{Socket: "a", Number: 2},
		Effects: []store.Effect{store.Append{Socket: "a"}, store.Bye{Code: 4004, Why: "left"}, store.Append{Socket: "a"}},
	}
	out := k.commit(turn)
	k.status(out.Status, store.Applied, "a goodbye said by the client is applied as its message")
	k.same(out.Number, uint64(2), "the goodbye is the socket's last message")
	k.must(!out.At[0].IsZero() && out.At[2].IsZero(), "after Bye nothing is appended to the socket: %v", out.At)
	k.status(k.commit(turn).Status, store.Repeated, "a goodbye that was applied is Repeated")
	k.ended("a", 2, 4004, "left")
	k.awake()
	k.nothingDue("a socket that said goodbye does not come out of Claim")
}

func checkByeInOpen(k *kit) {
	out := k.open("a", store.Publish{Topic: "t", Data: []byte("seen")}, store.Bye{Code: 4002, Why: "no"})
	k.same(out.Number, uint64(0), "a socket that ends in its open has no message")
	k.ended("a", 0, 4002, "no")
	k.same(texts(k.read(store.Query{Topic: "t"}).Entries), []string{"seen"}, "a turn's effects are real, also if it ends the socket that it opened")
	k.awake()
	k.nothingDue("a socket that ended in its open does not come out of Claim")
}

func checkDeadline(k *kit) {
	turn := opening("a", store.Append{Socket: "a", Data: []byte("1")})
	turn.Effects[0] = store.Open{Secret: secret, User: []byte("ann"), Session: "s1", Attach: 4, TTL: 20 * time.Second}
	k.commit(turn)
	k.awake()
	k.Advance(7 * time.Second)
	k.nothingDue("a socket is not due before its deadline")
	k.Advance(4 * time.Second)
	k.status(k.say("a", 1).Status, store.Applied, "a socket whose deadline has passed goes on until it is claimed")
	d := k.claimOne(time.Minute, "a socket is due after the TTL of its Open")
	want := store.Socket{
		ID: "a", Secret: secret, Number: 1, Top: d.Socket.Top, Attach: 4, User: []byte("ann"), Session: "s1", Ended: true, Code: 4004, Why: "expired",
	}
	k.same(d.Socket, want, "a socket whose deadline passed ends when it is claimed, with code 4004 and expired")
	k.same(d.Socket.Top.Offset, uint64(1), "a due socket comes with its top")
	k.ended("a", 1, 4004, "expired")
}

func checkOneGoodbye(k *kit) {
	k.open("a")
	k.do(store.End{Socket: "a", Code: 4011})
	k.awake()
	goodbye := func(token string) store.Status {
		return k.commit(store.Turn{
			Cause:   store.Cause{Socket: "a", Token: token},
			Effects: []store.Effect{store.Publish{Topic: "t", Data: []byte("left")}, store.Bye{Code: 4011}},
		}).Status
	}
	k.status(goodbye("wrong"), store.Gone, "a goodbye with a token that is not of a claim is Gone")
	first := k.claimOne(20*time.Second, "a socket that was ended is due")
	k.nothingDue("until a lease is over no other claim returns the socket")
	k.Advance(22 * time.Second)
	second := k.claimOne(20*time.Second, "a socket comes out of Claim until its goodbye is applied")
	k.status(goodbye(first.Token), store.Gone, "a token is not valid when another claim has taken the socket")
	out := k.commit(store.Turn{Cause: store.Cause{Socket: "a", Token: second.Token}, Guards: []store.Guard{{Item: "none"}}})
	k.status(out.Status, store.Conflict, "guards also hold for a goodbye")
	k.status(goodbye(second.Token), store.Applied, "a goodbye with its claim's token is applied, also after a Conflict")
	k.status(goodbye(second.Token), store.Gone, "a goodbye is applied once")
	k.same(texts(k.read(store.Query{Topic: "t"}).Entries), []string{"left"}, "exactly one goodbye is real")
	k.Advance(25 * time.Second)
	k.nothingDue("a socket whose goodbye was applied is not due again")
}

func checkGoodbyeWithoutBye(k *kit) {
	k.open("a")
	k.do(store.End{Socket: "a", Code: 4011, Why: "enough"})
	k.awake()
	d := k.claimOne(5*time.Second, "a socket that was ended is due")
	k.status(k.commit(store.Turn{Cause: store.Cause{Socket: "a", Token: d.Token}}).Status, store.Applied, "a goodbye need not have effects")
	k.ended("a", 0, 4011, "enough")
	k.Advance(7 * time.Second)
	k.nothingDue("a claimed socket's turn ends it for good, with or without Bye")
}

func checkTombstone(k *kit) {
	k.open("a")
	k.say("a", 1)
	k.say("a", 2, store.Bye{Code: 4004, Why: "left"})
	k.Advance(24*time.Hour - 2*time.Second)
	k.ended("a", 2, 4004, "left")
	k.Advance(4 * time.Second)
	r := k.read(store.Query{Socket: "a"})
	k.status(r.Status, store.Gone, "a socket that is not known is Gone")
	k.same(r.Sock.Number, uint64(0), "a tombstone stays for 24 hours, and no longer")
	k.open("b")
	k.say("b", 1, store.Bye{Code: 4004, Why: "left", Keep: time.Minute})
	k.Advance(58 * time.Second)
	k.ended("b", 1, 4004, "left")
	k.Advance(4 * time.Second)
	k.same(k.read(store.Query{Socket: "b"}).Sock.Number, uint64(0), "a tombstone stays as long as its Bye says, and no longer")
	k.status(k.say("a", 2).Status, store.Gone, "a message of a socket that is not known is Gone")
	k.open("a")
}
