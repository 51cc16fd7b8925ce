package storetest

import (
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// hardChecks are about what a network, or a platform that freezes instances, does to calls. What two instances do to each other is in
// the part about crashes.
var hardChecks = []check{
	{"DelayedDuplicateOfAnOldAttach", checkDelayedAttach},
	{"ReplyLostAfterTheCommit", checkReplyLost},
	{"ThawedInstanceCommitsLate", checkThawed},
	{"ReturnDuringGoodbye", checkReturnDuringGoodbye},
	{"OutageLongerThanTheTimeToLive", checkOutage},
}

func checkDelayedAttach(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	k.openFor(a, "s")
	begin := k.do(
		store.Publish{Topic: "t"},
		store.Subscribe{Socket: "s", Topic: "t", Back: 1},
		store.Append{Socket: "s", Data: []byte("1")},
	).At
	a.soFar()
	var gate Gate
	late := Late(k.Store, &gate)
	old := store.Attach{
		Socket: "s", Secret: secret, Number: 2, Inbox: a.Inbox(), TTL: 10 * time.Second,
		Cursor: begin[2], Topics: map[string]store.Cursor{"t": begin[0]},
	}
	gate.Shut()
	var found store.Attached
	var wait sync.WaitGroup
	wait.Go(func() { found, _ = late.Attach(k.Context(), old) })
	gate.Waiting(k.Context(), 1)
	first := k.attach(store.Attach{Socket: "s", Number: 3, Inbox: b.Inbox(), Cursor: begin[1]})
	a.soFar()
	gate.Open()
	wait.Wait()

	k.status(found.Status, store.Stale, "an attach that comes after a newer one is Stale")
	b.none("a Stale attach takes nothing from the newest")
	k.do(store.Append{Socket: "s", Data: []byte("2")})
	k.must(len(b.soFar()) == 1, "after a Stale attach entries are noticed where they were before")
	a.none("entries are not noticed at the inbox of a Stale attach")
	again := k.attach(store.Attach{Socket: "s", Number: 3, Inbox: b.Inbox(), Cursor: begin[1]})
	k.same(texts(again.Entries), []string{"1", "2"}, "a Stale attach acknowledges nothing")
	k.same(again.Subs, first.Subs, "a Stale attach moves no cursor of a subscription")
	k.awake()
	k.Advance(15 * time.Second)
	k.nothingDue("a Stale attach does not move the deadline")
}

// each cause of a turn, ready to be committed, and what the turn is when it was applied before.
type ready struct {
	what  string
	cause store.Cause
	again store.Status
}

// everyCause makes a socket with one message to come, one that is claimed, an item that is claimed and a key.
func (k *kit) everyCause() []ready {
	k.Helper()
	k.open("talks")
	k.open("leaves")
	k.do(store.End{Socket: "leaves"}, store.Put{Item: "item"})
	k.awake()
	all := []ready{
		{"an open", store.Cause{Socket: "opens"}, store.Repeated},
		{"a message", store.Cause{Socket: "talks", Number: 1}, store.Repeated},
		{"a key", store.Cause{Key: "key"}, store.Repeated},
	}
	for _, d := range k.claim(10, 20*time.Second).Due {
		if d.Item.ID != "" {
			all = append(all, ready{"an item", store.Cause{Item: d.Item.ID, Token: d.Token}, store.Gone})
		} else {
			all = append(all, ready{"a goodbye", store.Cause{Socket: d.Socket.ID, Token: d.Token}, store.Gone})
		}
	}
	k.must(len(all) == 5, "an item and a socket that was ended are due: %+v", all)
	return all
}

// turn returns a turn of the cause that leaves one entry.
func (r ready) turn(attempt, data string) store.Turn {
	effects := []store.Effect{store.Publish{Topic: "log", Data: []byte(data)}}
	if c := r.cause; c.Socket != "" && c.Token == "" && c.Number == 0 {
		effects = append([]store.Effect{store.Open{Secret: secret, Attach: 1, TTL: ttl}}, effects...)
	}
	return store.Turn{Cause: r.cause, Attempt: attempt, Effects: effects}
}

func checkReplyLost(k *kit) {
	forget := Forget(k.Store, func(Call) bool { return true })
	var want []string
	for _, r := range k.everyCause() {
		t := r.turn(k.attempt(), r.what)
		_, err := forget.Commit(k.Context(), t)
		k.must(err == ErrForgotten, "%s is committed: %v", r.what, err)
		for range 2 {
			k.status(k.commitTo(k.Another, t).Status, r.again, "%s whose reply was lost, and which is sent again", r.what)
		}
		want = append(want, r.what)
	}
	k.same(texts(k.read(store.Query{Topic: "log"}).Entries), want, "a turn whose reply was lost was applied, once")
}

func checkThawed(k *kit) {
	var gate Gate
	frozen := Late(k.Store, &gate)
	all := k.everyCause()
	statuses := make([]store.Status, len(all))
	var wait sync.WaitGroup
	gate.Shut()
	for i, r := range all {
		t := r.turn(k.attempt(), "late")
		wait.Go(func() {
			out, err := frozen.Commit(k.Context(), t)
			if err != nil {
				k.Errorf("Commit(%+v): %v", t.Cause, err)
			}
			statuses[i] = out.Status
		})
	}
	gate.Waiting(k.Context(), len(all))
	k.Advance(25 * time.Second) // past the leases
	tokens := map[string]string{}
	for _, d := range k.claim(10, 20*time.Second).Due {
		tokens[d.Socket.ID+d.Item.ID] = d.Token
	}
	var want []string
	for _, r := range all {
		if r.cause.Token != "" {
			r.cause.Token = tokens[r.cause.Socket+r.cause.Item]
		}
		out := k.commitTo(k.Another, r.turn(k.attempt(), r.what))
		k.status(out.Status, store.Applied, "%s that waits for an instance that is frozen goes on at another", r.what)
		want = append(want, r.what)
	}
	gate.Open()
	wait.Wait()
	for i, r := range all {
		k.status(statuses[i], r.again, "%s that was done elsewhere meanwhile, by an instance that has thawed", r.what)
	}
	k.same(texts(k.read(store.Query{Topic: "log"}).Entries), want, "what an instance that has thawed commits late leaves nothing behind")
}

func checkReturnDuringGoodbye(k *kit) {
	k.open("s")
	k.say("s", 1)
	k.Advance(ttl + time.Minute)
	k.awake()
	d := k.claimOne(time.Minute, "a socket whose deadline passed is due")
	returns := func(when string) {
		k.Helper()
		found := k.attach(store.Attach{Socket: "s", Number: 2, In: 1})
		k.status(found.Status, store.Gone, "a client that returns %s its goodbye is told Gone", when)
		k.must(found.Socket.Number == 1 && found.Socket.Code == 4004, "on Gone the last number and the code are known, %s the goodbye: %+v", when, found.Socket)
		k.status(k.keep(store.Held{Socket: "s", Attach: 1, TTL: ttl}).Status, store.Gone, "a connection is Gone %s the goodbye", when)
		k.status(k.say("s", 1).Status, store.Repeated, "a message that was applied is Repeated, also %s the goodbye", when)
		k.status(k.say("s", 2).Status, store.Gone, "no message is applied %s the goodbye", when)
		k.status(k.commit(opening("s")).Status, store.Repeated, "a socket is not opened again %s its goodbye", when)
	}
	returns("during")
	out := k.commit(store.Turn{Cause: store.Cause{Socket: "s", Token: d.Token}, Effects: []store.Effect{store.Bye{Code: 4004}}})
	k.status(out.Status, store.Applied, "a goodbye is applied, though its client has returned")
	returns("after")
}

func checkOutage(k *kit) {
	k.open("held")
	k.open("left")
	k.do(store.Put{Item: "timer", After: time.Minute})
	k.claim(0, time.Minute)
	k.Advance(3 * ttl) // nobody could keep, or claim
	d := k.claimOne(time.Hour, "after an outage the first claim returns items, and no socket whose deadline passed")
	k.same(d.Item.ID, "timer", "after an outage the first claim returns items")
	k.Advance(5 * time.Second)
	k.status(k.keep(store.Held{Socket: "held", Attach: 1, TTL: ttl}).Status, store.Applied, "in the grace after an outage a held connection is kept, though its deadline passed")
	k.Advance(7 * time.Second)
	k.same(k.claimOne(time.Hour, "after the grace a socket that nobody kept is due").Socket.ID, "left", "a connection that was kept in the grace survives the outage")
	k.status(k.say("held", 1).Status, store.Applied, "who survived an outage goes on")
}
