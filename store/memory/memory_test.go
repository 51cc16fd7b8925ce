package memory

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func commit(t *testing.T, s *Store, cause store.Cause, effects ...store.Effect) {
	t.Helper()
	out, err := s.Commit(t.Context(), store.Turn{Cause: cause, Attempt: "attempt", Effects: effects})
	if err != nil || out.Status != store.Applied {
		t.Fatalf("Commit(%+v): %+v, %v", cause, out, err)
	}
}

// TestFakeClock shows that the store's clock is that of testing/synctest, so that its users' tests need no other.
func TestFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		commit(t, s, store.Cause{Key: "k"}, store.Put{Item: "i", After: time.Hour})
		claim := func() int {
			c, err := s.Claim(t.Context(), 10, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return len(c.Due)
		}
		for _, step := range []struct {
			wait time.Duration
			due  int
		}{
			{59 * time.Minute, 0}, {10 * time.Second, 0}, {20 * time.Second, 0}, {29 * time.Second, 0}, {time.Second, 1},
		} {
			time.Sleep(step.wait)
			if n := claim(); n != step.due {
				t.Errorf("after %v more %d things are due, want %d", step.wait, n, step.due)
			}
		}
	})
}

// TestForgets shows that memory is bounded: what has outlived its time is gone after the next call.
func TestForgets(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	for i := range 100 {
		id := fmt.Sprint(i)
		commit(t, s, store.Cause{Socket: id}, store.Open{TTL: time.Hour, Groups: []store.Group{{Name: id}}},
			store.Publish{Topic: id}, store.Put{Item: id, Socket: id, By: id}, store.Bye{})
		commit(t, s, store.Cause{Key: id}, store.Cancel{Item: id})
	}
	if n := len(s.state.tombstones) + len(s.state.topics) + len(s.state.keys); n != 300 {
		t.Errorf("%d things are remembered, want 300", n)
	}
	s.Advance(25 * time.Hour)
	s.Read(t.Context(), nil)
	st := s.state
	left := len(st.sockets) + len(st.tombstones) + len(st.topics) + len(st.items) + len(st.keys) + len(st.groups) + len(st.put) +
		len(st.deadlines) + len(st.errands) + len(st.expires)
	if left != 0 {
		t.Errorf("%d things are left when all have outlived their time", left)
	}
}

// TestLetsGo shows that a stream does not hold on to entries that it has let go.
func TestLetsGo(t *testing.T) {
	st := newStream("x")
	st.add([]byte("1"), "x")
	st.add([]byte("2"), "x")
	all := st.entries
	st.drop(1)
	if all[0].Data != nil || all[1].Data == nil {
		t.Errorf("of the dropped entry there is %q, of the other %q", all[0].Data, all[1].Data)
	}
	for range 10_000 {
		st.add(make([]byte, 100), "x")
		st.retain(10, 1<<20)
	}
	if cap(st.entries) > 100 || st.bytes != 1000 {
		t.Errorf("room for %d entries and %d bytes for 10 entries of 100", cap(st.entries), st.bytes)
	}
}

// TestLimitsOfStreams shows that options say how much a socket's stream holds.
func TestLimitsOfStreams(t *testing.T) {
	s := New(Options{MaxEntries: 4, MaxBytes: 100})
	defer s.Close()
	for _, step := range []struct {
		socket string
		number uint64 // of the message; 0: from outside
		size   int
		status store.Status
		kept   int
	}{
		{"a", 0, 1, store.Applied, 1}, {"a", 0, 1, store.Applied, 2},
		{"a", 1, 1, store.Applied, 3}, // half of it is not Full
		{"a", 2, 1, store.Full, 3}, {"a", 0, 1, store.Applied, 4},
		{"a", 0, 1, store.Applied, 1}, // all is let go
		{"b", 0, 50, store.Applied, 1},
		{"b", 1, 1, store.Applied, 2}, // half of it is not Full
		{"b", 2, 1, store.Full, 2}, {"b", 0, 49, store.Applied, 3},
		{"b", 0, 1, store.Applied, 1}, // all is let go
	} {
		if s.state.sockets[step.socket] == nil {
			commit(t, s, store.Cause{Socket: step.socket}, store.Open{TTL: time.Hour})
		}
		turn := store.Turn{Cause: store.Cause{Key: s.name()}, Attempt: "attempt",
			Effects: []store.Effect{store.Append{Socket: step.socket, Data: make([]byte, step.size)}}}
		if step.number > 0 {
			turn.Cause = store.Cause{Socket: step.socket, Number: step.number}
		}
		out, err := s.Commit(t.Context(), turn)
		if kept := len(s.state.sockets[step.socket].entries); err != nil || out.Status != step.status || kept != step.kept {
			t.Errorf("%+v: status %v and %d entries, %v", step, out.Status, kept, err)
		}
	}
}

// TestMembersAtMost shows that a reply names the first 10,000 members of a group.
func TestMembersAtMost(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	var want []string
	for i := range 10_001 {
		id := fmt.Sprintf("socket-%05d", i)
		join(s.state.groups, "crowd", id)
		want = append(want, id)
	}
	r, err := s.Read(t.Context(), []store.Query{{Group: "crowd"}})
	if err != nil || !slices.Equal(r[0].Members, want[:10_000]) {
		t.Errorf("%d members, %v", len(r[0].Members), err)
	}
}

// TestInvalidTurns shows that a turn which no caller may send is an error, and not half applied.
func TestInvalidTurns(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	publish := store.Publish{Topic: "t"}
	for name, turn := range map[string]store.Turn{
		"two causes":            {Cause: store.Cause{Key: "k", Item: "i", Token: "t"}, Effects: []store.Effect{publish}},
		"a socket and an item":  {Cause: store.Cause{Socket: "a", Item: "i", Token: "t"}, Effects: []store.Effect{publish}},
		"no cause":              {Effects: []store.Effect{publish}},
		"item without token":    {Cause: store.Cause{Item: "i"}, Effects: []store.Effect{publish}},
		"open without Open":     {Cause: store.Cause{Socket: "a"}, Effects: []store.Effect{publish}},
		"Open not first":        {Cause: store.Cause{Socket: "a"}, Effects: []store.Effect{publish, store.Open{}}},
		"Open in a message":     {Cause: store.Cause{Socket: "a", Number: 1}, Effects: []store.Effect{store.Open{}}},
		"Open with a key":       {Cause: store.Cause{Key: "k"}, Effects: []store.Effect{store.Open{}}},
		"effect that is nil":    {Cause: store.Cause{Key: "k"}, Effects: []store.Effect{publish, nil}},
		"effect by its pointer": {Cause: store.Cause{Key: "k"}, Effects: []store.Effect{publish, &publish}},
		"group without a name":  {Cause: store.Cause{Socket: "a"}, Effects: []store.Effect{store.Open{Groups: []store.Group{{Name: "g"}, {}}}, publish}},
		"group with a NUL":      {Cause: store.Cause{Socket: "a"}, Effects: []store.Effect{store.Open{Groups: []store.Group{{Name: "g\x00"}}}, publish}},
		"put by a NUL":          {Cause: store.Cause{Key: "k"}, Effects: []store.Effect{publish, store.Put{Item: "i", By: "\x00"}}},
	} {
		if out, err := s.Commit(t.Context(), turn); err == nil {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if len(s.state.topics) != 0 {
		t.Error("an invalid turn left something behind")
	}
}

// TestSlowDeliver shows that a deliver function which blocks holds up nobody, that what it misses becomes a Resync, and that Close
// waits for it.
func TestSlowDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Backlog: 5})
		defer s.Close()
		release := make(chan struct{})
		var got []store.Notice
		w, err := s.Watch(t.Context(), func(n store.Notice) {
			<-release
			got = append(got, n)
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Topics(t.Context(), []string{"t"}, nil)
		for range 20 {
			commit(t, s, store.Cause{Key: s.name()}, store.Publish{Topic: "t"})
			synctest.Wait()
		}
		// One is being delivered; each further five and a Resync take the place of those that wait.
		for range 5 {
			release <- struct{}{}
		}
		synctest.Wait()
		var offsets []uint64
		for _, n := range got {
			if n.Kind == store.Resync {
				offsets = append(offsets, 0)
			} else {
				offsets = append(offsets, n.Entry.Offset)
			}
		}
		if want := []uint64{1, 0, 18, 19, 20}; fmt.Sprint(offsets) != fmt.Sprint(want) {
			t.Errorf("delivered %v, want %v (0 is a Resync)", offsets, want)
		}

		commit(t, s, store.Cause{Key: s.name()}, store.Publish{Topic: "t"}, store.Publish{Topic: "t"})
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			w.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close returned while deliver was running")
		default:
		}
		release <- struct{}{}
		<-closed
		if len(got) != 6 {
			t.Errorf("%d notices were delivered, want 6: not what was queued when the watch was closed", len(got))
		}
		if err := w.Topics(t.Context(), []string{"u"}, nil); err != store.ErrClosed {
			t.Errorf("Topics of a closed watch: %v", err)
		}
	})
}

// TestCloseEndsWatches shows that closing the store waits for deliveries, too.
func TestCloseEndsWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		running, release := make(chan struct{}), make(chan struct{})
		w, err := s.Watch(t.Context(), func(store.Notice) {
			close(running)
			<-release
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Topics(t.Context(), []string{"t"}, nil)
		if err := s.Volatile(t.Context(), "t", "", nil); err != nil {
			t.Fatal(err)
		}
		<-running
		closed := false
		go func() {
			s.Close()
			closed = true
		}()
		synctest.Wait()
		if closed {
			t.Error("Close returned while deliver was running")
		}
		close(release)
		synctest.Wait()
		if !closed {
			t.Error("Close did not return")
		}
	})
}

// TestMarkSharesNothing shows that nothing that happens after a mark changes the mark.
func TestMarkSharesNothing(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	commit(t, s, store.Cause{Socket: "a"}, store.Open{TTL: time.Hour, Groups: []store.Group{{Name: "g"}}},
		store.Subscribe{Socket: "a", Topic: "t"}, store.Append{Socket: "a", Data: []byte("1")}, store.Append{Socket: "a", Data: []byte("2")},
		store.Publish{Topic: "t", Data: []byte("1")}, store.Publish{Topic: "t", Data: []byte("2")}, store.Publish{Topic: "t", Data: []byte("3")},
		store.Put{Item: "i", Socket: "a", By: "b", After: time.Hour})
	look := func() string {
		a, _ := s.Attach(t.Context(), store.Attach{Socket: "a", TTL: time.Hour, Number: 1})
		r, _ := s.Read(t.Context(), []store.Query{{Topic: "t"}, {Item: "i"}, {Topic: "u"}, {Group: "g"}})
		a.NextDue = 0
		return fmt.Sprintf("%+v %+v %v", a, r, s.state.put)
	}
	before := look()
	m := s.Mark()
	for range 2 {
		a, _ := s.Attach(t.Context(), store.Attach{Socket: "a", TTL: time.Hour, Number: 1})
		s.Keep(t.Context(), []store.Held{{Socket: "a", TTL: time.Hour, Ack: a.Entries[1].Cursor}})
		commit(t, s, store.Cause{Key: "k"}, store.Unsubscribe{Socket: "a", Topic: "t"}, store.Subscribe{Socket: "a", Topic: "u"},
			store.Publish{Topic: "t", Data: []byte("z"), Keep: 1}, store.Cancel{Item: "i"})
		if look() == before {
			t.Error("nothing has happened")
		}
		s.Rewind(m)
		if got := look(); got != before {
			t.Errorf("after going back\n got %s\nwant %s", got, before)
		}
		commit(t, s, store.Cause{Key: "l"}, store.End{Socket: "a"}, store.Put{Item: "j", By: "b"})
		if r, _ := s.Read(t.Context(), []store.Query{{Item: "i"}}); !r[0].Item.Gone {
			t.Error("the item does not belong to its socket any more")
		}
		s.Rewind(m)
	}
}

// rewinding is a store that goes back to the present before each call: it shows that a mark is all there is.
type rewinding struct{ *Store }

func (r rewinding) again() *Store {
	r.Rewind(r.Mark())
	return r.Store
}

func (r rewinding) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	return r.again().Attach(ctx, a)
}

func (r rewinding) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	return r.again().Commit(ctx, t)
}

func (r rewinding) Read(ctx context.Context, q []store.Query) ([]store.Reply, error) {
	return r.again().Read(ctx, q)
}

func (r rewinding) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	return r.again().Keep(ctx, held)
}

func (r rewinding) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	return r.again().Claim(ctx, max, lease)
}

// Rewinding is the rewinding store, for the tests of package memory_test.
func Rewinding() (s store.Store, advance func(time.Duration)) {
	r := rewinding{New(Options{})}
	return r, r.Advance
}
