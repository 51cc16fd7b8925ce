package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// noticeChecks are about watches. Notices are hints and may be lost, but where nothing is broken they come.
var noticeChecks = []check{
	{"NoticesOfSockets", checkSocketNotices},
	{"NoticesOfTopics", checkTopicNotices},
	{"NoticesAreChained", checkNoticesChained},
	{"NoticesNotToFrom", checkNoticesFrom},
	{"NoticesOfAttaches", checkMoved},
	{"NoticesOfEnds", checkEndNotices},
	{"KeepTakesInbox", checkKeepInbox},
	{"Volatile", checkVolatile},
	{"WatchClose", checkWatchClose},
	{"Close", checkClose},
}

// inbox is a watch and what came to it.
type inbox struct {
	k *kit
	store.Watch
	notices chan store.Notice
	fence   string // a topic that it watches, and a socket that it is attached to
}

func (k *kit) watch(s store.Store) *inbox {
	k.Helper()
	b := &inbox{k: k, notices: make(chan store.Notice, 4096), fence: k.name("fence")}
	var running atomic.Bool
	w, err := s.Watch(k.Context(), func(n store.Notice) {
		if !running.CompareAndSwap(false, true) {
			k.Error("broken rule: deliver is called from one goroutine at a time")
		}
		b.notices <- n
		running.Store(false)
	})
	if err != nil {
		k.Fatalf("Watch: %v", err)
	}
	k.Cleanup(func() { w.Close() })
	b.Watch = w
	k.must(w.Inbox() != "", "an inbox has a name")
	b.topics([]string{b.fence}, nil)
	turn := opening(b.fence)
	turn.Effects[0] = store.Open{Secret: secret, Attach: 1, Inbox: w.Inbox(), TTL: 1000 * ttl}
	k.commit(turn)
	return b
}

func (b *inbox) topics(add, drop []string) {
	b.k.Helper()
	if err := b.Topics(b.k.Context(), add, drop); err != nil {
		b.k.Fatalf("Topics: %v", err)
	}
}

// next waits for a notice.
func (b *inbox) next(rule string) store.Notice {
	b.k.Helper()
	select {
	case n := <-b.notices:
		return n
	case <-time.After(20 * time.Second): // far beyond what any store needs
		b.k.Fatalf("broken rule: %s: no notice came", rule)
		return store.Notice{}
	}
}

// soFar returns all that came because of what was done before, by waiting for notices of something later.
func (b *inbox) soFar() []store.Notice {
	b.k.Helper()
	b.k.do(store.Publish{Topic: b.fence}, store.Append{Socket: b.fence})
	all := []store.Notice{}
	for fences := 0; fences < 2; {
		n := b.next("an Append to a socket that is attached, and a Publish to a topic that is watched, are noticed")
		if n.Topic == b.fence || n.Socket == b.fence {
			fences++
		} else {
			all = append(all, n)
		}
	}
	return all
}

// none fails the check if anything came.
func (b *inbox) none(rule string) {
	b.k.Helper()
	got := b.soFar()
	b.k.must(len(got) == 0, "%s: %+v", rule, got)
}

// openFor opens a socket that is attached to an inbox.
func (k *kit) openFor(b *inbox, socket string) store.Outcome {
	k.Helper()
	turn := opening(socket)
	turn.Effects[0] = store.Open{Secret: secret, Attach: 1, Inbox: b.Inbox(), TTL: ttl}
	return k.commit(turn)
}

func checkSocketNotices(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	k.must(a.Inbox() != b.Inbox(), "each watch has an inbox of its own: %q", a.Inbox())
	top := k.openFor(a, "s").Top
	out := k.do(
		store.Append{Socket: "s", Data: []byte("1")},
		store.Subscribe{Socket: "s", Topic: "t", Data: []byte("sub,")},
		store.Unsubscribe{Socket: "s", Topic: "t", Data: []byte("unsub,")},
		store.Append{Socket: "s", Data: []byte("2")},
	)
	want := []store.Notice{}
	prev := top.Tag
	for _, e := range k.entries("s").Entries {
		want = append(want, store.Notice{Kind: store.Added, Socket: "s", Prev: prev, Entry: e})
		prev = e.Tag
	}
	k.must(len(want) == len(out.At), "each of these effects adds an entry")
	k.same(a.soFar(), want, "every entry that is added to a socket's stream is noticed at its inbox, with the tag of the place before it")
	b.none("a socket's entries are noticed at its inbox, and at no other")

	k.do(store.Append{Socket: "s", Data: make([]byte, 100_000)})
	got := a.soFar()
	k.must(len(got) == 1 && (got[0].Entry.Data == nil || len(got[0].Entry.Data) == 100_000),
		"a large entry is noticed, with its data or with nil: %d notices", len(got))
}

func checkTopicNotices(k *kit) {
	a, b, c := k.watch(k.Store), k.watch(k.Another), k.watch(k.Another)
	a.topics([]string{"t", "u"}, nil)
	b.topics([]string{"t"}, nil)
	at := k.do(store.Publish{Topic: "t", Data: []byte("x"), Value: []byte("v")}).At[0]
	for _, w := range []*inbox{a, b} {
		got := w.soFar()
		k.must(len(got) == 1, "an entry of a topic is noticed once by everybody who watches it: %+v", got)
		want := store.Notice{Kind: store.Added, Topic: "t", Prev: got[0].Prev, Entry: store.Entry{Cursor: at, Data: []byte("x")}}
		k.same(got[0], want, "a topic's notice has the entry")
	}
	c.none("a topic is noticed only by who watches it")
	b.topics([]string{"u"}, []string{"t", "none"})
	k.do(store.Publish{Topic: "t"})
	b.none("a topic that was dropped is not noticed any more")
	k.do(store.Publish{Topic: "u"})
	k.must(len(b.soFar()) == 1, "when Topics has returned, every entry from then on is noticed")
	k.must(len(a.soFar()) == 2, "one watch's topics do not change another's")
}

func checkNoticesChained(k *kit) {
	w := k.watch(k.Another)
	w.topics([]string{"t"}, nil)
	for i := range 50 {
		k.do(store.Publish{Topic: "t", Data: fmt.Append(nil, i), Keep: 3}, store.Publish{Topic: "t", Data: []byte("x")})
	}
	got := w.soFar()
	k.must(len(got) == 100, "every entry is noticed: %d of 100", len(got))
	for i, n := range got[1:] {
		k.must(n.Entry.Offset == got[i].Entry.Offset+1 && n.Prev == got[i].Entry.Tag,
			"notices of a stream come in order, and Prev is the tag of the place before: %+v after %+v", n, got[i])
	}
}

func checkNoticesFrom(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	a.topics([]string{"t"}, nil)
	b.topics([]string{"t"}, nil)
	k.openFor(a, "mine")
	k.openFor(b, "other")
	out := k.commit(store.Turn{
		Cause: store.Cause{Socket: "mine", Number: 1},
		From:  a.Inbox(),
		Effects: []store.Effect{
			store.Append{Socket: "mine", Data: []byte("1")},
			store.Append{Socket: "other", Data: []byte("2")},
			store.Publish{Topic: "t", Data: []byte("3")},
			store.End{Socket: "mine"},
		},
	})
	k.status(out.Status, store.Applied, "a turn may be committed from an inbox")
	a.none("From is not noticed of what it commits itself")
	got := b.soFar()
	k.must(len(got) == 2, "all others are noticed of what is committed from an inbox: %+v", got)

	out = k.commit(store.Turn{Cause: store.Cause{Socket: "mine", Number: 1}, Effects: []store.Effect{store.Append{Socket: "other"}}})
	k.status(out.Status, store.Repeated, "a message that was applied is Repeated")
	b.none("a turn that is not Applied is not noticed")
}

func checkMoved(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	k.openFor(a, "s")
	k.attach(store.Attach{Socket: "s", Number: 2, Inbox: b.Inbox()})
	k.same(a.soFar(), []store.Notice{{Kind: store.Moved, Socket: "s", Number: 2}}, "the inbox of the attach before gets a Moved notice with the newer number")
	b.none("the inbox of the newest attach gets no Moved notice")
	k.attach(store.Attach{Socket: "s", Number: 2, Inbox: b.Inbox()})
	k.attach(store.Attach{Socket: "s", Number: 1, Inbox: a.Inbox()})
	k.attach(store.Attach{Socket: "s", Number: 9, Inbox: a.Inbox(), In: 9})
	b.none("an attach that is repeated, Stale or Rewound moves nothing")
	k.do(store.Append{Socket: "s"})
	k.must(len(b.soFar()) == 1, "entries are noticed at the inbox of the newest attach")
	a.none("entries are not noticed at an inbox that was replaced")
	k.attach(store.Attach{Socket: "s", Number: 3, Inbox: b.Inbox()})
	k.same(b.soFar(), []store.Notice{{Kind: store.Moved, Socket: "s", Number: 3}}, "the attach before gets its Moved notice, also if the newer one has the same inbox")
}

func checkEndNotices(k *kit) {
	w := k.watch(k.Another)
	moved := func(rule string) {
		k.Helper()
		k.same(w.soFar(), []store.Notice{{Kind: store.Moved, Socket: "s"}}, "%s", rule)
	}
	k.openFor(w, "s")
	k.do(store.End{Socket: "s", Code: 4011})
	moved("End is noticed at the socket's inbox, as Moved with number 0")
	k.awake()
	d := k.claimOne(time.Minute, "a socket that was ended is due")
	k.commit(store.Turn{Cause: store.Cause{Socket: "s", Token: d.Token}, Effects: []store.Effect{store.Bye{}}})
	w.soFar()
	k.Advance(24*time.Hour + time.Minute)

	k.openFor(w, "s")
	k.say("s", 1, store.Bye{Code: 4004})
	moved("Bye is noticed at the socket's inbox, as Moved with number 0")
	k.Advance(24*time.Hour + time.Minute)

	k.openFor(w, "s")
	k.Advance(ttl + time.Minute)
	k.awake()
	k.claimOne(time.Minute, "a socket whose deadline passed is due")
	moved("a socket that ends by being claimed is noticed at its inbox, as Moved with number 0")
}

func checkKeepInbox(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Another)
	k.openFor(a, "s")
	k.keep(store.Held{Socket: "s", Attach: 1, Inbox: b.Inbox(), TTL: ttl})
	k.do(store.Append{Socket: "s"})
	k.must(len(b.soFar()) == 1, "a connection's inbox becomes the socket's when it is kept")
	a.none("an inbox that was replaced is not noticed of entries")
	k.attach(store.Attach{Socket: "s", Number: 2, Inbox: b.Inbox()})
	b.soFar()
	k.keep(store.Held{Socket: "s", Attach: 1, Inbox: a.Inbox(), TTL: ttl})
	k.keep(store.Held{Socket: "s", Inbox: a.Inbox(), TTL: ttl})
	k.do(store.Append{Socket: "s"})
	a.none("the inbox of a connection that was replaced, or of none, does not become the socket's")
	k.must(len(b.soFar()) == 1, "the inbox of the newest attach stays")
}

func checkVolatile(k *kit) {
	v, ok := k.Store.(store.Volatiler)
	if !ok {
		k.Skip("the store is no Volatiler")
	}
	send := func(topic, socket, data string) {
		k.Helper()
		if err := v.Volatile(k.Context(), topic, socket, []byte(data)); err != nil {
			k.Fatalf("Volatile: %v", err)
		}
	}
	a, b := k.watch(k.Store), k.watch(k.Another)
	a.topics([]string{"t"}, nil)
	b.topics([]string{"t"}, nil)
	k.openFor(b, "s")
	send("t", "", "1")
	want := store.Notice{Kind: store.Volatile, Topic: "t", Entry: store.Entry{Data: []byte("1")}}
	k.same(a.soFar(), []store.Notice{want}, "volatile data goes to whoever watches the topic")
	k.same(b.soFar(), []store.Notice{want}, "volatile data goes to whoever watches the topic")
	k.status(k.read(store.Query{Topic: "t"}).Status, store.Missing, "volatile data is not remembered")

	send("", "s", "2")
	want = store.Notice{Kind: store.Volatile, Socket: "s", Entry: store.Entry{Data: []byte("2")}}
	k.same(b.soFar(), []store.Notice{want}, "volatile data goes to the connection that is attached to the socket")
	a.none("volatile data for a socket goes nowhere else")
	k.same(len(k.entries("s").Entries), 0, "volatile data is not remembered")
	send("nobody's", "", "3")
	send("", "nobody", "4")
	k.do(store.End{Socket: "s"})
	b.soFar()
	send("", "s", "5")
	a.none("volatile data is lost if there is nobody for it")
	b.none("volatile data is lost if there is nobody for it")
}

func checkWatchClose(k *kit) {
	a, b := k.watch(k.Store), k.watch(k.Store)
	b.topics([]string{"t"}, nil)
	k.openFor(b, "s")
	if err := b.Close(); err != nil {
		k.Errorf("Watch.Close: %v", err)
	}
	came := len(b.notices)
	a.topics([]string{"t"}, nil)
	k.do(store.Publish{Topic: "t"}, store.Append{Socket: "s"})
	k.must(len(a.soFar()) == 1, "closing one watch does not close another")
	k.must(len(b.notices) == came, "when Watch.Close has returned, deliver is not called any more")
	if err := b.Close(); err != nil {
		k.Errorf("Watch.Close again: %v", err)
	}
	c := k.watch(k.Store)
	k.must(c.Inbox() != b.Inbox(), "an inbox is not used again by anybody")
}

func checkClose(k *kit) {
	w := k.watch(k.Store)
	if err := k.Store.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}
	ctx := k.Context()
	calls := map[string]func() error{
		"Attach": func() error { _, err := k.Store.Attach(ctx, store.Attach{Socket: "a"}); return err },
		"Commit": func() error {
			_, err := k.Store.Commit(ctx, store.Turn{Cause: store.Cause{Key: "k"}, Attempt: "x"})
			return err
		},
		"Read":   func() error { _, err := k.Store.Read(ctx, []store.Query{{Topic: "t"}}); return err },
		"Keep":   func() error { _, err := k.Store.Keep(ctx, []store.Held{{Socket: "a"}}); return err },
		"Claim":  func() error { _, err := k.Store.Claim(ctx, 1, time.Second); return err },
		"Watch":  func() error { _, err := k.Store.Watch(ctx, func(store.Notice) {}); return err },
		"Topics": func() error { return w.Topics(ctx, []string{"t"}, nil) },
	}
	if v, ok := k.Store.(store.Volatiler); ok {
		calls["Volatile"] = func() error { return v.Volatile(ctx, "t", "", nil) }
	}
	if c, ok := k.Store.(store.Checker); ok {
		calls["Check"] = func() error { return c.Check(ctx) }
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			k.Errorf("broken rule: every method returns ErrClosed after Close: %s returned %v", name, err)
		}
	}
	if err := k.Store.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
		k.Errorf("broken rule: closing a store again does nothing: %v", err)
	}
	if err := w.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
		k.Errorf("broken rule: closing a watch of a closed store does nothing: %v", err)
	}
}

// checkContext is in the part about faults: a call whose context has ended returns an error.
func checkContext(k *kit) {
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	_, err := k.Store.Commit(ctx, store.Turn{Cause: store.Cause{Key: "k"}, Attempt: "x"})
	k.must(errors.Is(err, context.Canceled), "a call whose context has ended returns its error: %v", err)
	k.must(!errors.Is(err, store.ErrClosed), "a store is closed by Close, not by a context")
	k.do()
}
