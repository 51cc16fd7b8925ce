package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

func TestOpenAppendAttach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{})
		var got []store.Notice
		w, err := s.Watch(t.Context(), func(n store.Notice) { got = append(got, n) })
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Commit(t.Context(), store.Turn{
			Cause:   store.Cause{Socket: "a"},
			Attempt: "x",
			Effects: []store.Effect{
				store.Open{Secret: "s", Attach: 1, Inbox: w.Inbox(), TTL: time.Minute},
				store.Subscribe{Socket: "a", Topic: "room/1", Data: []byte("s,")},
				store.Put{Item: "i", Socket: "a", After: time.Second},
			},
		})
		if err != nil || out.Status != store.Applied || out.At[1].Offset != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		a, err := s.Attach(t.Context(), store.Attach{Socket: "a", Secret: "s", Number: 2, Inbox: w.Inbox(), TTL: time.Minute})
		if err != nil || len(a.Entries) != 1 || string(a.Entries[0].Data[:6]) != "s,1,0." {
			t.Fatalf("%+v %v", a, err)
		}
		s.Claim(t.Context(), 10, time.Second)
		time.Sleep(11 * time.Second)
		c, _ := s.Claim(t.Context(), 10, time.Second)
		if len(c.Due) != 1 || c.Due[0].Item.ID != "i" {
			t.Fatalf("%+v", c)
		}
		synctest.Wait()
		if len(got) != 2 {
			t.Errorf("%+v", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
