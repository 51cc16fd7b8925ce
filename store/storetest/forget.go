package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/sojourn-go/sojourn/store"
)

// ErrForgotten is what callers of a [Forget] store get in place of a reply.
var ErrForgotten = errors.New("storetest: the reply was lost")

// Forget returns a store that loses replies of s: what was asked for has taken effect, and the caller gets ErrForgotten, which says that the
// outcome is unknown. lose is asked after each call that succeeded, by any number of goroutines at once. Watches are not lost,
// since nobody could close them.
func Forget(s store.Store, lose func(Call) bool) store.Store {
	w := &wrapper{Store: s}
	w.around = func(ctx context.Context, c Call, do func(context.Context) error) error {
		if err := do(ctx); err != nil {
			return err
		}
		if c.Method != "Watch" && lose(c) {
			return ErrForgotten
		}
		return nil
	}
	return w.outside()
}

// Sometimes says true at random, once in n calls, for [Forget]. The same seed gives the same sequence.
func Sometimes(seed uint64, n int) func(Call) bool {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	return func(Call) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n) == 0
	}
}
