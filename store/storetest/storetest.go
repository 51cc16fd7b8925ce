// Package storetest is the executable specification of package store.
//
// [Run] checks every sentence of the contract by itself; a failure says which one is broken. [RunAgainst] drives two
// stores with the same random operations and compares every answer: the first is the model, which is store/memory. A third party's store is
// right when both pass:
//
//	func TestStore(t *testing.T)        { storetest.Run(t, open) }
//	func TestStoreAgainst(t *testing.T) { storetest.RunAgainst(t, storetest.Memory, open) }
//
//	func open(t testing.TB) storetest.Harness {
//		s := mystore.New(...)
//		t.Cleanup(func() { s.Close() })
//		return storetest.Harness{Store: s, Advance: s.AdvanceForTest}
//	}
//
// [Twice], [Forget], [Late] and [Deaf] make the world around a store worse. docs/stores.md says how to write a store, and in which order the checks come
// to pass.
//
// Nothing here sleeps or measures time. Where a check needs time to pass it calls Harness.Advance; where it needs a notice
// it waits for it; where it needs to know that there is none it waits for a later one.
package storetest

import (
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

// Harness is one store under test. It remembers nothing when it is opened, and nobody else uses what it remembers.
type Harness struct {
	// Store is the store under test. Who opens the harness closes it; some checks close it as well.
	Store store.Store

	// Another is a store that shares what Store remembers, as another instance has it. Nil: Store serves for both.
	Another store.Store

	// Advance moves the store's clock forward. Whether that clock moves by itself as well does not matter: the kit keeps
	// its distance from every instant at which something changes, by a second at least.
	Advance func(d time.Duration)

	// Wipe makes the store forget everything, as a lost disk does. Nil: such checks are skipped.
	Wipe func()

	// Mark remembers what the store knows, and returns what takes it back there, as a failover does. The clock goes on. Nil: such
	// checks are skipped.
	Mark func() (rewind func())
}

// Memory opens a store/memory, the model of all stores.
func Memory(t testing.TB) Harness {
	s := memory.New(memory.Options{})
	t.Cleanup(func() { s.Close() })
	return Harness{
		Store:   s,
		Advance: s.Advance,
		Wipe:    s.Wipe,
		Mark: func() func() {
			m := s.Mark()
			return func() { s.Rewind(m) }
		},
	}
}

// check is one part of the contract.
type check struct {
	name string
	run  func(*kit)
}

// parts are all checks.
var parts = [][]check{
	messageChecks, streamChecks, attachChecks, keptChecks, topicChecks, fieldChecks, limitChecks, groupChecks, claimChecks, endChecks, noticeChecks, faultChecks, crashChecks, hardChecks,
}

// Run checks a store against the contract: each check is a subtest with a harness of its own.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, part := range parts {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) { c.run(newKit(t, open(t))) })
		}
	}
}
