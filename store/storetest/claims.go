package storetest

import (
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// claimChecks are about what is due, and how it is taken.
var claimChecks = []check{
	{"Silence", checkSilence},
	{"GraceCounts", checkGraceCounts},
	{"Items", checkItems},
	{"ItemsOfSockets", checkItemsOfSockets},
	{"ItemsClaimedWhenSocketEnds", checkItemsClaimedWhenSocketEnds},
	{"ItemsReplaced", checkItemsReplaced},
	{"ItemsPutAgain", checkItemsPutAgain},
	{"Lease", checkLease},
	{"LongestDueFirst", checkLongestDueFirst},
	{"NextDue", checkNextDue},
}

func (k *kit) nothingDue(rule string, args ...any) {
	k.Helper()
	due := k.claim(100, time.Minute).Due
	k.must(len(due) == 0, "%s: %+v", fmt.Sprintf(rule, args...), due)
}

// overdue opens a socket whose deadline passes at once.
func (k *kit) overdue() {
	k.Helper()
	turn := opening(k.name("overdue"))
	turn.Effects[0] = store.Open{Secret: secret, Attach: 1}
	k.status(k.commit(turn).Status, store.Applied, "an open of a socket that is not known is applied")
}

func checkSilence(k *kit) {
	k.overdue()
	k.do(store.Put{Item: "i"})
	k.open("ended")
	k.do(store.End{Socket: "ended"})
	k.Advance(time.Hour)
	k.must(len(k.claim(100, 3*time.Hour).Due) == 2, "if nobody has claimed for 30 s the first claim opens a grace, and returns items and sockets that were ended, but none whose deadline has passed")
	k.Advance(8 * time.Second)
	k.nothingDue("a grace lasts 10 s, in which no socket's deadline passes")
	k.do(store.Put{Item: "j"})
	k.claimOne(3*time.Hour, "an item is due at its time, in a grace as well")
	k.Advance(4 * time.Second)
	k.claimOne(3*time.Hour, "after the grace claims return sockets whose deadline has passed")
	k.Advance(28 * time.Second)
	k.overdue()
	k.claimOne(3*time.Hour, "there is no grace if somebody claimed less than 30 s ago")
	// Two minutes after the grace, so that it does not count any more.
	for range 4 {
		k.Advance(25 * time.Second)
		k.claim(1, time.Second)
	}
	k.Advance(28 * time.Second)
	k.overdue()
	k.claimOne(3*time.Hour, "there is no grace if somebody claimed less than 30 s ago, though the last grace does not count any more")
	k.Advance(32 * time.Second)
	k.overdue()
	k.nothingDue("if nobody has claimed for 30 s a new grace is opened")
	k.Advance(11 * time.Second)
	k.claimOne(3*time.Hour, "after the grace claims return sockets whose deadline has passed")
}

func checkGraceCounts(k *kit) {
	k.claim(1, time.Second)
	k.overdue()
	k.Advance(115 * time.Second)
	k.claimOne(3*time.Hour, "a grace opened less than 2 minutes ago and now over counts, so that rare claims get through")
	k.Advance(35 * time.Second)
	k.overdue()
	k.nothingDue("a grace opened more than 2 minutes ago does not count")
	k.Advance(9 * time.Second)
	k.nothingDue("the grace that was opened by then lasts 10 s")
	k.Advance(2 * time.Second)
	k.claimOne(3*time.Hour, "the grace that was opened by then gets claims through")
}

func checkItems(k *kit) {
	k.do(
		store.Put{Item: "i", After: 20 * time.Second, Data: []byte("data")},
		store.Put{Item: "j", After: 20 * time.Second},
		store.Cancel{Item: "j"},
		store.Cancel{Item: "none"},
	)
	k.same(k.read(store.Query{Item: "i"}).Item, store.Item{ID: "i", Data: []byte("data")}, "an item is read as it was put")
	k.awake()
	k.Advance(7 * time.Second)
	k.nothingDue("an item is not due before its time")
	k.Advance(4 * time.Second)
	d := k.claimOne(20*time.Second, "an item is due after its time, and one that was cancelled is not")
	k.same(d.Item, store.Item{ID: "i", Data: []byte("data"), Tries: 1}, "a due item comes as it was put, with how often it was claimed")
	k.same(d.Socket.ID, "", "what is due is an item or a socket")
	k.same(k.read(store.Query{Item: "i"}).Item, d.Item, "an item that is claimed still exists")

	cause := store.Cause{Item: "i", Token: d.Token}
	publish := []store.Effect{store.Publish{Topic: "t", Data: []byte("x")}}
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: "wrong"}, Effects: publish})
	k.status(out.Status, store.Gone, "an item's turn with a token that is not of its claim is Gone")
	out = k.commit(store.Turn{Cause: cause, Guards: []store.Guard{{Item: "none"}}, Effects: publish})
	k.status(out.Status, store.Conflict, "guards also hold for an item's turn")
	out = k.commit(store.Turn{Cause: cause, Guards: []store.Guard{{Item: "i"}}, Effects: publish})
	k.status(out.Status, store.Applied, "an item's turn with its claim's token is applied, also after a Conflict")
	k.status(k.read(store.Query{Item: "i"}).Status, store.Missing, "an item is gone when its turn was applied")
	k.status(k.commit(store.Turn{Cause: cause, Effects: publish}).Status, store.Gone, "an item's turn is applied once")
	k.same(len(k.read(store.Query{Topic: "t"}).Entries), 1, "an item's turn leaves behind what one turn does")
	k.Advance(25 * time.Second)
	k.nothingDue("an item whose turn was applied is not due again")
}

func checkItemsOfSockets(k *kit) {
	k.open("a",
		store.Put{Item: "later", Socket: "a", After: ttl, Data: []byte("data")},
		store.Put{Item: "cancelled", Socket: "a", After: ttl},
		store.Put{Item: "free", After: ttl},
		store.Put{Item: "nobody's", Socket: "nobody", After: ttl},
	)
	k.do(store.Cancel{Item: "cancelled"})
	k.awake()
	d := k.claimOne(ttl, "an item of a socket that is not known is due at once")
	k.same(d.Item, store.Item{ID: "nobody's", Socket: "nobody", Gone: true, Tries: 1}, "an item of a socket that is not known is Gone")
	k.do(store.End{Socket: "a"}, store.Put{Item: "after", Socket: "a", After: ttl})
	items, sockets := map[string]store.Item{}, 0
	for _, d := range k.claim(100, ttl).Due {
		if d.Socket.ID != "" {
			sockets++
			continue
		}
		items[d.Item.ID] = d.Item
	}
	k.must(sockets == 1, "a socket that was ended is due at once")
	k.same(items, map[string]store.Item{
		"later": {ID: "later", Socket: "a", Data: []byte("data"), Gone: true, Tries: 1},
		"after": {ID: "after", Socket: "a", Gone: true, Tries: 1},
	}, "when a socket ends, its items are due at once, and Gone; so are those put for it afterwards")

	k.open("b", store.Put{Item: "b's", Socket: "b", After: ttl})
	k.say("b", 1, store.Put{Item: "b's too", Socket: "b", After: ttl}, store.Bye{})
	k.must(len(k.claim(100, ttl).Due) == 2, "a goodbye makes the socket's items due, also those of the same turn")

	turn := opening("c", store.Put{Item: "c's", Socket: "c", After: 10 * ttl})
	turn.Effects[0] = store.Open{TTL: 5 * time.Second}
	k.commit(turn)
	k.Advance(7 * time.Second)
	k.same(k.claimOne(ttl, "a socket is due when its deadline has passed").Socket.ID, "c", "items become due by the claim of their socket, not before")
	k.same(k.claimOne(ttl, "when a socket's deadline has passed, its items are due in the next claim").Item, store.Item{ID: "c's", Socket: "c", Gone: true, Tries: 1}, "when a socket ends, its items are Gone")
}

func checkItemsClaimedWhenSocketEnds(k *kit) {
	k.open("a", store.Put{Item: "i", Socket: "a"})
	k.awake()
	d := k.claimOne(20*time.Second, "an item is due after its time")
	k.do(store.End{Socket: "a"})
	k.same(k.claimOne(time.Minute, "until its lease is over a claimed item is not due, though its socket has ended").Socket.ID, "a", "a socket that was ended is due")
	k.must(k.read(store.Query{Item: "i"}).Item.Gone, "when a socket ends, its items are Gone, also those that are claimed")
	k.Advance(22 * time.Second)
	again := k.claimOne(time.Minute, "when its lease is over a claimed item is due again")
	k.same(again.Item, store.Item{ID: "i", Socket: "a", Gone: true, Tries: 2}, "when a socket ends, its items are Gone, also those that are claimed")
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}})
	k.status(out.Status, store.Gone, "a token is not valid when another claim has taken the item")
}

func checkItemsReplaced(k *kit) {
	k.open("a", store.Put{Item: "i", Socket: "a", After: time.Second, Data: []byte("1")})
	k.awake()
	d := k.claimOne(time.Minute, "an item is due after its time")
	k.do(store.Put{Item: "i", After: 15 * time.Second, Data: []byte("2")})
	k.same(k.read(store.Query{Item: "i"}).Item, store.Item{ID: "i", Data: []byte("2")}, "Put replaces an item of the same name, with all that it was")
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}})
	k.status(out.Status, store.Gone, "a claim of an item that was replaced does not hold")
	k.do(store.End{Socket: "a"})
	k.same(k.claimOne(time.Minute, "an item that was replaced does not belong to its former socket").Socket.ID, "a", "what is due is the socket")
	k.Advance(17 * time.Second)
	k.same(string(k.claimOne(time.Minute, "an item that was replaced is due at its new time").Item.Data), "2", "the item is the new one")
}

func checkItemsPutAgain(k *kit) {
	k.do(store.Put{Item: "i", Data: []byte("1")})
	k.awake()
	d := k.claimOne(time.Minute, "an item is due after its time")
	out := k.commit(store.Turn{
		Cause:   store.Cause{Item: "i", Token: d.Token},
		Effects: []store.Effect{store.Put{Item: "i", After: 5 * time.Second, Data: []byte("2")}},
	})
	k.status(out.Status, store.Applied, "an item's turn may put an item of its name")
	k.nothingDue("the item that a turn puts is due after its own time")
	k.Advance(7 * time.Second)
	d = k.claimOne(time.Minute, "the item that a turn puts in its own item's place stays")
	k.same(d.Item, store.Item{ID: "i", Data: []byte("2"), Tries: 1}, "the item that a turn puts is a new one")
}

func checkLease(k *kit) {
	k.do(store.Put{Item: "i"})
	k.awake()
	first := k.claimOne(20*time.Second, "an item is due after its time")
	k.Advance(18 * time.Second)
	k.nothingDue("until a lease is over no other claim returns the thing")
	k.Advance(4 * time.Second)
	second := k.claimOne(20*time.Second, "when a lease is over the thing is due again")
	k.same(second.Item.Tries, 2, "Tries counts the claims, this one included")
	k.must(second.Token != first.Token, "each claim has its own token")
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: first.Token}})
	k.status(out.Status, store.Gone, "a token is not valid when another claim has taken the thing")
	k.Advance(22 * time.Second)
	out = k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: second.Token}})
	k.status(out.Status, store.Applied, "a token is valid until another claim has taken the thing, though the lease is over")
}

func checkLongestDueFirst(k *kit) {
	var puts []store.Effect
	for i := range 9 {
		puts = append(puts, store.Put{Item: fmt.Sprint(i), After: time.Duration(1+(i*4)%9) * time.Second})
	}
	k.do(puts...)
	k.awake()
	var got []string
	for _, max := range []int{1, 3, 4, 100} {
		for _, d := range k.claim(max, time.Minute).Due {
			got = append(got, d.Item.ID)
		}
	}
	k.same(got, []string{"0", "7", "5", "3", "1", "8", "6", "4", "2"}, "claims take what has been due longest, up to max")
}

func checkNextDue(k *kit) {
	at := func(got, want time.Duration, rule string) {
		k.Helper()
		k.must(got <= want && got > want-10*time.Second, "%s: NextDue is %v, not about %v", rule, got, want)
	}
	k.must(k.claim(10, time.Minute).NextDue < 0, "NextDue is negative when nothing is known to be due")
	k.must(k.do().NextDue < 0, "NextDue is negative when nothing is known to be due")
	k.Advance(11 * time.Second)
	at(k.do(store.Put{Item: "i", After: 20 * time.Minute}).NextDue, 20*time.Minute, "Outcome.NextDue says when an item is due")
	at(k.open("a").NextDue, 20*time.Minute, "NextDue is until the first thing is due")
	at(k.attach(store.Attach{Socket: "a", Number: 1, TTL: 10 * time.Minute}).NextDue, 10*time.Minute, "Attached.NextDue says when a socket is due")
	at(k.claim(10, time.Minute).NextDue, 10*time.Minute, "Claimed.NextDue says what is due after this claim")
	at(k.do(store.End{Socket: "a"}).NextDue, 0, "NextDue is 0 when something is due")
	at(k.claim(10, 5*time.Minute).NextDue, 5*time.Minute, "what is leased is due when the lease is over")
}
