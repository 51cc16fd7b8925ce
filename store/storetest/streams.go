package storetest

import (
	"fmt"

	"github.com/sojourn-go/sojourn/store"
)

// streamChecks are about the entries of sockets' streams.
var streamChecks = []check{
	{"TagsAreChained", checkTags},
	{"EntriesAreRead", checkEntriesAreRead},
}

func checkTags(k *kit) {
	turns := []string{k.attempt(), k.attempt(), k.attempt()}
	open := opening("a")
	open.Attempt = turns[0]
	k.commit(open)
	for i, a := range turns[1:] {
		n := uint64(i + 1)
		out := k.commit(store.Turn{
			Cause: store.Cause{Socket: "a", Number: n}, Attempt: a,
			Effects: []store.Effect{
				store.Append{Socket: "a", Data: []byte("x")},
				store.Append{Socket: "a", Data: []byte("y")},
			},
		})
		k.status(out.Status, store.Applied, "message %d is applied", n)
	}
	want := chain(turns[0], turns[1], turns[1], turns[2], turns[2])
	got := k.entries("a")
	k.same(got.From, want[0], "a stream begins at offset 0, with the tag of the turn that made it")
	for i, e := range got.Entries {
		k.same(e.Cursor, want[i+1], "an entry's tag is made of the tag before it and the Attempt of the turn that wrote it")
	}
	k.same(got.Top, want[4], "the top is the place after the last entry")
}

func checkEntriesAreRead(k *kit) {
	k.open("a")
	var want []string
	for i := range 300 {
		text := fmt.Sprint(i)
		want = append(want, text)
		k.say("a", uint64(i+1), store.Append{Socket: "a", Data: []byte(text)})
	}
	all := k.entries("a").Entries
	k.same(texts(all), want, "offsets count 1, 2, 3, without gaps")
	k.same(all, k.entries("a").Entries, "an entry that was read once is read the same again")
	k.same(len(k.read(store.Query{Socket: "a", Entries: true}).Entries), 256, "Max 0 means 256 entries")
	r := k.read(store.Query{Socket: "a", Entries: true, After: all[9].Cursor, Max: 3})
	k.status(r.Status, store.Applied, "entries after a place of the stream are read")
	k.same(r.From, all[9].Cursor, "Entries begin at From, which is the query's After")
	k.same(r.Entries, all[10:13], "entries after a place are those that follow it, Max at most")
	k.same(r.Top, all[299].Cursor, "Top is the stream's, whatever was read of it")
}
