package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// topicChecks are about topics, subscriptions and guards.
var topicChecks = []check{
	{"Publish", checkPublish},
	{"RetentionByEntries", checkKeepEntries},
	{"RetentionByBytes", checkKeepBytes},
	{"Value", checkValue},
	{"TopicIsForgotten", checkTopicForgotten},
	{"TopicOfSubscribersIsForgotten", checkTopicOfSubscribers},
	{"Subscribe", checkSubscribe},
	{"SubscribeBack", checkSubscribeBack},
	{"SubscribeState", checkSubscribeState},
	{"SubscribeNobody", checkSubscribeNobody},
	{"Unsubscribe", checkUnsubscribe},
	{"TopicIDs", checkTopicIDs},
	{"Guards", checkGuards},
	{"GuardsOnItems", checkItemGuards},
	{"NoLostUpdate", checkNoLostUpdate},
	{"ReadMany", checkReadMany},
}

func checkPublish(k *kit) {
	r := k.read(store.Query{Topic: "t"})
	k.status(r.Status, store.Missing, "a topic that nobody made is Missing")
	a, b := k.attempt(), k.attempt()
	publish := func(attempt string, data ...string) []store.Cursor {
		t := store.Turn{Cause: store.Cause{Key: k.name("key")}, Attempt: attempt}
		for _, d := range data {
			t.Effects = append(t.Effects, store.Publish{Topic: "t", Data: []byte(d)})
		}
		return k.commit(t).At
	}
	at := append(publish(a, "1", "2"), publish(b, "3")...)
	places := chain(a, a, a, b)
	k.same(at, places[1:], "Publish makes a topic if need be; its tags are chained as a socket's are")
	r = k.read(store.Query{Topic: "t"})
	k.status(r.Status, store.Applied, "a topic can be read")
	k.same(texts(r.Entries), []string{"1", "2", "3"}, "a topic's entries are read in order")
	k.must(r.From == places[0] && r.Top == places[3], "a reply says where its entries begin and what the top is: %v %v", r.From, r.Top)
	r = k.read(store.Query{Topic: "t", After: places[2]})
	k.same(r.Entries, []store.Entry{{Cursor: places[3], Data: []byte("3")}}, "entries after a place are those that follow it")
	r = k.read(store.Query{Topic: "t", After: store.Cursor{Offset: 2, Tag: "00000"}})
	k.must(r.Status == store.Lost && r.Rewound, "a cursor that was never on the topic is Lost, and Rewound")
}

func checkKeepEntries(k *kit) {
	publish := func(n, keep int) {
		for range n {
			k.do(store.Publish{Topic: "t", Data: []byte("x"), Keep: keep})
		}
	}
	publish(7, 5)
	r := k.read(store.Query{Topic: "t"})
	k.same(len(r.Entries), 5, "a topic keeps as many entries as Publish says")
	k.same(r.From.Offset, uint64(2), "the oldest entries are let go")
	first := r.Entries[0].Cursor
	publish(1, 2)
	r = k.read(store.Query{Topic: "t", After: first})
	k.must(r.Status == store.Lost && !r.Rewound, "a cursor older than what is kept is Lost, not Rewound")
	k.must(r.From.Offset == 6 && len(r.Entries) == 2, "each Publish brings its retention: on Lost, Entries begin at From: %v, %d", r.From, len(r.Entries))

	var effects []store.Effect
	for range 1001 {
		effects = append(effects, store.Publish{Topic: "u", Data: []byte("x")})
	}
	k.do(effects...)
	k.same(len(k.read(store.Query{Topic: "u", Max: 2000}).Entries), 1000, "Keep 0 means 1,000 entries")
	k.same(len(k.read(store.Query{Topic: "u"}).Entries), 256, "Max 0 means 256 entries")
}

func checkKeepBytes(k *kit) {
	kept := func(topic string) int { return len(k.read(store.Query{Topic: topic}).Entries) }
	for range 4 {
		k.do(store.Publish{Topic: "t", Data: make([]byte, 100), KeepBytes: 300})
	}
	k.same(kept("t"), 3, "a topic keeps as many bytes of data as Publish says")
	k.do(store.Publish{Topic: "t", Data: make([]byte, 101), KeepBytes: 300})
	k.same(kept("t"), 2, "entries are let go until the data is no more than KeepBytes")
	k.do(store.Publish{Topic: "t", Data: make([]byte, 1000), KeepBytes: 300})
	k.same(kept("t"), 1, "the newest entry is kept, whatever its size")
	k.do(store.Publish{Topic: "t", Data: make([]byte, 300), KeepBytes: 300})
	k.same(kept("t"), 1, "an entry that was too large goes when there is a newer one")
	for range 5 {
		k.do(store.Publish{Topic: "u", Data: make([]byte, 1<<18)})
	}
	k.same(kept("u"), 4, "KeepBytes 0 means 1 MiB")
}

func checkValue(k *kit) {
	value := store.Query{Topic: "t", Value: true}
	k.status(k.read(value).Status, store.Missing, "the value of a topic that nobody made is Missing")
	k.do(store.Publish{Topic: "t", Data: []byte("1")})
	r := k.read(value)
	k.status(r.Status, store.Applied, "a topic without a value can be asked for it")
	k.must(r.Value == nil, "a topic that never had a value has nil")
	at := k.do(store.Publish{Topic: "t", Data: []byte("2"), Value: []byte("two"), Keep: 1}).At[0]
	r = k.read(value)
	k.must(string(r.Value) == "two" && r.Top == at, "a topic's value is read with the place that guards it: %q %v", r.Value, r.Top)
	k.do(store.Publish{Topic: "t", Data: []byte("3"), Keep: 1})
	k.same(string(k.read(value).Value), "two", "a Publish without a value leaves the value, which outlives its entry")
	k.do(store.Publish{Topic: "t", Data: []byte("4"), Value: []byte{}})
	r = k.read(value)
	k.must(r.Value != nil && len(r.Value) == 0, "an empty value is a value: %v", r.Value)
}

func checkTopicForgotten(k *kit) {
	there := func() bool { return k.read(store.Query{Topic: "t"}).Status == store.Applied }
	k.open("a")
	publish := store.Publish{Topic: "t", Data: []byte("x"), Value: []byte("v"), TTL: time.Minute}
	first := k.do(publish).At[0]
	touch := []func(){
		func() { k.do(publish) },
		func() { k.do(store.Subscribe{Socket: "a", Topic: "t", TTL: time.Minute}) },
		func() { k.read(store.Query{Topic: "t"}) },
		func() { k.read(store.Query{Topic: "t", Value: true}) },
	}
	for i, f := range touch {
		k.Advance(58 * time.Second)
		f()
		k.Advance(58 * time.Second)
		k.must(there(), "a topic's time to live begins anew when it is published to, subscribed to or read (%d)", i)
	}
	k.Advance(62 * time.Second)
	k.must(!there(), "a topic is forgotten TTL after it was last published to, subscribed to or read")
	out := k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Guards: []store.Guard{{Topic: "t"}}})
	k.status(out.Status, store.Applied, "a topic that was forgotten does not exist")
	k.do(store.Publish{Topic: "t", Data: []byte("y")})
	r := k.read(store.Query{Topic: "t", After: first})
	k.must(r.Status == store.Lost && r.Rewound, "a topic that was made anew has another history, which its tags tell")
	k.must(k.read(store.Query{Topic: "t", Value: true}).Value == nil, "a topic that was forgotten has no value any more")
	k.Advance(23*time.Hour + 59*time.Minute)
	k.must(there(), "TTL 0 means 24 hours")
	k.Advance(24*time.Hour + time.Minute)
	k.must(!there(), "TTL 0 means no more than 24 hours")
}

func checkTopicOfSubscribers(k *kit) {
	there := func(rule string) { k.status(k.read(store.Query{Topic: "t"}).Status, store.Applied, "%s", rule) }
	forgotten := func(rule string) { k.status(k.read(store.Query{Topic: "t"}).Status, store.Missing, "%s", rule) }
	subscribe := func(ttl time.Duration) { k.do(store.Subscribe{Socket: "a", Topic: "t", TTL: ttl}) }
	turn := opening("a")
	turn.Effects[0] = store.Open{Secret: secret, Attach: 1, TTL: 1000 * time.Hour}
	k.commit(turn)

	subscribe(time.Minute)
	k.Advance(58 * time.Second)
	there("a topic that has no entry lives for the TTL of its Subscribe")
	k.Advance(58 * time.Second)
	there("a topic that has no entry lives on while it is read")
	k.Advance(62 * time.Second)
	forgotten("a topic that has no entry is forgotten TTL after it was last subscribed to or read")

	subscribe(time.Minute)
	subscribe(time.Hour)
	subscribe(time.Minute)
	k.Advance(59 * time.Minute)
	there("of the Subscribes to a topic that has no entry the longest TTL counts")
	k.Advance(61 * time.Minute)
	forgotten("of the Subscribes to a topic that has no entry the longest TTL counts, and no longer one")

	subscribe(0)
	k.Advance(23*time.Hour + 59*time.Minute)
	there("Subscribe's TTL 0 means 24 hours")
	k.Advance(24*time.Hour + time.Minute)
	forgotten("Subscribe's TTL 0 means no more than 24 hours")

	subscribe(10 * time.Hour)
	k.do(store.Publish{Topic: "t", TTL: time.Minute})
	k.Advance(62 * time.Second)
	forgotten("a topic that has an entry lives for the TTL of its last Publish, not that of the Subscribe before it")
	k.do(store.Publish{Topic: "t", TTL: time.Minute})
	subscribe(10 * time.Hour)
	k.Advance(62 * time.Second)
	forgotten("a topic that has an entry lives for the TTL of its last Publish, not that of a longer Subscribe after it")
	k.do(store.Publish{Topic: "t", TTL: time.Hour})
	k.Advance(58 * time.Minute)
	subscribe(time.Minute)
	k.Advance(58 * time.Minute)
	there("a topic that has an entry lives for the TTL of its last Publish after it was subscribed to, not that of a shorter Subscribe")
}

// subs returns a socket's subscriptions by topic.
func (k *kit) subs(socket string) map[string]store.Sub {
	k.Helper()
	all := map[string]store.Sub{}
	number := k.read(store.Query{Socket: socket}).Sock.Attach
	for _, sub := range k.attach(store.Attach{Socket: socket, Number: number}).Subs {
		all[sub.Topic] = sub
	}
	return all
}

func checkSubscribe(k *kit) {
	k.open("a")
	subscribe := store.Subscribe{Socket: "a", Topic: "t", Data: []byte("s,t,")}
	turn := store.Turn{Cause: store.Cause{Socket: "a", Number: 1}, Attempt: k.attempt(), Effects: []store.Effect{subscribe}}
	out := k.commit(turn)
	made := chain(turn.Attempt)[0]
	sub := k.subs("a")["t"]
	k.same(sub, store.Sub{Topic: "t", ID: sub.ID, Cursor: made}, "Subscribe makes a topic if need be, and begins at its top")
	k.must(sub.ID != "", "a topic has a short id")
	e := k.entries("a").Entries
	k.must(len(e) == 1 && e[0].Cursor == out.At[0], "Subscribe appends an entry to the socket's stream, and At says where")
	k.same(string(e[0].Data), "s,t,"+sub.ID+","+made.String(), `the entry is Data followed by "<id>,<cursor>"`)

	at := k.do(store.Publish{Topic: "t", Data: []byte("x")}).At[0]
	k.same(k.subs("a")["t"].Cursor, made, "a subscription's cursor stays where the client is known to be")
	k.say("a", 2, subscribe)
	k.same(k.subs("a"), map[string]store.Sub{"t": {Topic: "t", ID: sub.ID, Cursor: at, Begin: at.Offset}}, "subscribing again begins again")
}

func checkSubscribeBack(k *kit) {
	k.open("a")
	var at []store.Cursor
	for range 6 {
		at = append(at, k.do(store.Publish{Topic: "t", Data: []byte("x"), Keep: 4}).At...)
	}
	for back, want := range map[int]store.Cursor{0: at[5], 1: at[4], 4: at[1], 9: at[1]} {
		k.do(store.Subscribe{Socket: "a", Topic: "t", Back: back})
		k.same(k.subs("a")["t"].Cursor, want, "a subscription begins Back entries (%d) before the top, as far as they are kept", back)
	}
}

func checkSubscribeState(k *kit) {
	k.open("a")
	k.do(store.Publish{Topic: "t", Data: []byte("x"), Value: []byte("v")})
	k.do(store.Subscribe{Socket: "a", Topic: "t", State: true, Back: 1, Data: []byte("s,")})
	sub := k.subs("a")["t"]
	k.must(sub.Cursor.IsZero(), "with State a subscription begins with the zero Cursor: %v", sub.Cursor)
	k.same(texts(k.entries("a").Entries), []string{"s," + sub.ID + ",0."}, `the zero Cursor is written "0."`)
}

func checkSubscribeNobody(k *kit) {
	k.open("a")
	k.do(store.End{Socket: "a"})
	for _, id := range []string{"nobody", "a"} {
		out := k.do(store.Subscribe{Socket: id, Topic: "t"}, store.Unsubscribe{Socket: id, Topic: "t"})
		k.must(out.At[0].IsZero() && out.At[1].IsZero(), "for a socket that has ended or is not known Subscribe and Unsubscribe do nothing")
	}
	k.status(k.read(store.Query{Topic: "t"}).Status, store.Missing, "a Subscribe that does nothing makes no topic")
}

func checkUnsubscribe(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t"}, store.Subscribe{Socket: "a", Topic: "u"})
	id := k.subs("a")["t"].ID
	out := k.say("a", 1, store.Unsubscribe{Socket: "a", Topic: "t", Data: []byte("u,")})
	e := k.entries("a").Entries
	k.same(e[len(e)-1], store.Entry{Cursor: out.At[0], Data: []byte("u," + id)}, "Unsubscribe appends an entry: Data followed by the topic's id")
	subs := k.subs("a")
	k.must(len(subs) == 1 && subs["u"].Topic == "u", "Unsubscribe ends one subscription: %v", subs)
	out = k.say("a", 2, store.Unsubscribe{Socket: "a", Topic: "t", Data: []byte("u,")})
	k.must(out.At[0].IsZero() && out.Top.Offset == 3, "if there is no subscription nothing happens: %v", out)
}

func checkTopicIDs(k *kit) {
	k.open("a")
	k.open("b")
	ids := map[string]bool{}
	for i := range 20 {
		topic := fmt.Sprint("t", i)
		k.do(
			store.Subscribe{Socket: "a", Topic: topic, TTL: time.Hour},
			store.Publish{Topic: topic, TTL: time.Hour},
			store.Subscribe{Socket: "b", Topic: topic, TTL: time.Hour},
		)
		id := k.subs("a")[topic].ID
		k.same(k.subs("b")[topic].ID, id, "a topic's id is the same for all sockets while the topic lives")
		k.must(!ids[id], "a topic's id is of no other topic: %q", id)
		k.must(!strings.ContainsAny(id, ",|*.\r\n"), "a topic's id can stand in a frame's header: %q", id)
		ids[id] = true
	}
	old := k.subs("a")["t0"]
	k.keep(store.Held{Socket: "a", Attach: 1, TTL: 10 * time.Hour})
	k.Advance(2 * time.Hour)
	k.same(k.subs("a")["t0"], old, "a subscription stays as it was when its topic was forgotten")
	k.open("c", store.Subscribe{Socket: "c", Topic: "t0"})
	k.must(!ids[k.subs("c")["t0"].ID], "a topic that was made anew has a new id")
	k.do(store.Unsubscribe{Socket: "a", Topic: "t0"})
	e := k.entries("a").Entries
	k.same(string(e[len(e)-1].Data), old.ID, "Unsubscribe names the id that the socket was told")
}

func checkGuards(k *kit) {
	a := k.do(store.Publish{Topic: "a", Data: []byte("1"), Value: []byte("A")}).At[0]
	b := k.do(store.Publish{Topic: "b", Data: []byte("1")}).At[0]
	k.open("s")
	turn := store.Turn{
		Cause:   store.Cause{Socket: "s", Number: 1},
		Guards:  []store.Guard{{Topic: "b", At: b}, {Topic: "none"}, {Topic: "a", At: store.Cursor{Offset: 1, Tag: "00000"}}},
		Effects: []store.Effect{store.Publish{Topic: "a", Data: []byte("2")}, store.Append{Socket: "s"}},
	}
	fresh := []store.Fresh{{Topic: "b", At: b}, {Topic: "none"}, {Topic: "a", At: a, Value: []byte("A")}}
	out := k.commit(turn)
	k.status(out.Status, store.Conflict, "a turn is a Conflict if one of its guards does not hold, be it only by its tag")
	k.same(out.Fresh, fresh, "on Conflict, Fresh has what the guarded topics hold, in the order of the guards")
	k.must(out.Number == 0 && out.Top.Offset == 0, "a Conflict leaves nothing behind: %+v", out)
	k.same(k.read(store.Query{Topic: "a"}).Top, a, "a Conflict leaves nothing behind")

	turn.Guards[2].At = a
	turn.Guards[1].At = store.Cursor{Offset: 1, Tag: "00000"}
	k.status(k.commit(turn).Status, store.Conflict, "a topic that does not exist has the zero Cursor, and no other")
	turn.Guards[1].At = store.Cursor{}
	out = k.commit(turn)
	k.status(out.Status, store.Applied, "a turn is applied if all its guards hold: a topic's top is At, one that does not exist has the zero Cursor")
	k.must(len(out.Fresh) == 0, "Fresh is for a Conflict")
	k.status(k.commit(turn).Status, store.Repeated, "a turn that was applied is Repeated, though its guards do not hold any more")
	turn.Cause.Number = 3
	k.status(k.commit(turn).Status, store.Gap, "the cause decides before the guards do")
}

func checkItemGuards(k *kit) {
	a := k.do(store.Publish{Topic: "a", Data: []byte("1")}).At[0]
	k.do(store.Put{Item: "i", After: time.Hour})
	guards := []store.Guard{{Item: "i"}, {Topic: "a", At: a}}
	out := k.commit(store.Turn{Cause: store.Cause{Key: "1"}, Guards: guards})
	k.status(out.Status, store.Applied, "a guard on an item holds while the item exists")
	k.do(store.Cancel{Item: "i"})
	out = k.commit(store.Turn{Cause: store.Cause{Key: "2"}, Guards: guards})
	k.status(out.Status, store.Conflict, "a guard on an item does not hold when the item is gone")
	k.same(out.Fresh, []store.Fresh{{Topic: "a", At: a}}, "Fresh has the guarded topics, not the items")
}

// checkNoLostUpdate lets runners count a topic's value up, each on what it read.
func checkNoLostUpdate(k *kit) {
	const runners, rounds = 6, 20
	var wait sync.WaitGroup
	for r := range runners {
		s := []store.Store{k.Store, k.Another}[r%2]
		wait.Go(func() {
			for i := range rounds {
				var at store.Cursor
				var value int
				if replies, err := s.Read(k.Context(), []store.Query{{Topic: "n", Value: true}}); err == nil && len(replies) == 1 && replies[0].Status == store.Applied {
					at = replies[0].Top
					fmt.Sscan(string(replies[0].Value), &value)
				}
				for try := 0; ; try++ {
					name := fmt.Sprintf("runner-%d-%d-%d", r, i, try)
					out, err := s.Commit(k.Context(), store.Turn{
						Cause: store.Cause{Key: name}, Attempt: name,
						Guards:  []store.Guard{{Topic: "n", At: at}},
						Effects: []store.Effect{store.Publish{Topic: "n", Value: fmt.Append(nil, value+1)}},
					})
					if err != nil {
						k.Errorf("Commit: %v", err)
						return
					}
					if out.Status == store.Applied {
						break
					}
					if out.Status != store.Conflict {
						k.Errorf("broken rule: a guarded turn is Applied or a Conflict, not %s", statusName(out.Status))
						return
					}
					at, value = out.Fresh[0].At, 0
					fmt.Sscan(string(out.Fresh[0].Value), &value)
				}
			}
		})
	}
	wait.Wait()
	r := k.read(store.Query{Topic: "n", Value: true})
	k.same(string(r.Value), fmt.Sprint(runners*rounds), "what a turn read still stands when it is applied: no update is lost")
	k.same(r.Top.Offset, uint64(runners*rounds), "of turns on the same guard exactly one is applied")
}

func checkReadMany(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("x")}, store.Put{Item: "i", Socket: "a", Data: []byte("d"), After: time.Hour})
	k.do(store.Publish{Topic: "t", Data: []byte("y"), Value: []byte("v")})
	replies, err := k.Store.Read(k.Context(), []store.Query{
		{Item: "i"}, {Topic: "none"}, {Socket: "a", Entries: true}, {Topic: "t", Value: true}, {Topic: "t"}, {Socket: "a"}, {Item: "none"}, {Topic: "t"},
	})
	k.must(err == nil && len(replies) == 8, "Read answers each query by itself: %d replies to 8, %v", len(replies), err)
	k.same(replies[0].Item, store.Item{ID: "i", Socket: "a", Data: []byte("d")}, "an item is read as it was put")
	k.status(replies[1].Status, store.Missing, "each query is answered by itself")
	k.same(texts(replies[2].Entries), []string{"x"}, "a socket's entries are read")
	k.same(string(replies[3].Value), "v", "a topic's value is read")
	k.same(texts(replies[4].Entries), []string{"y"}, "a topic's entries are read")
	k.same(replies[5].Sock.ID, "a", "a socket is read")
	k.status(replies[6].Status, store.Missing, "an item that does not exist is Missing")
	k.same(replies[7], replies[4], "a query may be asked twice")
	replies, err = k.Store.Read(k.Context(), nil)
	k.must(err == nil && len(replies) == 0, "no queries have no replies: %v, %v", replies, err)
}
