package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/sojourn-go/sojourn/store"
)

// The clock of a random sequence moves in ticks of 22 s. The contract's own times (10 s, 30 s, 2 minutes, 24 hours) and the durations below
// all end at least 5 s from a tick, and each kind at another distance. So it does not matter that a store's clock goes on by
// itself while the sequence runs, and things of two kinds never become due at the same instant.
const tick = 22 * time.Second

var (
	socketTTLs = []time.Duration{29 * time.Second, 95 * time.Second, 100*tick + 7*time.Second, 4000*tick + 7*time.Second}
	afters     = []time.Duration{13 * time.Second, 79 * time.Second}
	leases     = []time.Duration{17 * time.Second, 39 * time.Second}
	topicTTLs  = []time.Duration{59 * time.Second, 0}
	keyTTLs    = []time.Duration{37 * time.Second, 0}
	advances   = []int{1, 1, 1, 1, 1, 1, 2, 2, 2, 5, 1963} // in ticks; the last is not quite 12 hours
)

// Few names, so that operations meet each other.
var (
	topicNames = []string{"t", "u"}
	itemNames  = []string{"i", "j"}
	keyNames   = []string{"k", "l"}
	fieldNames = []string{"f", "g", "long"}
	groupNames = []string{"g", "h"}
	byNames    = []string{"", "", "x", "y"}
)

func pick[T any](p *pair, what string, from ...T) T { return rapid.SampledFrom(from).Draw(p.T, what) }

func (p *pair) socket() string { return pick(p, "socket", p.sockets[:]...) }
func (p *pair) topic() string  { return pick(p, "topic", topicNames...) }
func (p *pair) instance() int  { return pick(p, "instance", 0, 1) }

// cursor returns a place of a stream that was met, or one that never was.
func (p *pair) cursor(stream string) store.Cursor {
	from := []store.Cursor{{}, {Offset: 2, Tag: "00000"}}
	if met := p.cursors[stream]; len(met) > 0 {
		from = append(from, met...)
		from = append(from, met[len(met)-1], met[len(met)-1])
	}
	return pick(p, "cursor", from...)
}

// run is the random sequence.
func (p *pair) run() {
	weights := []struct {
		name   string
		weight int
		run    func()
	}{
		{"open", 1, p.open}, {"message", 5, p.message}, {"goodbye", 2, p.goodbye}, {"item", 2, p.item}, {"key", 2, p.key},
		{"attach", 4, p.attachSocket}, {"keep", 2, p.keep}, {"claim", 3, p.claim}, {"read", 2, p.read}, {"advance", 3, p.advance},
	}
	operations := map[string]func(*rapid.T){}
	for _, w := range weights {
		for i := range w.weight {
			operations[fmt.Sprint(w.name, " ", i)] = func(*rapid.T) { w.run() }
		}
	}
	for i := range p.sockets {
		p.openAt(i)
	}
	for range 3 {
		p.Repeat(operations)
	}
	p.everything()
}

// open opens a socket, mostly one that nobody had before in place of one that has ended.
func (p *pair) open() {
	i := pick(p, "place", 0, 1, 2)
	p.renew(i)
	p.openAt(i)
}

// renew mostly gives a socket that has ended a name that nobody had, and tells whether it did.
func (p *pair) renew(place int) bool {
	if !p.gone[p.sockets[place]] || !pick(p, "anew", true, true, true, false) {
		return false
	}
	p.made++
	p.sockets[place] = fmt.Sprint("socket-", p.made)
	return true
}

// living returns a socket that is mostly one that has not ended.
func (p *pair) living() string {
	i := pick(p, "place", 0, 1, 2)
	if p.renew(i) {
		p.openAt(i)
	}
	return p.sockets[i]
}

func (p *pair) openAt(place int) {
	id := p.sockets[place]
	inbox := p.instance()
	open := store.Open{
		Secret: secret, User: []byte("user of " + id), Session: "s", Attach: 1, TTL: pick(p, "ttl", socketTTLs...), Groups: p.groups(),
	}
	effects := p.effects()
	t := store.Turn{Cause: store.Cause{Socket: id}, Guards: p.guards(), Effects: append([]store.Effect{open}, effects...)}
	out := p.commit(p.instance(), t, func(s *side) store.Turn {
		t, open := t, open
		open.Inbox = s.inboxes[inbox]
		t.Effects = append([]store.Effect{open}, effects...)
		return t
	})
	if out.Status == store.Applied {
		p.attach[id] = 1
	}
}

func (p *pair) message() {
	id := p.living()
	t := store.Turn{
		Cause:   store.Cause{Socket: id, Number: p.numbers[id] + pick[uint64](p, "number", 1, 1, 1, 1, 0, 2)},
		Ack:     p.cursor("socket " + id),
		Guards:  p.guards(),
		Effects: p.effects(),
	}
	if t.Cause.Number == 0 {
		t.Cause.Number = 1
	}
	if pick(p, "bye", 0, 0, 0, 0, 0, 0, 0, 0, 1) == 1 {
		t.Effects = append(t.Effects, store.Bye{Code: 4004, Why: "left", Keep: time.Hour})
	}
	if p.commitFrom(t).Status == store.Gone {
		p.gone[id] = true
	}
}

// commitFrom commits a turn that is the same for both sides, from the inbox of an instance.
func (p *pair) commitFrom(t store.Turn) store.Outcome {
	i := p.instance()
	return p.commit(i, t, func(s *side) store.Turn {
		t := t
		t.From = s.inboxes[i]
		return t
	})
}

func (p *pair) goodbye() {
	id := p.socket()
	if p.sides[0].tokens[id] == "" {
		p.claim()
	}
	t := store.Turn{Cause: store.Cause{Socket: id, Token: id}, Effects: append(p.effects(), store.Bye{Code: 4011, Why: "bye"})}
	p.commitWith(t, id)
}

func (p *pair) item() {
	id := pick(p, "item", itemNames...)
	if p.sides[0].tokens["item "+id] == "" {
		p.claim()
	}
	t := store.Turn{Cause: store.Cause{Item: id, Token: "item " + id}, Guards: p.guards(), Effects: p.effects()}
	p.commitWith(t, "item "+id)
}

// commitWith commits a turn with the token that each side had from its last claim of the thing.
func (p *pair) commitWith(t store.Turn, name string) {
	p.commit(p.instance(), t, func(s *side) store.Turn {
		t := t
		t.Cause.Token = s.tokens[name]
		if t.Cause.Token == "" {
			t.Cause.Token = "none"
		}
		return t
	})
}

func (p *pair) key() {
	cause := store.Cause{Key: pick(p, "key", keyNames...), KeepKey: pick(p, "keep", keyTTLs...)}
	p.commitFrom(store.Turn{Cause: cause, Guards: p.guards(), Effects: p.effects()})
}

// guards are those of a turn that has read something, now and then something that is not so.
func (p *pair) guards() []store.Guard {
	switch pick(p, "guard", 0, 0, 0, 0, 0, 0, 1, 2, 3) {
	case 1:
		return []store.Guard{{Topic: "t", At: p.cursor("topic t")}, {Topic: "u", At: p.cursor("topic u")}}
	case 2:
		return []store.Guard{{Item: pick(p, "item", itemNames...)}, {Topic: "t", At: p.cursor("topic t")}}
	case 3:
		topic := p.topic()
		return []store.Guard{{Topic: topic, Field: pick(p, "field", fieldNames...), At: p.cursor("topic " + topic)}}
	}
	return nil
}

// fields are what a Publish sets and removes.
func (p *pair) fields(data []byte) (fields []store.Field) {
	for range rapid.IntRange(1, 3).Draw(p.T, "fields") {
		fields = append(fields, store.Field{Name: pick(p, "field", fieldNames...), Value: pick(p, "value", data, data, []byte{}, nil)})
	}
	return fields
}

func (p *pair) groups() (groups []store.Group) {
	for range rapid.IntRange(0, 2).Draw(p.T, "groups") {
		groups = append(groups, store.Group{Name: pick(p, "group", groupNames...), Max: pick(p, "max", 0, 0, 0, 3, 2, 1)})
	}
	return groups
}

func (p *pair) effects() []store.Effect {
	var all []store.Effect
	for range rapid.IntRange(0, 4).Draw(p.T, "effects") {
		all = append(all, p.effect()...)
	}
	return all
}

func (p *pair) effect() []store.Effect {
	p.made++
	data := []byte(fmt.Sprintf("data-%d", p.made))
	one := func(e store.Effect) []store.Effect { return []store.Effect{e} }
	switch rapid.IntRange(0, 10).Draw(p.T, "effect") {
	case 0, 1:
		return one(store.Append{Socket: p.socket(), Data: data})
	case 2, 3:
		e := store.Publish{Topic: p.topic(), Data: data, Keep: pick(p, "keep", 0, 2, 5), TTL: pick(p, "ttl", topicTTLs...)}
		e.KeepBytes = pick(p, "bytes", 0, 0, 15)
		switch pick(p, "state", "none", "value", "fields", "fields") {
		case "value":
			e.Value = data
		case "fields":
			e.Fields, e.MaxFields, e.MaxBytes = p.fields(data), pick(p, "max", 0, 0, 2, 1), pick(p, "bytes", 0, 0, 20)
		}
		return one(e)
	case 4, 5:
		return one(store.Subscribe{
			Socket: p.socket(), Topic: p.topic(), Back: pick(p, "back", 0, 1, 9), State: pick(p, "state", false, false, true),
			TTL: pick(p, "ttl", topicTTLs...), Max: pick(p, "max", 0, 0, 0, 2, 1), Data: []byte(subscribed),
		})
	case 6:
		return one(store.Unsubscribe{Socket: p.socket(), Topic: p.topic(), Data: []byte(unsubscribed)})
	case 7:
		socket := pick(p, "socket", append(p.sockets[:], "")...)
		return one(store.Put{
			Item: pick(p, "item", itemNames...), Socket: socket, After: pick(p, "after", afters...), Data: data,
			By: pick(p, "by", byNames...), Max: pick(p, "max", 0, 0, 2, 1),
		})
	case 8:
		return one(store.Cancel{Item: pick(p, "item", itemNames...)})
	case 9:
		if pick(p, "end", 0, 0, 0, 1) == 1 {
			return one(store.End{Socket: p.socket(), Code: 4011, Why: "ended"})
		}
		return one(store.AppendAll{Group: pick(p, "group", groupNames...), Data: data})
	default:
		// Enough to fill a stream beyond its half, and with luck beyond its end.
		var many []store.Effect
		id := p.socket()
		for range pick(p, "many", 1, 501, 700) {
			many = append(many, store.Append{Socket: id, Data: data})
		}
		return many
	}
}

func (p *pair) attachSocket() {
	id := p.living()
	a := store.Attach{
		Socket: id, Secret: pick(p, "secret", secret, secret, secret, secret, secret, secret, secret, "wrong"),
		Number: p.attach[id] + pick[uint64](p, "attach", 2, 1, 1, 0) - pick[uint64](p, "less", 0, 0, min(1, p.attach[id])),
		TTL:    pick(p, "ttl", socketTTLs...), Cursor: p.cursor("socket " + id), Max: pick(p, "max", 0, 0, 3),
		In: p.numbers[id] - pick[uint64](p, "in", 0, min(1, p.numbers[id])) + pick[uint64](p, "in", 0, 0, 0, 1),
	}
	if pick(p, "topics", false, true) {
		a.Topics = map[string]store.Cursor{"t": p.cursor("topic t"), "none": {Offset: 1, Tag: "00000"}}
	}
	if a.Kept = pick(p, "kept", false, false, true); a.Kept {
		a.Number = pick(p, "number", a.Number, 0, 0)
	}
	i := p.instance()
	found := both(p, fmt.Sprintf("Attach(%+v)", a), func(s *side) (store.Attached, error) {
		a := a
		a.Inbox = s.inboxes[i]
		f, err := s.instance(i).Attach(p.t.Context(), a)
		f.Socket = plain(f.Socket)
		if f.Status == store.Gone {
			f.Socket = tomb(f.Socket)
		}
		f.Entries, f.Subs, f.NextDue = s.entries(f.Entries), s.subs(f.Subs), sign(f.NextDue)
		return f, err
	})
	switch found.Status {
	case store.Applied, store.Lost:
		p.attach[id] = found.Socket.Attach
	case store.Gone:
		p.gone[id] = true
	}
}

func (p *pair) keep() {
	var held []store.Held
	for _, id := range p.sockets {
		if pick(p, "held", true, false) {
			less := pick[uint64](p, "less", 0, 0, min(1, p.attach[id]))
			held = append(held, store.Held{
				Socket: id, Attach: p.attach[id] - less, TTL: pick(p, "ttl", socketTTLs...), Ack: p.cursor("socket " + id),
			})
		}
	}
	i, letGo := p.instance(), pick(p, "let go", false, false, true)
	both(p, fmt.Sprintf("Keep(%+v) %v", held, letGo), func(s *side) ([]store.Kept, error) {
		held := append([]store.Held{}, held...)
		for n := range held {
			if !letGo {
				held[n].Inbox = s.inboxes[i]
			}
		}
		kept, err := s.instance(i).Keep(p.t.Context(), held)
		for n, k := range kept {
			switch k.Status {
			case store.Applied:
				kept[n].Socket = store.Socket{Number: k.Socket.Number, Top: k.Socket.Top}
			case store.Gone:
				kept[n].Socket = tomb(k.Socket)
			default:
				kept[n].Socket = store.Socket{}
			}
		}
		return append([]store.Kept{}, kept...), err
	})
}

// claim claims all that is due: which part of it would come first is not the same in two stores.
func (p *pair) claim() {
	i, lease := p.instance(), pick(p, "lease", leases...)
	both(p, fmt.Sprintf("Claim(%v)", lease), func(s *side) (store.Claimed, error) {
		c, err := s.instance(i).Claim(p.t.Context(), 100, lease)
		c.Due, c.NextDue = s.due(c.Due), sign(c.NextDue)
		return c, err
	})
}

func (p *pair) advance() {
	ticks := pick(p, "ticks", advances...)
	for _, s := range p.sides {
		s.Advance(time.Duration(ticks) * tick)
	}
}

func (p *pair) read() {
	var queries []store.Query
	for range rapid.IntRange(1, 3).Draw(p.T, "queries") {
		id, topic := p.socket(), p.topic()
		queries = append(queries, pick(p, "query",
			store.Query{Socket: id},
			store.Query{Item: pick(p, "item", itemNames...)},
			store.Query{Group: pick(p, "group", groupNames...)},
			store.Query{Topic: topic, Value: true},
			store.Query{Topic: topic, Fields: true},
			store.Query{Topic: topic, Field: pick(p, "field", fieldNames...)},
			store.Query{Topic: topic, After: p.cursor("topic " + topic), Max: pick(p, "max", 0, 2)},
			store.Query{Socket: id, Entries: true, After: p.cursor("socket " + id), Max: pick(p, "max", 0, 2)},
		))
	}
	p.compare(queries)
}

// everything reads all that there is.
func (p *pair) everything() {
	var queries []store.Query
	for _, id := range p.sockets {
		queries = append(queries, store.Query{Socket: id}, store.Query{Socket: id, Entries: true, Max: 2 * store.MaxEntries})
	}
	for _, name := range topicNames {
		queries = append(queries, store.Query{Topic: name, Value: true}, store.Query{Topic: name, Fields: true}, store.Query{Topic: name})
	}
	for _, name := range itemNames {
		queries = append(queries, store.Query{Item: name})
	}
	for _, name := range groupNames {
		queries = append(queries, store.Query{Group: name})
	}
	p.compare(queries)
}

func (p *pair) compare(queries []store.Query) {
	i := p.instance()
	both(p, fmt.Sprintf("Read(%+v)", queries), func(s *side) ([]store.Reply, error) {
		replies, err := s.instance(i).Read(p.t.Context(), queries)
		for n, r := range replies {
			r.Entries = s.entries(r.Entries)
			r.Item.Data = nonNil(r.Item.Data)
			r.Fields = append([]store.Field{}, r.Fields...)
			switch q := queries[n]; {
			case r.Status == store.Gone:
				r = store.Reply{Status: r.Status, Sock: tomb(r.Sock)}
			case q.Socket != "" && !q.Entries:
				r = store.Reply{Status: r.Status, Sock: plain(r.Sock)}
			case q.Value:
				r.From = store.Cursor{}
			case q.Socket != "":
				r.Sock = store.Socket{}
			}
			replies[n] = r
		}
		return replies, err
	})
}
