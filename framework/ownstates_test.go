package framework_test

import (
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

// A state of the server alone needs no Service, and is nobody's to subscribe to. All other states, and topics, must be listed.
func TestStatesListedNowhere(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		own, stray := &framework.State[int]{Name: "~own"}, &framework.State[int]{Name: "stray"}
		topic := &framework.Topic[int]{Name: "~topic"}
		one := func(n *int) error { *n++; return nil }
		for range 3 {
			err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return own.Update(t, "x", one) })
			if err != nil {
				t.Fatal(err)
			}
		}
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
			n, err := own.Get(t, "x")
			if n != 3 {
				w.Errorf("the state is %d, want 3", n)
			}
			if stray.Update(t, "x", one) == nil || topic.Publish(t, "x", 1) == nil {
				w.Error("what is listed nowhere can be changed and published to")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.dial(nil).Subscribe(w.wait(), "~own/x", func(client.Entry) {}); codeOf(err) != framework.CodeNotFound {
			t.Errorf("a client subscribes to it: %v, want not_found", err)
		}
	})
}
