package storetest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// groupChecks are about what is said to all sockets of a group.
var groupChecks = []check{
	{"AppendAll", checkAppendAll},
	{"AppendAllAtOnce", checkAppendAllAtOnce},
	{"NoticesOfAppendAll", checkAppendAllNotices},
}

func checkAppendAll(k *kit) {
	g, h := store.Group{Name: "g"}, store.Group{Name: "gg"}
	k.join("a", g)
	k.join("b", h, g, g)
	k.join("c", h)
	k.join("left", g)
	k.do(store.End{Socket: "left"})
	out := k.do(store.AppendAll{Group: "g", Data: []byte("1")}, store.AppendAll{Group: "nobody", Data: []byte("2")})
	k.must(out.At[0].IsZero() && out.At[1].IsZero(), "At of an AppendAll is zero")
	k.same(texts(k.entries("a").Entries), []string{"1"}, "AppendAll adds an entry to each of the group's sockets")
	k.same(texts(k.entries("b").Entries), []string{"1"}, "AppendAll adds one entry to each of the group's sockets")
	k.same(texts(k.entries("c").Entries), []string{}, "AppendAll adds nothing to sockets of other groups")

	turn := joining("d", g)
	turn.Effects = append(turn.Effects, store.AppendAll{Group: "g", Data: []byte("3")}, store.Append{Socket: "a", Data: []byte("4")})
	k.status(k.commit(turn).Status, store.Applied, "a turn that opens a socket may have an AppendAll")
	k.same(texts(k.entries("d").Entries), []string{"3"}, "AppendAll finds the socket that its turn has opened")
	k.same(texts(k.entries("a").Entries), []string{"1", "3", "4"}, "AppendAll takes its place in the order of effects")

	k.do(store.End{Socket: "b"}, store.AppendAll{Group: "g", Data: []byte("5")})
	k.same(texts(k.entries("a").Entries), []string{"1", "3", "4", "5"}, "AppendAll passes over sockets that have ended before it in the same turn")
	out = k.commit(store.Turn{
		Cause: store.Cause{Key: "refused"}, Guards: []store.Guard{{Item: "none"}},
		Effects: []store.Effect{store.AppendAll{Group: "g", Data: []byte("6")}},
	})
	k.status(out.Status, store.Conflict, "a turn whose guards do not hold is a Conflict")
	k.same(texts(k.entries("d").Entries), []string{"3", "5"}, "AppendAll of a turn that is not applied adds nothing")
	out = k.say("d", 1, store.AppendAll{Group: "g", Data: []byte("7")})
	k.same(out.Top, k.entries("d").Top, "the outcome's Top is behind what an AppendAll added to the cause's own socket")
}

// checkAppendAllAtOnce opens sockets while their group is told things, and leaves a trace of the order in a topic.
func checkAppendAllAtOnce(k *kit) {
	const runners, each = 4, 8
	var wait sync.WaitGroup
	run := func(s store.Store, t store.Turn, trace string) {
		t.Attempt = trace
		t.Effects = append(t.Effects, store.Publish{Topic: "trace", Data: []byte(trace)})
		if out, err := s.Commit(k.Context(), t); err != nil || out.Status != store.Applied {
			k.Errorf("Commit of %s: %v, %v", trace, out.Status, err)
		}
	}
	for r := range runners {
		s := []store.Store{k.Store, k.Another}[r%2]
		wait.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", r, i)
				run(s, joining(name, store.Group{Name: "g"}), "open "+name)
				run(s, store.Turn{Cause: store.Cause{Key: name}, Effects: []store.Effect{store.AppendAll{Group: "g", Data: []byte("tell " + name)}}}, "tell "+name)
			}
		})
	}
	wait.Wait()
	trace := texts(k.read(store.Query{Topic: "trace", Entries: true}).Entries)
	for i, what := range trace {
		socket, ok := strings.CutPrefix(what, "open ")
		if !ok {
			continue
		}
		want := []string{}
		for _, later := range trace[i:] {
			if strings.HasPrefix(later, "tell ") {
				want = append(want, later)
			}
		}
		k.same(texts(k.entries(socket).Entries), want, "a socket gets every AppendAll that is applied after its open, and none from before")
	}
}

func checkAppendAllNotices(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	top := map[string]store.Cursor{}
	for socket, at := range map[string]*inbox{"mine": a, "other": b} {
		turn := joining(socket, store.Group{Name: "g"})
		turn.Effects[0] = store.Open{Secret: secret, Attach: 1, Inbox: at.Inbox(), TTL: ttl, Groups: []store.Group{{Name: "g"}}}
		top[socket] = k.commit(turn).Top
	}
	out := k.commit(store.Turn{
		Cause: store.Cause{Key: "k"}, From: a.Inbox(), Effects: []store.Effect{store.AppendAll{Group: "g", Data: []byte("1")}},
	})
	k.status(out.Status, store.Applied, "a turn may be committed from an inbox")
	for socket, at := range map[string]*inbox{"mine": a, "other": b} {
		entries := k.entries(socket).Entries
		k.must(len(entries) == 1, "AppendAll adds an entry to each of the group's sockets")
		k.same(at.soFar(), []store.Notice{{Kind: store.Added, Socket: socket, Prev: top[socket].Tag, Entry: entries[0]}},
			"what an AppendAll adds is noticed at each socket's inbox, also at that which it comes from")
	}
}
