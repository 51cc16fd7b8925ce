package storetest

import (
	"context"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Call is one call of a store's, as [Forget] and [Late] show it.
type Call struct {
	Method string       // "Attach", "Commit", "Read", "Keep", "Claim", "Volatile", "Watch" or "Topics"
	Attach store.Attach // of an Attach
	Turn   store.Turn   // of a Commit
}

// wrapper is a store around another one.
type wrapper struct {
	store.Store
	around  func(ctx context.Context, c Call, do func(context.Context) error) error
	commit  func(context.Context, store.Turn) (store.Outcome, error)
	deliver func(deliver func(store.Notice)) func(store.Notice)
}

// outside returns the wrapper with the optional interfaces of what it is around.
func (w *wrapper) outside() store.Store {
	if w.around == nil {
		w.around = func(ctx context.Context, _ Call, do func(context.Context) error) error { return do(ctx) }
	}
	if w.commit == nil {
		w.commit = w.Store.Commit
	}
	if w.deliver == nil {
		w.deliver = func(deliver func(store.Notice)) func(store.Notice) { return deliver }
	}
	inner, volatiles := w.Store.(store.Volatiler)
	checker, checks := w.Store.(store.Checker)
	v := &volatiler{w, inner}
	switch {
	case volatiles && checks:
		return struct {
			*wrapper
			store.Volatiler
			store.Checker
		}{w, v, checker}
	case volatiles:
		return struct {
			*wrapper
			store.Volatiler
		}{w, v}
	case checks:
		return struct {
			*wrapper
			store.Checker
		}{w, checker}
	}
	return w
}

// through makes a call that has a result.
func through[R any](ctx context.Context, w *wrapper, c Call, do func(context.Context) (R, error)) (result R, err error) {
	err = w.around(ctx, c, func(ctx context.Context) (err error) {
		result, err = do(ctx)
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	return result, nil
}

func (w *wrapper) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	return through(ctx, w, Call{Method: "Attach", Attach: a}, func(ctx context.Context) (store.Attached, error) {
		return w.Store.Attach(ctx, a)
	})
}

func (w *wrapper) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	return through(ctx, w, Call{Method: "Commit", Turn: t}, func(ctx context.Context) (store.Outcome, error) {
		return w.commit(ctx, t)
	})
}

func (w *wrapper) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	return through(ctx, w, Call{Method: "Read"}, func(ctx context.Context) ([]store.Reply, error) {
		return w.Store.Read(ctx, queries)
	})
}

func (w *wrapper) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	return through(ctx, w, Call{Method: "Keep"}, func(ctx context.Context) ([]store.Kept, error) {
		return w.Store.Keep(ctx, held)
	})
}

func (w *wrapper) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	return through(ctx, w, Call{Method: "Claim"}, func(ctx context.Context) (store.Claimed, error) {
		return w.Store.Claim(ctx, max, lease)
	})
}

func (w *wrapper) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	return through(ctx, w, Call{Method: "Watch"}, func(ctx context.Context) (store.Watch, error) {
		inner, err := w.Store.Watch(ctx, w.deliver(deliver))
		if err != nil {
			return nil, err
		}
		return &watch{inner, w}, nil
	})
}

// volatiler is the part of a wrapper that is there if it is in the store.
type volatiler struct {
	wrapper *wrapper
	inner   store.Volatiler
}

func (v *volatiler) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	return v.wrapper.around(ctx, Call{Method: "Volatile"}, func(ctx context.Context) error {
		return v.inner.Volatile(ctx, topic, socket, data)
	})
}

type watch struct {
	store.Watch
	wrapper *wrapper
}

func (w *watch) Topics(ctx context.Context, add, drop []string) error {
	return w.wrapper.around(ctx, Call{Method: "Topics"}, func(ctx context.Context) error {
		return w.Watch.Topics(ctx, add, drop)
	})
}
