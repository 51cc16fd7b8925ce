package far_test

import (
	"net/http/httptest"
	"testing"

	"github.com/sojourn-go/sojourn/store/internal/far"
	"github.com/sojourn-go/sojourn/store/storetest"
)

func TestStore(t *testing.T)        { storetest.Run(t, open) }
func TestStoreAgainst(t *testing.T) { storetest.RunAgainst(t, storetest.Memory, open) }

// open opens two instances' stores, which ask one process.
func open(t testing.TB) storetest.Harness {
	h := storetest.Memory(t)
	server := httptest.NewServer(far.Serve(h.Store))
	t.Cleanup(server.Close)
	one, another := far.Open(server.URL), far.Open(server.URL)
	t.Cleanup(func() { one.Close(); another.Close() })
	h.Store, h.Another = one, another
	return h
}
