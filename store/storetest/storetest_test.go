package storetest

import (
	"context"
	"flag"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sojourn-go/sojourn/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryAgainstItself(t *testing.T) { RunAgainst(t, Memory, Memory) }

// broken is a store that does one thing wrong.
type broken struct {
	store.Store
	attach func(*store.Attach)
	commit func(*store.Turn)
	keep   func(*store.Held)
	claim  func(lease *time.Duration)
	read   func(*store.Reply)
}

func (b broken) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	if b.attach != nil {
		b.attach(&a)
	}
	return b.Store.Attach(ctx, a)
}

func (b broken) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if b.commit != nil {
		b.commit(&t)
	}
	return b.Store.Commit(ctx, t)
}

func (b broken) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	for i := range held {
		if b.keep != nil {
			b.keep(&held[i])
		}
	}
	return b.Store.Keep(ctx, held)
}

func (b broken) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	if b.claim != nil {
		b.claim(&lease)
	}
	return b.Store.Claim(ctx, max, lease)
}

func (b broken) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	replies, err := b.Store.Read(ctx, queries)
	for i := range replies {
		if b.read != nil {
			b.read(&replies[i])
		}
	}
	return replies, err
}

// changing returns what changes all effects of a type.
func changing[E store.Effect](change func(*E)) func(*store.Turn) {
	return func(t *store.Turn) {
		t.Effects = slices.Clone(t.Effects)
		for i, e := range t.Effects {
			if e, ok := e.(E); ok {
				change(&e)
				t.Effects[i] = e
			}
		}
	}
}

func unlimited(groups []store.Group) (all []store.Group) {
	for _, g := range groups {
		all = append(all, store.Group{Name: g.Name})
	}
	return all
}

// TestRunAgainstFinds shows that random sequences find what is wrong with a store.
func TestRunAgainstFinds(t *testing.T) {
	rapidly(t)
	for name, b := range map[string]broken{
		"guards that are ignored":      {commit: func(t *store.Turn) { t.Guards = nil }},
		"groups that have room":        {commit: changing(func(e *store.Open) { e.Groups = unlimited(e.Groups) })},
		"groups that nobody is in":     {commit: changing(func(e *store.Open) { e.Groups = nil })},
		"what is said to a group":      {commit: changing(func(e *store.AppendAll) { e.Group = "g" })},
		"room for subscriptions":       {commit: changing(func(e *store.Subscribe) { e.Max = 0 })},
		"room for items":               {commit: changing(func(e *store.Put) { e.Max = 0 })},
		"items that are nobody's":      {commit: changing(func(e *store.Put) { e.By = "" })},
		"listeners who keep a topic":   {commit: changing(func(e *store.Subscribe) { e.TTL = 0 })},
		"acknowledgements of turns":    {commit: func(t *store.Turn) { t.Ack = store.Cursor{} }},
		"keys that are kept for ever":  {commit: func(t *store.Turn) { t.Cause.KeepKey = 0 }},
		"tags that are not chained":    {commit: func(t *store.Turn) { t.Attempt = "same" }},
		"cursors that are not checked": {attach: func(a *store.Attach) { a.Cursor = store.Cursor{} }},
		"messages that were lost":      {attach: func(a *store.Attach) { a.In = 0 }},
		"topics' cursors":              {attach: func(a *store.Attach) { a.Topics = nil }},
		"deadlines":                    {attach: func(a *store.Attach) { a.TTL += 10 * tick }},
		"secrets":                      {attach: func(a *store.Attach) { a.Secret = secret }},
		"acknowledgements of Keep":     {keep: func(h *store.Held) { h.Ack = store.Cursor{} }},
		"leases":                       {claim: func(lease *time.Duration) { *lease = 0 }},
		"rewound topics":               {read: func(r *store.Reply) { r.Rewound = false }},
	} {
		t.Run(name, func(t *testing.T) {
			open := func(t testing.TB) Harness {
				h := Memory(t)
				b := b
				b.Store = h.Store
				h.Store = b
				return h
			}
			if !fails(func(tb rapid.TB) { rapid.Check(tb, sequence(t, Memory, open)) }) {
				t.Error("nothing was found")
			}
		})
	}
}

// rapidly makes rapid's sequences the same each time, and keeps it from shrinking and writing down failures that are meant to be.
func rapidly(t *testing.T) {
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		f.Value.Set(value)
		t.Cleanup(func() { f.Value.Set(before) })
	}
}

// fails tells whether a test fails.
func fails(test func(rapid.TB)) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r.failed
}

// recorder is a rapid.TB that only remembers whether it failed.
type recorder struct{ failed bool }

func (r *recorder) Helper()               {}
func (r *recorder) Name() string          { return "recorder" }
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Log(...any)            {}
func (r *recorder) Skipf(string, ...any)  { runtime.Goexit() }
func (r *recorder) Skip(...any)           { runtime.Goexit() }
func (r *recorder) SkipNow()              { runtime.Goexit() }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) Fail()                 { r.failed = true }
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}
