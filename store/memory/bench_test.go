package memory_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

// BenchmarkCommit is of what the answer to a call costs: a turn with one Append.
func BenchmarkCommit(b *testing.B) {
	s := memory.New(memory.Options{})
	defer s.Close()
	commit := func(t store.Turn) store.Cursor {
		out, err := s.Commit(context.Background(), t)
		if err != nil || out.Status != store.Applied {
			b.Fatal(out, err)
		}
		return out.Top
	}
	ack := commit(store.Turn{
		Cause: store.Cause{Socket: "socket"}, Attempt: "0",
		Effects: []store.Effect{store.Open{Attach: 1, User: make([]byte, 64), Inbox: "here", TTL: time.Hour}},
	})
	data := make([]byte, 64)
	for n := uint64(1); b.Loop(); n++ {
		ack = commit(store.Turn{
			Cause: store.Cause{Socket: "socket", Number: n}, Attempt: strconv.FormatUint(n, 10), From: "here", Ack: ack,
			Effects: []store.Effect{store.Append{Socket: "socket", Data: data}},
		})
	}
}
