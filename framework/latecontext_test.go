package framework_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

type tenant struct{}

// A turn ends as a context does, for the same reason whoever asks, and when: before that, by waiting for it or by having made contexts of it, or only afterwards.
func TestTurnEndsAsAContext(t *testing.T) {
	const turnTime = 5 * time.Second
	gone := errors.New("who asked has gone")
	for name, row := range map[string]struct {
		drain time.Duration // turns stop then; 0: not
		leave time.Duration // who asked goes then, and says why
		stays time.Duration // the handler, blind to all of it
		err   error
		cause error
	}{
		"goes on":               {stays: time.Second},
		"time":                  {stays: turnTime, err: context.Canceled, cause: framework.ErrTurnTime},
		"drain":                 {drain: time.Second, stays: time.Second, err: context.Canceled, cause: framework.ErrDraining},
		"drain, then time":      {drain: time.Second, stays: time.Minute, err: context.Canceled, cause: framework.ErrDraining},
		"time, then drain":      {drain: 6 * time.Second, stays: time.Minute, err: context.Canceled, cause: framework.ErrTurnTime},
		"who asked leaves":      {leave: time.Second, stays: time.Second, err: context.Canceled, cause: gone},
		"leaves, and the drain": {leave: time.Second, drain: 2 * time.Second, stays: time.Minute, err: context.Canceled, cause: gone},
	} {
		for when, early := range map[string]bool{"asked before": true, "asked after": false} {
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rt, err := framework.New(framework.Config{TurnTime: turnTime, Log: slog.New(slog.DiscardHandler)})
					if err != nil {
						t.Fatal(err)
					}
					defer rt.Close()
					ctx, leave := context.WithCancelCause(context.WithValue(t.Context(), tenant{}, "acme"))
					defer leave(nil)
					if row.leave > 0 {
						time.AfterFunc(row.leave, func() { leave(gone) })
					}
					if row.drain > 0 {
						time.AfterFunc(row.drain, func() { rt.Close() })
					}
					var kept *framework.Turn
					_ = rt.Do(ctx, func(turn *framework.Turn) error {
						kept = turn
						var made *descendants
						if early {
							made = descend(t, turn)
						}
						time.Sleep(row.stays)
						synctest.Wait()
						if !early {
							made = descend(t, turn)
						}
						made.check(t, row.err, row.cause)
						return nil
					})
					if kept.Err() == nil || context.Cause(kept) == nil {
						t.Error("the turn is over, and goes on as a context")
					}
					<-kept.Done()
				})
			})
		}
	}
}

// A commit outlives the request that brought it, and has a time of its own, which the store can ask for.
func TestCommitHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &deafStore{Store: memory.New(memory.Options{}), began: make(chan context.Context)}
		rt, err := framework.New(framework.Config{Store: st, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		defer rt.Close()
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), tenant{}, "acme"))
		told := make(chan error, 1)
		go func() {
			told <- rt.Do(ctx, func(t *framework.Turn) error { return t.Cancel("nothing") })
		}()
		commit := <-st.began
		leave()
		synctest.Wait()
		if deadline, ok := commit.Deadline(); !ok || time.Until(deadline) != 5*time.Second || commit.Err() != nil || commit.Value(tenant{}) != "acme" {
			t.Errorf("deadline %v, %v, error %v, value %v", deadline, ok, commit.Err(), commit.Value(tenant{}))
		}
		began := time.Now()
		<-commit.Done()
		if took := time.Since(began); took != 5*time.Second || commit.Err() != context.DeadlineExceeded {
			t.Errorf("it ended after %v with %v", took, commit.Err())
		}
		if err := <-told; framework.CodeOf(err) != framework.CodeUnavailable {
			t.Errorf("told %v", err)
		}
	})
}

// deafStore does not answer commits.
type deafStore struct {
	store.Store
	began chan context.Context
}

func (s *deafStore) Commit(ctx context.Context, _ store.Turn) (store.Outcome, error) {
	s.began <- ctx
	<-ctx.Done()
	return store.Outcome{}, ctx.Err()
}

// descendants are contexts made of a turn, the turn among them.
type descendants struct {
	all  map[string]context.Context
	told chan struct{} // closed by what runs after the turn
}

func descend(t *testing.T, turn *framework.Turn) *descendants {
	d := &descendants{told: make(chan struct{})}
	withTime, cancelTime := context.WithTimeout(turn, time.Hour)
	withCancel, cancel := context.WithCancel(turn)
	t.Cleanup(cancelTime)
	t.Cleanup(cancel)
	type key struct{}
	d.all = map[string]context.Context{
		"the turn": turn, "WithTimeout": withTime, "WithCancel": withCancel, "WithValue": context.WithValue(turn, key{}, 1),
	}
	context.AfterFunc(turn, func() { close(d.told) })
	return d
}

func (d *descendants) check(t *testing.T, err, cause error) {
	synctest.Wait()
	for name, ctx := range d.all {
		if got := ctx.Err(); got != err {
			t.Errorf("%s: Err is %v, want %v", name, got, err)
		}
		if got := context.Cause(ctx); got != cause {
			t.Errorf("%s: the cause is %v, want %v", name, got, cause)
		}
		if got := closed(ctx.Done()); got != (err != nil) {
			t.Errorf("%s: Done tells %v, and Err %v", name, got, err)
		}
		if got := ctx.Value(tenant{}); got != "acme" {
			t.Errorf("%s: the value of its parent is %v", name, got)
		}
	}
	if context.WithoutCancel(d.all["the turn"]).Err() != nil {
		t.Error("WithoutCancel ends")
	}
	if got := closed(d.told); got != (err != nil) {
		t.Errorf("AfterFunc has run: %v; Err is %v", got, err)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
