package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// limitChecks are about groups of sockets, and about effects that have a Max.
var limitChecks = []check{
	{"GroupMembers", checkGroupMembers},
	{"GroupsAreLeft", checkGroupsLeft},
	{"GroupsAreLeftAtDeadline", checkGroupsLeftAtDeadline},
	{"GroupMax", checkGroupMax},
	{"GroupMaxAtOnce", checkGroupMaxAtOnce},
	{"SubscribeMax", checkSubscribeMax},
	{"SubscribeMaxFindsRoom", checkSubscribeRoom},
	{"PutMax", checkPutMax},
	{"PutMaxFindsRoom", checkPutRoom},
	{"ItemsCountWhileTheyExist", checkItemsCount},
	{"ExceededComesLast", checkExceededLast},
	{"ExceededLeavesNothing", checkExceededNothing},
	{"RewindOfLimits", checkRewindLimits},
	{"WipeOfLimits", checkWipeLimits},
}

// joining is the open of a socket that is a member of groups.
func joining(socket string, groups ...store.Group) store.Turn {
	t := opening(socket)
	t.Effects[0] = store.Open{Secret: secret, Attach: 1, TTL: ttl, Groups: groups}
	return t
}

func (k *kit) join(socket string, groups ...store.Group) {
	k.Helper()
	k.status(k.commit(joining(socket, groups...)).Status, store.Applied, "an open is applied if its groups have room")
}

func (k *kit) members(group string) []string {
	k.Helper()
	r := k.read(store.Query{Group: group})
	k.status(r.Status, store.Applied, "a group can be read, though it has no members")
	return append([]string{}, r.Members...)
}

// room fails the check if effects from outside are not applied.
func (k *kit) room(rule string, effects ...store.Effect) {
	k.Helper()
	out := k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Effects: effects})
	k.status(out.Status, store.Applied, "%s", rule)
}

// over fails the check if a turn was not Exceeded by something.
func (k *kit) over(out store.Outcome, over, rule string, args ...any) {
	k.Helper()
	k.status(out.Status, store.Exceeded, rule, args...)
	k.same(out.Over, over, "on Exceeded, Over is the name of the group, topic or item that is one too many")
}

func checkGroupMembers(k *kit) {
	g, h := store.Group{Name: "g"}, store.Group{Name: "h h"}
	k.same(k.members("g"), []string{}, "a group that nobody joined has no members")
	k.join("b", g)
	k.join("c", g, h)
	k.join("a", h, g, g)
	k.join("d")
	k.join("B", g)
	k.join("e", store.Group{Name: "gg"}, store.Group{Name: "G"})
	k.same(k.members("g"), []string{"B", "a", "b", "c"}, "the members of a group are the sockets that joined it at their open, each once, in the order of their bytes")
	k.same(k.members("h h"), []string{"a", "c"}, "a socket may be in several groups")
	k.same(k.members("gg"), []string{"e"}, "a group is its name, not what its name begins with")
	k.commit(joining("a", store.Group{Name: "new"}))
	k.same(k.members("new"), []string{}, "an open that is Repeated joins nothing")
	k.say("b", 1)
	k.attach(store.Attach{Socket: "b", Number: 2})
	k.same(k.members("g"), []string{"B", "a", "b", "c"}, "a socket stays in its groups while it is open")
}

func checkGroupsLeft(k *kit) {
	g, h := store.Group{Name: "g"}, store.Group{Name: "h"}
	for _, id := range []string{"a", "b", "c"} {
		k.join(id, g, h)
	}
	k.do(store.End{Socket: "a"}, store.End{Socket: "nobody"})
	k.same(k.members("g"), []string{"b", "c"}, "a socket that was ended is in no group, though its goodbye has not run")
	k.say("b", 1, store.Bye{})
	k.same(k.members("g"), []string{"c"}, "a socket that said goodbye is in no group")
	k.same(k.members("h"), []string{"c"}, "a socket that has ended has left all its groups")
	k.awake()
	d := k.claimOne(time.Minute, "a socket that was ended is due")
	k.commit(store.Turn{Cause: store.Cause{Socket: "a", Token: d.Token}})
	k.same(k.members("g"), []string{"c"}, "a goodbye takes nobody else out of a group")

	turn := joining("d", g)
	turn.Effects = append(turn.Effects, store.Bye{})
	k.commit(turn)
	turn = joining("e", g)
	turn.Effects = append(turn.Effects, store.End{Socket: "e"})
	k.commit(turn)
	k.same(k.members("g"), []string{"c"}, "a socket that ends in its open is in no group")
}

func checkGroupsLeftAtDeadline(k *kit) {
	k.awake()
	one := store.Group{Name: "g", Max: 1}
	turn := joining("a")
	turn.Effects[0] = store.Open{TTL: 5 * time.Second, Groups: []store.Group{one, {Name: "h"}}}
	k.commit(turn)
	k.Advance(7 * time.Second)
	k.same(k.members("g"), []string{"a"}, "a socket whose deadline has passed is in its groups until it is claimed")
	k.over(k.commit(joining("b", one)), "g", "a socket whose deadline has passed counts until it is claimed")
	k.claimOne(time.Minute, "a socket is due when its deadline has passed")
	k.same(k.members("g"), []string{}, "a socket whose deadline was claimed is in no group")
	k.same(k.members("h"), []string{}, "a socket whose deadline was claimed has left all its groups")
	k.status(k.commit(joining("b", one)).Status, store.Applied, "a socket whose deadline was claimed makes room in its groups")
}

func checkGroupMax(k *kit) {
	two, three := store.Group{Name: "g", Max: 2}, store.Group{Name: "h", Max: 3}
	k.join("a", two, three)
	k.join("b", two, three)
	k.over(k.commit(joining("c", two)), "g", "an open beyond a group's Max is Exceeded")
	k.over(k.commit(joining("c", three, two)), "g", "an open is Exceeded if one of its groups has no room")
	k.same(k.members("h"), []string{"a", "b"}, "an open that is Exceeded joins no group")
	k.over(k.commit(joining("c", store.Group{Name: "h", Max: 1}, two)), "h", "the first group that has no room is named")
	k.status(k.commit(joining("c", three, store.Group{Name: "g", Max: 4})).Status, store.Applied, "an open is applied if all its groups have room: each open brings its own Max")
	k.same(k.members("g"), []string{"a", "b", "c"}, "an open that is applied joins its groups")
	k.join("d", store.Group{Name: "g"})
	k.over(k.commit(joining("e", store.Group{Name: "g", Max: 3})), "g", "an open counts all members of a group, also those that came without a Max")
	k.over(k.commit(joining("e", store.Group{Name: "new", Max: 1}, three)), "h", "an open is Exceeded if one of its groups has no room")
	k.status(k.commit(joining("e", store.Group{Name: "new", Max: 1}, store.Group{Name: "new", Max: 1})).Status, store.Applied, "an open that names a group twice is one member")
	k.do(store.End{Socket: "a"})
	k.status(k.commit(joining("f", three)).Status, store.Applied, "a socket that has ended makes room in its groups")
}

// checkGroupMaxAtOnce lets several instances open sockets of one group.
func checkGroupMaxAtOnce(k *kit) {
	const runners, each, room = 6, 8, 20
	var mu sync.Mutex
	applied := 0
	var wait sync.WaitGroup
	for r := range runners {
		s := []store.Store{k.Store, k.Another}[r%2]
		wait.Go(func() {
			for i := range each {
				t := joining(fmt.Sprintf("socket-%d-%d", r, i), store.Group{Name: "g", Max: room})
				t.Attempt = t.Cause.Socket
				out, err := s.Commit(k.Context(), t)
				if err != nil {
					k.Errorf("Commit: %v", err)
					return
				}
				mu.Lock()
				if out.Status == store.Applied {
					applied++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	k.must(applied == room, "of opens at once as many are applied as a group has room for: %d, not %d", applied, room)
	k.same(len(k.members("g")), room, "a group has as many members as opens were applied")
}

func checkSubscribeMax(k *kit) {
	k.open("a")
	k.open("b")
	subscribe := func(socket, topic string, max int) store.Effect {
		return store.Subscribe{Socket: socket, Topic: topic, Max: max}
	}
	k.room("subscriptions are made up to Max", subscribe("a", "t", 2), subscribe("a", "u", 2))
	k.over(k.commit(store.Turn{Cause: store.Cause{Key: "1"}, Effects: []store.Effect{subscribe("a", "v", 2)}}), "v", "a subscription beyond Max is Exceeded")
	k.status(k.read(store.Query{Topic: "v"}).Status, store.Missing, "a Subscribe that is Exceeded makes no topic")
	k.room("subscribing again is never one too many", subscribe("a", "u", 2), subscribe("a", "u", 1))
	k.room("each socket's subscriptions count by themselves", subscribe("b", "v", 1))
	k.over(k.say("b", 1, subscribe("b", "w", 1)), "w", "a subscription beyond Max is Exceeded")
	k.room("Max 0 means no limit", subscribe("a", "v", 0), subscribe("a", "w", 0))
	k.over(k.say("a", 1, subscribe("a", "x", 4)), "x", "all subscriptions of the socket count, also those that came without a Max")
	k.room("each Subscribe brings its own Max", subscribe("a", "x", 5))
	k.same(len(k.subs("a")), 5, "subscriptions are made up to Max")

	turn := opening("c", subscribe("c", "t", 1), subscribe("c", "u", 1))
	k.over(k.commit(turn), "u", "a turn's own subscriptions count")
	k.status(k.read(store.Query{Socket: "c"}).Status, store.Gone, "an open that is Exceeded opens nothing")
	out := k.say("b", 1, store.Bye{}, subscribe("b", "w", 1))
	k.status(out.Status, store.Applied, "a Subscribe after its socket's Bye does nothing, and exceeds nothing")
	k.room("a Subscribe for a socket that has ended or is not known does nothing, and exceeds nothing",
		store.End{Socket: "a"}, subscribe("a", "y", 1), subscribe("nobody", "y", 1), subscribe("nobody", "z", 1))
}

func checkSubscribeRoom(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t"}, store.Subscribe{Socket: "a", Topic: "u"})
	three := store.Subscribe{Socket: "a", Topic: "v", Max: 2}
	k.over(k.say("a", 1, three, store.Unsubscribe{Socket: "a", Topic: "t"}), "v", "effects take place in order: an Unsubscribe makes no room for a Subscribe before it")
	out := k.say("a", 1, store.Unsubscribe{Socket: "a", Topic: "t"}, store.Unsubscribe{Socket: "a", Topic: "t"}, three)
	k.status(out.Status, store.Applied, "effects take place in order: an Unsubscribe makes room for a Subscribe after it")
	k.over(k.say("a", 2, store.Unsubscribe{Socket: "a", Topic: "t"}, store.Subscribe{Socket: "a", Topic: "t", Max: 2}), "t", "an Unsubscribe of nothing makes no room")
	out = k.say("a", 2, store.Subscribe{Socket: "a", Topic: "v", Max: 2}, store.Unsubscribe{Socket: "a", Topic: "v"}, store.Subscribe{Socket: "a", Topic: "w", Max: 2})
	k.status(out.Status, store.Applied, "subscribing again does not count twice")
	k.same(len(k.subs("a")), 2, "subscriptions are those that were not ended")
	k.Advance(25 * time.Hour) // so that the topics are forgotten
	k.over(k.say("a", 3, store.Subscribe{Socket: "a", Topic: "x", Max: 2}), "x", "a subscription counts though its topic was forgotten")
	k.do(store.Unsubscribe{Socket: "a", Topic: "u"})
	k.status(k.say("a", 3, store.Subscribe{Socket: "a", Topic: "x", Max: 2}).Status, store.Applied, "a subscription whose topic was forgotten makes room when it is ended")
	k.do(store.End{Socket: "a"})
	k.room("a Subscribe for a socket that has ended does nothing, and exceeds nothing", store.Subscribe{Socket: "a", Topic: "y", Max: 1})
}

func checkPutMax(k *kit) {
	put := func(item, by string, max int) store.Effect {
		return store.Put{Item: item, By: by, Max: max, After: ttl}
	}
	refused := func(what string, effects ...store.Effect) {
		k.Helper()
		k.over(k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Effects: effects}), what, "an item beyond the Max of whom it is by is Exceeded")
	}
	k.room("items are put up to Max", put("1", "ann", 2), put("2", "ann", 2))
	refused("3", put("3", "ann", 2))
	k.status(k.read(store.Query{Item: "3"}).Status, store.Missing, "a Put that is Exceeded puts nothing")
	k.room("everybody's items count by themselves, and those without By not at all", put("b1", "bob", 1), put("3", "", 1), put("4", "", 1))
	refused("b2", put("b2", "bob", 1))
	k.room("an item that replaces one of By's is never one too many", put("2", "ann", 2), put("2", "ann", 1))
	refused("b1", put("b1", "ann", 2))
	k.same(k.read(store.Query{Item: "b1"}).Item.ID, "b1", "a Put that is Exceeded takes nothing away")
	refused("6", put("5", "ann", 3), put("6", "ann", 3))
	k.room("Max 0 means no limit", put("5", "ann", 0))
	refused("6", put("6", "ann", 3))
	k.room("each Put brings its own Max", put("6", "ann", 4))
	k.room("By is its name, not what its name begins with", put("7", "an", 1), put("8", "anna", 1))
}

func checkPutRoom(k *kit) {
	put := func(item, by string) store.Effect { return store.Put{Item: item, By: by, Max: 1, After: ttl} }
	k.do(put("1", "ann"))
	out := k.commit(store.Turn{Cause: store.Cause{Key: "1"}, Effects: []store.Effect{put("2", "ann"), store.Cancel{Item: "1"}}})
	k.over(out, "2", "effects take place in order: a Cancel makes no room for a Put before it")
	k.room("effects take place in order: a Cancel makes room for a Put after it", store.Cancel{Item: "1"}, put("2", "ann"))
	k.room("an item that replaces another's makes room for that one", put("2", "bob"), put("3", "ann"))
	out = k.commit(store.Turn{Cause: store.Cause{Key: "2"}, Effects: []store.Effect{store.Cancel{Item: "1"}, put("1", "bob")}})
	k.over(out, "1", "a Cancel of nothing makes no room; an item that replaces another's counts for its own")
	k.room("an item without By that replaces somebody's makes room for that one", store.Put{Item: "3", After: ttl}, put("4", "ann"))
	k.room("an item that a turn has put is one that it can cancel, or replace", put("4", "ann"), store.Cancel{Item: "4"}, put("5", "ann"), put("5", "ann"))
	k.open("a")
	out = k.say("a", 1, store.Cancel{Item: "5"}, put("6", "ann"), put("7", "ann"))
	k.over(out, "7", "a turn's own items count")
	k.do(store.Put{Item: "8", By: "ann", After: ttl})
	out = k.say("a", 1, store.Cancel{Item: "5"}, store.Cancel{Item: "5"}, put("9", "ann"))
	k.over(out, "9", "an item that is cancelled twice makes room once")
}

func checkItemsCount(k *kit) {
	put := func(item string) store.Effect {
		return store.Put{Item: item, Socket: "a", By: "ann", Max: 1, After: 20 * time.Second}
	}
	refused := func(rule string) {
		k.Helper()
		k.over(k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Effects: []store.Effect{put("other")}}), "other", "%s", rule)
	}
	k.open("a", put("i"))
	k.awake()
	refused("an item counts until it is due")
	k.Advance(11 * time.Second)
	refused("an item counts when it is due")
	d := k.claimOne(time.Second, "an item is due after its time")
	refused("an item counts while it is claimed")
	k.do(store.End{Socket: "a"})
	refused("an item counts though its socket has ended")
	k.Advance(3 * time.Second)
	refused("an item counts when its lease is over")
	out := k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}, Guards: []store.Guard{{Item: "none"}}, Effects: []store.Effect{put("i")}})
	k.status(out.Status, store.Conflict, "guards also hold for an item's turn")
	refused("an item whose turn is a Conflict exists, and counts")
	out = k.commit(store.Turn{Cause: store.Cause{Item: "i", Token: d.Token}, Effects: []store.Effect{put("j")}})
	k.status(out.Status, store.Applied, "the item whose turn it is has gone before the effects take place, and makes room")
	refused("the item that an item's turn has put counts")
	k.room("an item that is cancelled makes room", store.Cancel{Item: "j"}, put("other"))
}

func checkExceededLast(k *kit) {
	k.join("a", store.Group{Name: "g"})
	two := []store.Effect{store.Subscribe{Socket: "a", Topic: "t", Max: 1}, store.Subscribe{Socket: "a", Topic: "u", Max: 1}}
	turn := func(c store.Cause, guards ...store.Guard) store.Status {
		return k.commit(store.Turn{Cause: c, Guards: guards, Effects: two}).Status
	}
	one := store.Cause{Socket: "a", Number: 1}
	k.status(turn(one, store.Guard{Item: "none"}), store.Conflict, "the guards decide before what has a Max does")
	k.status(turn(store.Cause{Socket: "a", Number: 2}), store.Gap, "the cause decides before what has a Max does")
	k.status(turn(store.Cause{Socket: "nobody", Number: 1}), store.Gone, "the cause decides before what has a Max does")
	k.status(turn(one), store.Exceeded, "a turn whose cause and guards hold is Exceeded if one of its effects is")
	k.say("a", 1)
	k.status(turn(one), store.Repeated, "the cause decides before what has a Max does")
	k.status(k.commit(joining("a", store.Group{Name: "g", Max: 1})).Status, store.Repeated, "an open that was applied is Repeated, though its group has no more room")
	full := joining("b", store.Group{Name: "g", Max: 1})
	full.Guards = []store.Guard{{Item: "none"}}
	k.status(k.commit(full).Status, store.Conflict, "the guards of an open decide before its groups do")
	k.fill("a", store.MaxEntries/2+1, 1)
	k.status(turn(store.Cause{Socket: "a", Number: 2}), store.Full, "a stream that is Full decides before what has a Max does")
	bye := append(two, store.Bye{})
	k.status(k.say("a", 2, bye...).Status, store.Exceeded, "a turn that is not Full because of its Bye can be Exceeded")
	k.status(k.say("a", 2, store.Bye{}).Status, store.Applied, "a message whose turn was Exceeded can be applied with other effects")
}

func checkExceededNothing(k *kit) {
	k.open("a", store.Subscribe{Socket: "a", Topic: "t", Data: []byte("s")}, store.Put{Item: "i", By: "ann", After: ttl})
	before := k.entries("a")
	number := k.do(store.Publish{Topic: "p", Data: []byte("1"), Value: []byte("v")}).At[0]
	out := k.commit(store.Turn{
		Cause: store.Cause{Socket: "a", Number: 1}, Ack: before.Top,
		Effects: []store.Effect{
			store.Append{Socket: "a", Data: []byte("x")}, store.Publish{Topic: "p", Data: []byte("2"), Value: []byte("w")}, store.Publish{Topic: "new"},
			store.Unsubscribe{Socket: "a", Topic: "t"}, store.Cancel{Item: "i"}, store.Put{Item: "j", Socket: "a", By: "ann", Max: 1},
			store.End{Socket: "a"}, store.Put{Item: "k", By: "ann", Max: 1},
		},
	})
	k.over(out, "k", "a turn is Exceeded if one of its effects is, the last one too")
	k.must(out.Number == 0 && out.Top == before.Top && out.At == nil, "on Exceeded, Number and Top are what they were, and there is no At: %+v", out)
	k.same(k.entries("a"), before, "a turn that is Exceeded leaves nothing behind, not even its Ack")
	k.same(k.read(store.Query{Topic: "p", Value: true}), store.Reply{Top: number, Value: []byte("v")}, "a turn that is Exceeded publishes nothing")
	k.status(k.read(store.Query{Topic: "new"}).Status, store.Missing, "a turn that is Exceeded makes no topic")
	k.same(len(k.subs("a")), 1, "a turn that is Exceeded ends no subscription")
	k.status(k.read(store.Query{Item: "i"}).Status, store.Applied, "a turn that is Exceeded cancels nothing")
	k.status(k.read(store.Query{Item: "j"}).Status, store.Missing, "a turn that is Exceeded puts nothing")
	key := store.Turn{Cause: store.Cause{Key: "once"}, Effects: []store.Effect{store.Put{Item: "k", By: "ann", Max: 1}}}
	k.over(k.commit(key), "k", "an item beyond the Max of whom it is by is Exceeded")
	k.do(store.Cancel{Item: "i"})
	k.status(k.commit(key).Status, store.Applied, "a key is used by a turn that is Applied, not by one that is Exceeded")
}

func checkRewindLimits(k *kit) {
	k.join("a", store.Group{Name: "g"})
	k.do(store.Subscribe{Socket: "a", Topic: "t"}, store.Put{Item: "i", By: "ann", After: ttl})
	rewind := k.mark()
	k.join("b", store.Group{Name: "g"}, store.Group{Name: "h"})
	k.do(store.Subscribe{Socket: "a", Topic: "u"}, store.Put{Item: "j", By: "ann", After: ttl}, store.Put{Item: "k", By: "bob", After: ttl})
	rewind()
	k.same(k.members("g"), []string{"a"}, "a store that was rewound has the members that it had")
	out := k.commit(joining("c", store.Group{Name: "g", Max: 2}, store.Group{Name: "h", Max: 1}))
	k.status(out.Status, store.Applied, "members that were lost take no room")
	k.room("subscriptions and items that were lost take no room",
		store.Subscribe{Socket: "a", Topic: "v", Max: 2}, store.Put{Item: "l", By: "ann", Max: 2}, store.Put{Item: "m", By: "bob", Max: 1})
	k.do(store.End{Socket: "a"}, store.End{Socket: "c"})
	rewind()
	k.same(k.members("g"), []string{"a"}, "a store that was rewound has the members that it had, also those that had ended since")
	k.over(k.commit(joining("d", store.Group{Name: "g", Max: 1})), "g", "a store that was rewound counts what it had")
	k.over(k.say("a", 1, store.Subscribe{Socket: "a", Topic: "u", Max: 1}), "u", "a store that was rewound counts what it had")
	k.over(k.say("a", 1, store.Put{Item: "j", By: "ann", Max: 1}), "j", "a store that was rewound counts what it had")
}

func checkWipeLimits(k *kit) {
	if k.Wipe == nil {
		k.Skip("the harness cannot wipe the store")
	}
	one := store.Group{Name: "g", Max: 1}
	k.join("a", one)
	k.do(store.Put{Item: "i", By: "ann"})
	k.Wipe()
	k.same(k.members("g"), []string{}, "a store that lost everything says so: a group has no members")
	k.status(k.commit(joining("b", one)).Status, store.Applied, "members that were lost take no room")
	k.room("items that were lost take no room", store.Put{Item: "j", By: "ann", Max: 1})
}
