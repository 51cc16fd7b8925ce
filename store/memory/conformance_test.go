package memory_test

import (
	"testing"

	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/storetest"
)

func TestConformance(t *testing.T) { storetest.Run(t, storetest.Memory) }

func TestMarkIsComplete(t *testing.T) {
	storetest.RunAgainst(t, storetest.Memory, func(t testing.TB) storetest.Harness {
		s, advance := memory.Rewinding()
		t.Cleanup(func() { s.Close() })
		return storetest.Harness{Store: s, Advance: advance}
	})
}
