package storetest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/storetest"
)

// hello is a turn that opens a socket.
var hello = store.Turn{
	Cause:   store.Cause{Socket: "ann"},
	Attempt: "0123456789abcdef",
	Effects: []store.Effect{store.Open{Secret: "s3cret", Attach: 1, TTL: time.Minute}, store.Publish{Topic: "log"}},
}

// With a store of your own in place of memory's, this is its test.
func ExampleTwice() {
	test := func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) storetest.Harness {
			h := storetest.Memory(t)
			h.Another = storetest.Twice(t, h.Store)
			h.Store = storetest.Twice(t, h.Store)
			return h
		})
	}
	_ = test
	// Output:
}

func ExampleForget() {
	ctx := context.Background()
	st := memory.New(memory.Options{})
	defer st.Close()
	first := true
	s := storetest.Forget(st, func(c storetest.Call) bool {
		lose := first && c.Method == "Commit"
		first = false
		return lose
	})
	_, err := s.Commit(ctx, hello)
	fmt.Println(err)
	again, err := s.Commit(ctx, hello)
	fmt.Println(again.Status == store.Repeated, err)
	// Output:
	// storetest: the reply was lost
	// true <nil>
}

func ExampleLate() {
	ctx := context.Background()
	st := memory.New(memory.Options{})
	defer st.Close()
	var gate storetest.Gate
	frozen := storetest.Late(st, &gate)
	gate.Shut()
	late := make(chan store.Outcome)
	go func() {
		out, _ := frozen.Commit(ctx, hello)
		late <- out
	}()
	gate.Waiting(ctx, 1)
	out, _ := st.Commit(ctx, hello) // by another instance
	fmt.Println(out.Status == store.Applied)
	gate.Open()
	out = <-late
	fmt.Println(out.Status == store.Repeated)
	// Output:
	// true
	// true
}

func ExampleDeaf() {
	ctx := context.Background()
	st := memory.New(memory.Options{})
	defer st.Close()
	s := storetest.Deaf(st, func(n store.Notice) int {
		if n.Kind == store.Added && n.Entry.Offset == 1 {
			return 0 // the first entry of each stream is not noticed
		}
		return 1
	})
	heard := make(chan store.Notice, 1)
	w, _ := s.Watch(ctx, func(n store.Notice) { heard <- n })
	defer w.Close()
	w.Topics(ctx, []string{"log"}, nil)
	for _, key := range []string{"a", "b"} {
		s.Commit(ctx, store.Turn{
			Cause: store.Cause{Key: key}, Attempt: "0123456789abcdef", Effects: []store.Effect{store.Publish{Topic: "log"}},
		})
	}
	fmt.Println((<-heard).Entry.Offset)
	// Output: 2
}
