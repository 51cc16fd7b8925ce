package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// interrupting is a store that ends a call's context in the middle of a read.
type interrupting struct {
	store.Store
	end context.CancelFunc // of the next read's context; nil: reads are left alone
}

func (s *interrupting) Read(ctx context.Context, q []store.Query) ([]store.Reply, error) {
	if end := s.end; end != nil {
		s.end = nil
		end()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Store.Read(ctx, q)
}

// Who pulls again after its context has ended gets what there was, at once: a pull that ended had taken nothing.
func TestPullGoesOnWhereAnotherWasInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		s := &interrupting{Store: b.store}
		b.cfg.Store = s
		rt := b.start()
		l := b.connect(rt, hello(1, ""))
		var greeting protocol.HelloDown
		if err := json.Unmarshal([]byte(b.pull(l)[1:]), &greeting); err != nil {
			t.Fatal(err)
		}
		const n = 300 // more than a connection is noticed of: it has to read them
		for i := range n / 100 {
			b.do(rt, func(t *framework.Turn) error {
				for range 100 {
					if err := t.Send(greeting.ID, "ledger.line", i); err != nil {
						return err
					}
				}
				return nil
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.end = cancel
		if frames, err := l.Pull(ctx); !errors.Is(err, context.Canceled) || len(frames) > 0 {
			t.Fatalf("the pull that was interrupted: %d frames, %v", len(frames), err)
		}
		began, got := time.Now(), 0
		for got < n {
			frames, err := l.Pull(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got += len(frames)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("what there was came after %v", took)
		}
	})
}
