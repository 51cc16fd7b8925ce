package framework_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// For a connection that is not read nothing is queued in the instance but what can be counted on a few hands, whatever is sent to it.
func TestI7NothingIsQueued(t *testing.T) {
	cursors := &framework.Topic[int]{Name: "cursors", Volatile: true, Subscribe: framework.Anyone}
	b := newBubble(t)
	b.cfg.Services = append(b.cfg.Services, framework.Service{Name: "v", Topics: []framework.Stream{cursors}})
	rt := b.start()
	l, reader := b.connect(rt, hello(1, "")), b.connect(rt, hello(2, ""))
	b.push(l, "S1,cursors/all")
	b.push(reader, "S1,cursors/last")
	for !strings.Contains(b.pull(reader), "cursors/last") {
	}
	pull := func() (n int) {
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			frames, err := l.Pull(ctx)
			cancel()
			if n += len(frames); err != nil {
				return n
			}
		}
	}
	pull()
	for batch := range 100 {
		b.do(rt, func(t *framework.Turn) error {
			for n := range 100 {
				if err := cursors.Publish(t, "all", 100*batch+n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	// Notices come in order: when a later one has come to somebody who reads, all have come.
	b.do(rt, func(t *framework.Turn) error { return cursors.Publish(t, "last", 7) })
	for !strings.Contains(b.pull(reader), "|7") {
	}
	if n := pull(); n < 1 || n > 200 {
		t.Errorf("%d frames waited for a connection that was not read", n)
	}
}

func TestI7QueuesOfAConnection(t *testing.T) {
	quick := framework.Service{Name: "quick", Methods: framework.Methods{
		"look": framework.Call(func(*framework.Turn, any) (int, error) { return 1, nil }).Volatile(),
	}}
	for name, row := range map[string]struct {
		flood func(b *bubble, rt *framework.Server, l transports.Link) error
		most  [3]int // controls, notices, volatile
		ends  bool   // the connection, as full
	}{
		"events": {most: [3]int{0, 256, 0}, flood: func(b *bubble, rt *framework.Server, _ transports.Link) error {
			for range 20 {
				b.do(rt, func(t *framework.Turn) error {
					for n := range 100 {
						if err := t.Send(protocol.CredentialOf(keyOf(1)).Socket, "ledger.added", n); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		}},
		"answers to volatile calls": {most: [3]int{64 + 16, 0, 0}, flood: func(b *bubble, _ *framework.Server, l transports.Link) error {
			for n := range 1000 {
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				defer cancel()
				if err := l.Push(ctx, fmt.Appendf(nil, "W%d,quick.look", n)); errors.Is(err, context.DeadlineExceeded) {
					return nil // nothing more is read from the client
				} else if err != nil {
					return err
				}
				synctest.Wait()
			}
			return errors.New("all of it was taken")
		}},
		"gaps": {most: [3]int{64 + 16, 0, 0}, ends: true, flood: func(b *bubble, _ *framework.Server, l transports.Link) error {
			for range 1000 {
				if err := l.Push(b.Context(), []byte("C5,ledger.push|1")); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				b.cfg.Services = append(b.cfg.Services, quick)
				rt := b.start()
				l := b.connect(rt, hello(1, ""))
				b.pull(l)
				err := row.flood(b, rt, l)
				if full := protocol.CloseOf(err); row.ends && (err == nil || full.Code != protocol.CodeFull) || !row.ends && err != nil {
					t.Errorf("the flood came to %v", err)
				}
				synctest.Wait()
				var waiting [3]int
				waiting[0], waiting[1], waiting[2] = framework.Waiting(l)
				for i, n := range waiting {
					if n > row.most[i] || row.most[i] > 0 && n < row.most[i]/2 {
						t.Errorf("%v frames wait, want about %v and no more", waiting, row.most)
					}
				}
			})
		})
	}
}
