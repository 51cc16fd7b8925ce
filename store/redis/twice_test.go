package redis_test

import (
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store/storetest"
)

// Every turn reaches Redis twice.
func TestStoreTwice(t *testing.T) {
	one := harness(redistest.Start(t))
	twice := func(t testing.TB) storetest.Harness {
		h := one(t)
		h.Store, h.Another = storetest.Twice(t, h.Store), storetest.Twice(t, h.Another)
		return h
	}
	storetest.Run(t, twice)
	t.Run("Against", func(t *testing.T) { storetest.RunAgainst(t, storetest.Memory, twice) })
}
