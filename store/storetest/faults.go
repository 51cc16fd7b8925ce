package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// faultChecks are about stores that lost what they knew, and calls that were given up.
var faultChecks = []check{
	{"AllAtOnce", checkAllAtOnce},
	{"ContextEnds", checkContext},
	{"Wipe", checkWipe},
	{"RewindOfMessages", checkRewindMessages},
	{"RewindOfStreams", checkRewindStreams},
	{"RewindOfTopics", checkRewindTopics},
	{"RewindOfAttaches", checkRewindAttaches},
	{"RewindOfClaims", checkRewindClaims},
}

func (k *kit) mark() (rewind func()) {
	if k.Mark == nil {
		k.Skip("the harness cannot go back to a mark")
	}
	return k.Mark()
}

func checkWipe(k *kit) {
	if k.Wipe == nil {
		k.Skip("the harness cannot wipe the store")
	}
	k.open("a", store.Append{Socket: "a"}, store.Put{Item: "i"})
	topic := k.do(store.Publish{Topic: "t"}).At[0]
	key := store.Turn{Cause: store.Cause{Key: "once"}}
	k.commit(key)
	k.awake()
	k.Wipe()
	k.status(k.attach(store.Attach{Socket: "a", Number: 2}).Status, store.Gone, "a store that lost everything says so: a socket is Gone")
	k.status(k.say("a", 1).Status, store.Gone, "a store that lost everything says so: a message is Gone")
	k.status(k.keep(store.Held{Socket: "a", Attach: 1, TTL: ttl}).Status, store.Gone, "a store that lost everything says so: a held connection is Gone")
	k.status(k.read(store.Query{Topic: "t"}).Status, store.Missing, "a store that lost everything says so: a topic is Missing")
	k.status(k.read(store.Query{Item: "i"}).Status, store.Missing, "a store that lost everything says so: an item is Missing")
	k.status(k.commit(key).Status, store.Applied, "a store that lost everything has lost its keys")
	k.do(store.Publish{Topic: "t"})
	k.overdue()
	r := k.read(store.Query{Topic: "t", After: topic})
	k.must(r.Status == store.Lost && r.Rewound, "a cursor of before the loss is not on the topic made since, though its offset is: Lost, and Rewound")
	k.nothingDue("a store that lost everything begins with a grace")
}

func checkRewindMessages(k *kit) {
	k.open("a")
	k.say("a", 1)
	rewind := k.mark()
	k.say("a", 2)
	rewind()
	found := k.attach(store.Attach{Socket: "a", Number: 2, In: 2})
	k.status(found.Status, store.Rewound, "a client that knows a message to be applied which the store does not is told Rewound")
	k.status(k.attach(store.Attach{Socket: "a", Number: 2, In: 1}).Status, store.Applied, "a client that knows of no more than the store goes on")
	k.status(k.say("a", 3).Status, store.Gap, "a message after one that was lost is a Gap")
	k.status(k.say("a", 2).Status, store.Applied, "a message that was lost can be applied again")
}

func checkRewindStreams(k *kit) {
	k.open("a", store.Append{Socket: "a", Data: []byte("1")})
	e := k.entries("a").Entries[0]
	rewind := k.mark()
	lost := k.do(store.Append{Socket: "a", Data: []byte("2")}).At[0]
	rewind()
	held := store.Held{Socket: "a", Attach: 1, TTL: ttl, Ack: lost}
	k.status(k.keep(held).Status, store.Rewound, "a connection that has seen what was lost is told Rewound")
	other := k.do(store.Append{Socket: "a", Data: []byte("two")}).At[0]
	k.must(other.Offset == lost.Offset && other.Tag != lost.Tag, "an offset that is given out again has another tag: %v, %v", other, lost)
	k.status(k.keep(held).Status, store.Rewound, "a connection that has seen what was lost is told Rewound, also when its offset was given out again")
	k.status(k.attach(store.Attach{Socket: "a", Number: 2, Cursor: lost}).Status, store.Rewound, "a client that has seen what was lost is told Rewound")
	found := k.attach(store.Attach{Socket: "a", Number: 2, Cursor: e.Cursor})
	k.status(found.Status, store.Applied, "a client that has seen nothing of what was lost goes on")
	k.same(texts(found.Entries), []string{"two"}, "a client that has seen nothing of what was lost gets what is there now")
}

func checkRewindTopics(k *kit) {
	first := k.do(store.Publish{Topic: "t", Data: []byte("1"), Value: []byte("one")}).At[0]
	rewind := k.mark()
	lost := k.do(store.Publish{Topic: "t", Data: []byte("2"), Value: []byte("two")}).At[0]
	rewind()
	r := k.read(store.Query{Topic: "t", After: lost})
	k.must(r.Status == store.Lost && r.Rewound, "a cursor that a topic does not have any more is Lost, and Rewound")
	guarded := store.Turn{Cause: store.Cause{Key: "k"}, Guards: []store.Guard{{Topic: "t", At: lost}}}
	out := k.commit(guarded)
	k.status(out.Status, store.Conflict, "a guard on what was lost does not hold")
	k.same(out.Fresh, []store.Fresh{{Topic: "t", At: first, Value: []byte("one")}}, "Fresh has what stands there now")
	k.do(store.Publish{Topic: "t", Data: []byte("two")})
	k.status(k.commit(guarded).Status, store.Conflict, "a guard on what was lost does not hold, also when its offset was given out again")
}

func checkRewindAttaches(k *kit) {
	k.open("a")
	rewind := k.mark()
	k.attach(store.Attach{Socket: "a", Number: 5})
	rewind()
	k.status(k.keep(store.Held{Socket: "a", Attach: 5, TTL: ttl}).Status, store.Applied, "a connection whose attach was lost is kept, since nothing else was")
	k.status(k.attach(store.Attach{Socket: "a", Number: 4}).Status, store.Stale, "an attach that was kept is the newest")
}

func checkRewindClaims(k *kit) {
	k.do(store.Put{Item: "i"})
	k.awake()
	rewind := k.mark()
	d := k.claimOne(time.Minute, "an item is due")
	rewind()
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}})
	k.status(out.Status, store.Gone, "a token of a claim that was lost is not valid")
	second := k.claimOne(time.Minute, "an item whose claim was lost is due")
	k.must(second.Token != d.Token, "a token is not given out again")
	out = k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}})
	k.status(out.Status, store.Gone, "a token of a claim that was lost is not valid, also when the thing was claimed again")
}

// checkAllAtOnce calls every method from many goroutines, on the same few names.
func checkAllAtOnce(k *kit) {
	const runners, rounds = 8, 25
	k.open("a")
	k.awake()
	ctx := k.Context()
	var wait sync.WaitGroup
	for r := range runners {
		s := []store.Store{k.Store, k.Another}[r%2]
		wait.Go(func() {
			w, err := s.Watch(ctx, func(store.Notice) {})
			if err != nil {
				k.Errorf("Watch: %v", err)
				return
			}
			defer w.Close()
			for i := range rounds {
				name := fmt.Sprintf("runner-%d-%d", r, i)
				errs := map[string]error{}
				_, errs["Commit"] = s.Commit(ctx, store.Turn{
					Cause: store.Cause{Key: name}, Attempt: name, From: w.Inbox(),
					Effects: []store.Effect{
						store.Append{Socket: "a", Data: []byte(name)}, store.Publish{Topic: "t", Data: []byte(name)},
						store.Subscribe{Socket: "a", Topic: "t"}, store.Put{Item: "i"},
					},
				})
				_, errs["Attach"] = s.Attach(ctx, store.Attach{Socket: "a", Secret: secret, Number: uint64(i), Inbox: w.Inbox(), TTL: ttl})
				_, errs["Keep"] = s.Keep(ctx, []store.Held{{Socket: "a", Attach: uint64(i), Inbox: w.Inbox(), TTL: ttl}})
				_, errs["Read"] = s.Read(ctx, []store.Query{{Topic: "t"}, {Socket: "a", Entries: true}, {Item: "i"}})
				_, errs["Claim"] = s.Claim(ctx, 10, time.Second)
				errs["Topics"] = w.Topics(ctx, []string{"t"}, nil)
				for call, err := range errs {
					if err != nil {
						k.Errorf("broken rule: all methods may be called at once: %s: %v", call, err)
					}
				}
			}
		})
	}
	wait.Wait()
	got := k.entries("a").Entries
	k.must(len(got) == 2*runners*rounds, "of turns that are committed at once each leaves all its entries: %d, not %d", len(got), 2*runners*rounds)
	own := map[string]int{}
	for i, e := range got {
		k.must(e.Offset == uint64(i+1), "offsets count 1, 2, 3, whoever writes: %d is %d", i+1, e.Offset)
		if i%2 == 0 {
			own[string(e.Data)]++
		}
	}
	k.must(len(own) == runners*rounds, "entries of one turn stand together: %d turns, not %d", len(own), runners*rounds)
	k.same(len(k.read(store.Query{Topic: "t", Max: 1000}).Entries), runners*rounds, "a topic has an entry of each turn")
}
