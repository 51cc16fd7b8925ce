package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// fieldChecks are about topics that have fields.
var fieldChecks = []check{
	{"Fields", checkFields},
	{"FieldsAnyBytes", checkFieldBytes},
	{"FieldsOrValue", checkFieldsOrValue},
	{"FieldsAreForgotten", checkFieldsForgotten},
	{"FieldGuards", checkFieldGuards},
	{"FieldGuardsAreApart", checkFieldsApart},
	{"FieldsMax", checkFieldsMax},
	{"FieldsMaxBytes", checkFieldsMaxBytes},
	{"FieldsMaxFindsRoom", checkFieldsRoom},
	{"NoLostFieldUpdate", checkNoLostFieldUpdate},
	{"FieldsAsOfTop", checkFieldsAsOfTop},
	{"RewindOfFields", checkRewindFields},
}

// set is a Publish that sets fields of topic t; a field without a text is removed.
func set(fields ...string) store.Publish {
	p := store.Publish{Topic: "t", Data: []byte("x")}
	for i := 0; i < len(fields); i += 2 {
		f := store.Field{Name: fields[i]}
		if fields[i+1] != "" {
			f.Value = []byte(fields[i+1])
		}
		p.Fields = append(p.Fields, f)
	}
	return p
}

// fields returns the fields of topic t, each as name=value, in the order of the reply.
func (k *kit) fields() []string {
	k.Helper()
	all := []string{}
	for _, f := range k.read(store.Query{Topic: "t", Fields: true}).Fields {
		all = append(all, f.Name+"="+string(f.Value))
	}
	return all
}

func (k *kit) field(name string) store.Field {
	k.Helper()
	fields := k.read(store.Query{Topic: "t", Field: name}).Fields
	if len(fields) == 0 {
		return store.Field{}
	}
	k.same(len(fields), 1, "who asks for one field gets one")
	return fields[0]
}

func checkFields(k *kit) {
	for _, q := range []store.Query{{Topic: "t", Field: "a"}, {Topic: "t", Fields: true}} {
		k.status(k.read(q).Status, store.Missing, "the fields of a topic that nobody made are Missing")
	}
	empty := k.do(store.Publish{Topic: "t"}).At[0]
	r := k.read(store.Query{Topic: "t", Fields: true})
	k.must(r.Status == store.Applied && len(r.Fields) == 0 && r.Top == empty, "a topic without fields can be asked for them: %+v", r)

	first := k.do(set("b", "1", "a", "2", "é", "3", "Z", "4")).At[0]
	k.same(k.fields(), []string{"Z=4", "a=2", "b=1", "é=3"}, "fields are read in the order of their names' bytes")
	second := k.do(set("b", "5", "c", "6", "a", "")).At[0]
	r = k.read(store.Query{Topic: "t", Fields: true})
	k.same(r.Fields, []store.Field{
		{Name: "Z", Value: []byte("4"), At: first}, {Name: "b", Value: []byte("5"), At: second}, {Name: "c", Value: []byte("6"), At: second}, {Name: "é", Value: []byte("3"), At: first},
	}, "a Publish sets and removes fields, and leaves the others as they are; each says where it was set last")
	k.must(r.Top == second && r.Value == nil, "fields are read with the topic's top: %v", r.Top)
	r = k.read(store.Query{Topic: "t", Field: "Z"})
	k.same(r.Fields, []store.Field{{Name: "Z", Value: []byte("4"), At: first}}, "one field can be asked for")
	k.same(r.Top, second, "one field is read with the topic's top")
	r = k.read(store.Query{Topic: "t", Field: "a"})
	k.must(r.Status == store.Applied && len(r.Fields) == 0, "a field that was removed does not exist: %+v", r)
	r = k.read(store.Query{Topic: "t"})
	k.same(len(r.Entries), 3, "a Publish with fields is one entry")

	k.do(set("b", "", "none", ""))
	k.do(store.Publish{Topic: "t", Keep: 1})
	k.same(k.fields(), []string{"Z=4", "c=6", "é=3"}, "fields outlive the entry that set them; removing one that does not exist changes nothing")
	k.do(set("c", "", "c", "7", "d", "8", "d", ""))
	k.same(k.fields(), []string{"Z=4", "c=7", "é=3"}, "fields of a Publish are set in order")
	k.do(set("Z", "", "c", "", "é", ""))
	k.same(k.fields(), []string{}, "all fields can be removed")

	value := []byte("mine")
	k.do(store.Publish{Topic: "t", Fields: []store.Field{{Name: "f", Value: value}}})
	copy(value, "else")
	copy(k.field("f").Value, "else")
	k.same(k.fields(), []string{"f=mine"}, "fields are kept, and returned, as copies")
	_, err := k.Store.Commit(k.Context(), store.Turn{Cause: store.Cause{Key: "k"}, Attempt: "x", Effects: []store.Effect{set("", "1")}})
	k.must(err != nil, "a field has a name")
}

func checkFieldBytes(k *kit) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	names := []string{"1,2.abcde|", "nf", "v", "top", "o1", string(all[32:127]), "日本"}
	for _, name := range names {
		k.do(store.Publish{Topic: "t", Fields: []store.Field{{Name: name, Value: all}}})
	}
	k.do(store.Publish{Topic: "t", Fields: []store.Field{{Name: "empty", Value: []byte{}}}})
	k.same(len(k.read(store.Query{Topic: "t", Fields: true}).Fields), len(names)+1, "a field can have any name")
	for _, name := range names {
		k.same(k.field(name).Value, all, "a field can be any bytes, whatever its name (%q)", name)
	}
	f := k.field("empty")
	k.must(f.Value != nil && len(f.Value) == 0, "an empty field is a field: %+v", f)
	k.same(len(k.read(store.Query{Topic: "t"}).Entries), len(names)+1, "no field is taken for an entry")
}

func checkFieldsOrValue(k *kit) {
	value := func() string { return string(k.read(store.Query{Topic: "t", Value: true}).Value) }
	k.do(store.Publish{Topic: "t", Value: []byte("v")})
	k.do(set("none", ""))
	k.must(k.read(store.Query{Topic: "t", Value: true}).Value == nil, "a Publish with fields takes the value's place, though it sets none")
	k.do(set("a", "1", "b", "2"))
	k.do(store.Publish{Topic: "t", Value: []byte("w")})
	k.same(k.fields(), []string{}, "a value takes the place of all fields")
	k.same(value(), "w", "a value takes the place of all fields")
	k.do(set("a", "3"), store.Publish{Topic: "t", Value: []byte("x")}, set("c", "4"))
	k.same(k.fields(), []string{"c=4"}, "the last one counts of a value and fields in one turn")
	k.same(value(), "", "the last one counts of a value and fields in one turn")
	k.do(set("d", "5"), store.Publish{Topic: "t", Value: []byte("y")})
	k.same(k.fields(), []string{}, "the last one counts of a value and fields in one turn")
	k.same(value(), "y", "the last one counts of a value and fields in one turn")
	both := set("a", "1")
	both.Value = []byte("v")
	_, err := k.Store.Commit(k.Context(), store.Turn{Cause: store.Cause{Key: "k"}, Attempt: "x", Effects: []store.Effect{both}})
	k.must(err != nil, "a Publish has a value or fields, not both")
}

func checkFieldsForgotten(k *kit) {
	lived := set("a", "1", "b", "2")
	lived.TTL = time.Minute
	at := k.do(lived).At[0]
	for _, q := range []store.Query{{Topic: "t", Field: "a"}, {Topic: "t", Field: "none"}, {Topic: "t", Fields: true}} {
		k.Advance(58 * time.Second)
		k.status(k.read(q).Status, store.Applied, "a topic's time to live begins anew when its fields are read")
	}
	k.Advance(58 * time.Second)
	k.same(k.fields(), []string{"a=1", "b=2"}, "fields live as long as their topic")
	k.Advance(62 * time.Second)
	k.status(k.read(store.Query{Topic: "t", Field: "a"}).Status, store.Missing, "fields are forgotten with their topic")
	out := k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Guards: []store.Guard{{Topic: "t", Field: "a", At: at}}})
	k.status(out.Status, store.Conflict, "a field of a topic that was forgotten does not exist")
	k.same(out.Fresh, []store.Fresh{{Topic: "t", Field: "a"}}, "a field of a topic that was forgotten does not exist")
	lived = set("c", "3")
	lived.MaxFields, lived.MaxBytes = 1, 2
	k.do(lived)
	k.same(k.fields(), []string{"c=3"}, "a topic that was made anew has none of the fields that it had, and room for others")
}

func checkFieldGuards(k *kit) {
	a := k.do(set("a", "1")).At[0]
	b := k.do(set("b", "2")).At[0]
	k.open("s")
	turn := store.Turn{
		Cause:   store.Cause{Socket: "s", Number: 1},
		Guards:  []store.Guard{{Topic: "t", Field: "b", At: b}, {Topic: "t", Field: "c"}, {Topic: "none", Field: "c"}, {Topic: "t", At: b}, {Topic: "t", Field: "a", At: b}},
		Effects: []store.Effect{set("a", "3"), store.Append{Socket: "s"}},
	}
	out := k.commit(turn)
	k.status(out.Status, store.Conflict, "a guard on a field holds only if it was set last at At")
	k.same(out.Fresh, []store.Fresh{
		{Topic: "t", Field: "b", At: b, Value: []byte("2")}, {Topic: "t", Field: "c"}, {Topic: "none", Field: "c"}, {Topic: "t", At: b}, {Topic: "t", Field: "a", At: a, Value: []byte("1")},
	}, "on Conflict, Fresh has what guarded topics and fields hold, in the order of the guards")
	k.same(k.fields(), []string{"a=1", "b=2"}, "a Conflict leaves nothing behind")
	for _, wrong := range []store.Guard{
		{Topic: "t", Field: "a"}, {Topic: "t", Field: "a", At: store.Cursor{Offset: a.Offset, Tag: "00000"}}, {Topic: "t", Field: "a", At: store.Cursor{Offset: a.Offset}},
		{Topic: "t", Field: "c", At: a}, {Topic: "t", Field: "c", At: store.Cursor{Offset: 1}}, {Topic: "none", Field: "a", At: a},
	} {
		out := k.commit(store.Turn{Cause: turn.Cause, Guards: []store.Guard{wrong}})
		k.status(out.Status, store.Conflict, "a guard on a field holds only if it was set last at At: %+v", wrong)
	}
	turn.Guards[4].At = a
	k.status(k.commit(turn).Status, store.Applied, "a turn is applied if all its guards hold, those on fields too")
	k.status(k.commit(turn).Status, store.Repeated, "a turn that was applied is Repeated, though its guards do not hold any more")
}

func checkFieldsApart(k *kit) {
	a := k.do(set("a", "1", "b", "1")).At[0]
	guarded := func(g store.Guard, f store.Publish) store.Status {
		return k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Guards: []store.Guard{g}, Effects: []store.Effect{f}}).Status
	}
	top := k.do(set("b", "2", "c", "2")).At[0]
	k.status(guarded(store.Guard{Topic: "t", Field: "a", At: a}, set("a", "3")), store.Applied, "a guard on a field holds whatever becomes of the topic's others")
	k.status(guarded(store.Guard{Topic: "t", Field: "d"}, set("d", "4")), store.Applied, "a guard on a field that does not exist holds whatever becomes of the topic's others")
	k.status(guarded(store.Guard{Topic: "t", At: top}, set("b", "5")), store.Conflict, "a guard on a topic notices every change of a field")
	k.status(guarded(store.Guard{Topic: "t", Field: "a", At: a}, set("a", "6")), store.Conflict, "a guard on a field does not hold when it was set again")
	k.do(set("d", ""))
	k.status(guarded(store.Guard{Topic: "t", Field: "d"}, set("d", "7")), store.Applied, "a field that was removed is one that does not exist")
	d := k.field("d").At
	k.do(set("d", ""), set("d", "7"))
	k.status(guarded(store.Guard{Topic: "t", Field: "d", At: d}, set("d", "8")), store.Conflict, "a field that was removed and set to the same again is another one")
	d = k.field("d").At
	k.do(store.Publish{Topic: "t", Value: []byte("v")}, set("d", "7"))
	k.status(guarded(store.Guard{Topic: "t", Field: "d", At: d}, set("d", "8")), store.Conflict, "a field whose place a value took is gone")
}

// bounded is a Publish with a Max.
func bounded(fields, bytes int, p store.Publish) store.Publish {
	p.MaxFields, p.MaxBytes = fields, bytes
	return p
}

// tooMany checks that a turn has no room for a field.
func (k *kit) tooMany(effects ...store.Effect) {
	k.Helper()
	before := k.fields()
	out := k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Effects: effects})
	k.over(out, "t", "a Publish that leaves more fields than MaxFields, or more bytes of them than MaxBytes, is Exceeded")
	k.same(k.fields(), before, "a turn that is Exceeded leaves nothing behind")
}

func checkFieldsMax(k *kit) {
	k.room("fields are set up to MaxFields", bounded(2, 0, set("a", "1", "b", "1")))
	k.tooMany(bounded(2, 0, set("c", "1")))
	k.tooMany(bounded(2, 0, set("a", "", "c", "1", "d", "1")))
	k.room("a field that is set again is never one too many", bounded(2, 0, set("a", "2")), bounded(1, 0, set("b", "2")))
	k.room("a field that goes makes room for another one", bounded(2, 0, set("a", "", "c", "1")), bounded(1, 0, set("c", "", "d", "1")))
	k.room("MaxFields 0 means no limit", set("e", "1", "f", "1"))
	k.tooMany(bounded(3, 0, set("g", "1")))
	k.room("a Publish after which there are no more fields than before is never Exceeded", bounded(1, 0, set("e", "")), bounded(2, 0, set("x", "")), bounded(1, 0, store.Publish{Topic: "t"}))
	k.same(k.fields(), []string{"b=2", "d=1", "f=1"}, "fields are set and removed up to MaxFields")
	k.room("a value takes no room of fields", bounded(1, 1, store.Publish{Topic: "t", Value: []byte("long")}), bounded(1, 2, set("a", "1")))
	k.room("each topic's fields count by themselves", store.Publish{Topic: "u", Fields: []store.Field{{Name: "a", Value: []byte{}}}, MaxFields: 1, MaxBytes: 1})
}

func checkFieldsMaxBytes(k *kit) {
	k.room("fields are set up to MaxBytes of names and values", bounded(0, 10, set("ab", "123", "c", "1234")))
	k.tooMany(bounded(0, 10, set("c", "12345")))
	k.tooMany(bounded(0, 10, store.Publish{Topic: "t", Fields: []store.Field{{Name: "d", Value: []byte{}}}}))
	k.room("a smaller field makes room", bounded(0, 10, set("c", "1")), bounded(0, 10, set("de", "1")))
	k.tooMany(bounded(0, 10, set("ab", "", "de", "1234567")))
	k.room("a field that goes makes room", bounded(0, 10, set("ab", "", "de", "123456")))
	k.room("MaxBytes 0 means no limit", set("f", "0123456789"))
	k.room("a Publish after which there are no more bytes than before is never Exceeded", bounded(0, 5, set("f", "012345678", "g", "")), bounded(0, 5, set("f", "x12345678")))
	k.same(k.fields(), []string{"c=1", "de=123456", "f=x12345678"}, "fields are set up to MaxBytes")
}

func checkFieldsRoom(k *kit) {
	k.do(set("a", "1", "b", "1"))
	k.tooMany(bounded(2, 0, set("c", "1")), set("a", ""))
	k.tooMany(set("a", ""), bounded(2, 0, set("c", "1")), bounded(2, 0, set("d", "1")))
	k.room("effects take place in order: a field that goes makes room for one after it", set("a", ""), bounded(2, 0, set("c", "1")))
	k.room("effects take place in order: a value makes room for fields after it", store.Publish{Topic: "t", Value: []byte("v")}, bounded(1, 2, set("d", "1")))
	k.tooMany(set("d", "", "e", "1", "e", "2"), bounded(1, 0, set("d", "1")))
	k.room("a field that is set twice counts once", set("d", "", "e", "1", "e", "2"), bounded(1, 2, set("e", "3")), bounded(2, 4, set("f", "1")))
	k.same(k.fields(), []string{"e=3", "f=1"}, "effects take place in order")
	out := k.commit(store.Turn{Cause: store.Cause{Key: "k"}, Guards: []store.Guard{{Topic: "t", Field: "e"}}, Effects: []store.Effect{bounded(2, 0, set("g", "1"))}})
	k.status(out.Status, store.Conflict, "the guards decide before what has a Max does")
}

// checkNoLostFieldUpdate lets runners count up a field of their own, and one that all share, each on what it read.
func checkNoLostFieldUpdate(k *kit) {
	const runners, rounds = 6, 15
	var wait sync.WaitGroup
	for r := range runners {
		s := []store.Store{k.Store, k.Another}[r%2]
		wait.Go(func() {
			own := fmt.Sprint("of ", r)
			for i := range rounds {
				if n := k.countUp(s, own, fmt.Sprintf("own-%d-%d", r, i)); n > 0 {
					k.Errorf("broken rule: turns on different fields of a topic do not conflict: %d did", n)
				}
				k.countUp(s, "all", fmt.Sprintf("all-%d-%d", r, i))
			}
		})
	}
	wait.Wait()
	k.same(string(k.field("all").Value), fmt.Sprint(runners*rounds), "what a turn read of a field still stands when it is applied: no update is lost")
	for r := range runners {
		k.same(string(k.field(fmt.Sprint("of ", r)).Value), fmt.Sprint(rounds), "what a turn read of a field still stands when it is applied: no update is lost")
	}
}

// checkFieldsAsOfTop reads all fields while runners set some: as each entry sets one and removes none, one was set at the top.
func checkFieldsAsOfTop(k *kit) {
	k.do(set("first", "1"))
	var runners, reader sync.WaitGroup
	for r := range 3 {
		s := []store.Store{k.Store, k.Another}[r%2]
		runners.Go(func() {
			for i := range 20 {
				k.countUp(s, fmt.Sprint(i), fmt.Sprintf("runner-%d-%d", r, i))
			}
		})
	}
	done := make(chan struct{})
	reader.Go(func() {
		for {
			replies, err := k.Another.Read(k.Context(), []store.Query{{Topic: "t", Fields: true}})
			if err != nil || len(replies) != 1 || !slices.ContainsFunc(replies[0].Fields, func(f store.Field) bool { return f.At == replies[0].Top }) {
				k.Errorf("broken rule: fields are read as of the top that is read with them: %+v, %v", replies, err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	runners.Wait()
	close(done)
	reader.Wait()
}

// countUp counts a field up, and returns how often that was a Conflict.
func (k *kit) countUp(s store.Store, field, name string) (conflicts int) {
	replies, err := s.Read(k.Context(), []store.Query{{Topic: "t", Field: field}})
	if err != nil || len(replies) != 1 {
		k.Errorf("Read: %v", err)
		return 0
	}
	var f store.Field
	if len(replies[0].Fields) == 1 {
		f = replies[0].Fields[0]
	}
	for {
		var n int
		fmt.Sscan(string(f.Value), &n)
		attempt := fmt.Sprintf("%s-%d", name, conflicts)
		out, err := s.Commit(k.Context(), store.Turn{
			Cause: store.Cause{Key: attempt}, Attempt: attempt,
			Guards:  []store.Guard{{Topic: "t", Field: field, At: f.At}},
			Effects: []store.Effect{set(field, fmt.Sprint(n+1))},
		})
		switch {
		case err != nil:
			k.Errorf("Commit: %v", err)
			return conflicts
		case out.Status == store.Applied:
			return conflicts
		case out.Status != store.Conflict || len(out.Fresh) != 1:
			k.Errorf("broken rule: a guarded turn is Applied or a Conflict, not %s", statusName(out.Status))
			return conflicts
		}
		conflicts++
		f.At, f.Value = out.Fresh[0].At, out.Fresh[0].Value
	}
}

func checkRewindFields(k *kit) {
	k.do(set("a", "1", "b", "1"))
	kept := k.field("a")
	rewind := k.mark()
	k.do(set("a", "2", "c", "22"))
	lost := k.field("a")
	k.do(set("b", ""))
	rewind()
	k.same(k.fields(), []string{"a=1", "b=1"}, "a store that was rewound has the fields that it had")
	k.same(k.field("a"), kept, "a field that was rewound is where it was")
	guarded := func(at store.Cursor) store.Status {
		return k.commit(store.Turn{Cause: store.Cause{Key: k.name("key")}, Guards: []store.Guard{{Topic: "t", Field: "a", At: at}}}).Status
	}
	k.status(guarded(lost.At), store.Conflict, "a guard notices that a field was rewound")
	k.status(guarded(kept.At), store.Applied, "a field that was rewound is where it was")
	k.do(set("a", "3"))
	k.must(k.field("a").At.Offset == lost.At.Offset, "offsets are given out again")
	k.status(guarded(lost.At), store.Conflict, "a guard notices that a field was rewound, also when it was set again at the same offset")
	k.tooMany(bounded(2, 0, set("c", "1")))
	k.room("fields that were lost take no room", bounded(3, 6, set("c", "1")))
	if k.Wipe == nil {
		return
	}
	k.Wipe()
	k.status(guarded(k.field("a").At), store.Applied, "a store that lost everything has no field")
	k.status(guarded(lost.At), store.Conflict, "a store that lost everything has no field")
}
