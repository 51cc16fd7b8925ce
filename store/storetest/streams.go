package storetest

import (
	"fmt"

	"github.com/sojourn-go/sojourn/store"
)

// streamChecks are about the entries of sockets' streams.
var streamChecks = []check{
	{"TagsAreChained", checkTags},
	{"EntriesAreRead", checkEntriesAreRead},
	{"CursorsAreChecked", checkCursors},
	{"FullStreamIsLetGo", checkOverflow},
	{"FullStreamByBytes", checkOverflowByBytes},
	{"DataIsCopied", checkDataIsCopied},
	{"AnyBytes", checkAnyBytes},
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

func checkCursors(k *kit) {
	open := k.open("a")
	k.fill("a", 5, 1)
	e := k.entries("a").Entries
	r := k.read(store.Query{Socket: "a", Entries: true, After: open.Top})
	k.status(r.Status, store.Applied, "the place before the first entry is on the stream")
	k.same(r.Entries, e, "all entries come after the place before the first")
	r = k.read(store.Query{Socket: "a", Entries: true, After: e[4].Cursor})
	k.status(r.Status, store.Applied, "the top is on the stream")
	k.same(len(r.Entries), 0, "nothing comes after the top")
	for _, c := range []store.Cursor{
		{Offset: 0, Tag: "xxxxx"}, {Offset: 3, Tag: e[3].Tag}, {Offset: 5, Tag: "xxxxx"}, {Offset: 6, Tag: e[4].Tag}, {Offset: 3},
	} {
		r = k.read(store.Query{Socket: "a", Entries: true, After: c})
		k.status(r.Status, store.Lost, "a cursor that is not on the stream (%v) is Lost", c)
		k.must(r.Rewound, "a cursor that was never on the stream (%v) says Rewound", c)
		k.same(r.From, open.Top, "on Lost, From is the oldest place that is kept")
		k.same(r.Entries, e, "on Lost, Entries begin at From")
	}
	k.commit(store.Turn{Cause: store.Cause{Socket: "a", Number: 1}, Ack: e[1].Cursor})
	for _, c := range []store.Cursor{open.Top, e[0].Cursor} {
		r = k.read(store.Query{Socket: "a", Entries: true, After: c})
		k.status(r.Status, store.Lost, "a cursor older than what is kept is Lost")
		k.must(!r.Rewound, "a cursor older than what is kept is not Rewound")
		k.same(r.From, e[1].Cursor, "on Lost, From is the oldest place that is kept")
		k.same(r.Entries, e[2:], "on Lost, Entries begin at From")
	}
	r = k.read(store.Query{Socket: "a", Entries: true, After: e[1].Cursor})
	k.status(r.Status, store.Applied, "the oldest place that is kept is on the stream")
	k.same(r.Entries, e[2:], "entries after the oldest place are those that are kept")
	r = k.read(store.Query{Socket: "a", Entries: true, After: store.Cursor{Offset: 2, Tag: "xxxxx"}})
	k.must(r.Status == store.Lost && r.Rewound, "the oldest place that is kept has a tag too: another is Lost, and Rewound")
	r = k.read(store.Query{Socket: "a", Entries: true})
	k.status(r.Status, store.Applied, "After zero is never Lost")
	k.same(r.From, e[1].Cursor, "After zero means from the oldest place that is kept")
}

func checkOverflow(k *kit) {
	k.open("a")
	top := k.fill("a", store.MaxEntries, 1)
	k.same(len(k.entries("a").Entries), store.MaxEntries, "a stream holds MaxEntries")
	out := k.do(store.Append{Socket: "a", Data: []byte("one more")})
	k.same(out.At[0].Offset, top.Offset+1, "letting go of entries does not change how offsets count")
	r := k.entries("a")
	k.same(texts(r.Entries), []string{"one more"}, "if the stream is full, all entries are let go before an Append")
	k.same(r.From, top, "the oldest place that is kept is before the Append")
	found := k.attach(store.Attach{Socket: "a", Number: 1, Cursor: store.Cursor{Offset: 3, Tag: "xxxxx"}})
	k.status(found.Status, store.Lost, "a client whose entries were let go finds its cursor Lost")
	k.same(found.From, top, "on Lost, From is the oldest place that is kept")
	k.same(texts(found.Entries), []string{"one more"}, "on Lost, Entries begin at From")
}

func checkOverflowByBytes(k *kit) {
	k.open("a")
	k.fill("a", 16, store.MaxBytes/16)
	k.same(len(k.entries("a").Entries), 16, "a stream holds MaxBytes")
	k.fill("a", 1, 1)
	k.same(len(k.entries("a").Entries), 1, "if the stream would hold more than MaxBytes, all entries are let go before an Append")
	k.fill("a", 1, store.MaxBytes)
	k.same(len(k.entries("a").Entries), 1, "if the stream would hold more than MaxBytes, all entries are let go before an Append")
	k.fill("a", 1, store.MaxBytes+1)
	k.same(len(k.entries("a").Entries), 1, "an entry larger than MaxBytes is kept by itself")
	k.fill("a", 2, 1)
	k.same(len(k.entries("a").Entries), 2, "what was let go does not count as bytes of the stream any more")
}

func checkDataIsCopied(k *kit) {
	data := map[string][]byte{}
	text := func(name string) []byte {
		data[name] = []byte(name)
		return data[name]
	}
	turn := opening("a",
		store.Append{Socket: "a", Data: text("append")},
		store.Publish{Topic: "t", Data: text("publish"), Value: text("value")},
		store.Put{Item: "i", After: ttl, Data: text("item")},
	)
	turn.Effects[0] = store.Open{Secret: secret, User: text("user"), TTL: ttl}
	k.commit(turn)
	for _, b := range data {
		clear(b)
	}
	for range 2 { // the second time, after the first answers were written over
		value := k.read(store.Query{Topic: "t", Value: true}).Value
		user := k.read(store.Query{Socket: "a"}).Sock.User
		item := k.read(store.Query{Item: "i"}).Item.Data
		got := []string{
			string(k.entries("a").Entries[0].Data), string(k.read(store.Query{Topic: "t"}).Entries[0].Data),
			string(value), string(user), string(item),
		}
		k.same(got, []string{"append", "publish", "value", "user", "item"}, "data is never changed, and never kept by reference to the caller's memory")
		clear(value)
		clear(user)
		clear(item)
	}
}

func checkAnyBytes(k *kit) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	odd := []string{"", string(all), "\r\n", "0", "nil", "{}", "-1", " "}
	for i, text := range odd {
		b := []byte(text)
		id := k.name("sock,et|*{}:%")
		turn := opening(id,
			store.Append{Socket: id, Data: b},
			store.Publish{Topic: "t:" + id, Data: b, Value: b},
			store.Put{Item: "i:" + id, Data: b, After: ttl},
		)
		turn.Effects[0] = store.Open{Secret: secret, User: b, TTL: ttl}
		k.commit(turn)
		value := k.read(store.Query{Topic: "t:" + id, Value: true}).Value
		k.must(value != nil, "a value that is empty is a value, and not nil")
		got := []string{
			string(k.entries(id).Entries[0].Data), string(k.read(store.Query{Topic: "t:" + id}).Entries[0].Data), string(value),
			string(k.read(store.Query{Item: "i:" + id}).Item.Data), string(k.read(store.Query{Socket: id}).Sock.User),
		}
		k.same(got, []string{text, text, text, text, text}, "data is opaque: any bytes (case %d) come back as they were given", i)
	}
}
