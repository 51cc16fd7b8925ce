package framework_test

import (
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/framework"
)

// What a handler keeps of its payload stays as it came, though transports use the memory of a message again.
func TestPayloadMayBeKept(t *testing.T) {
	for name, frame := range map[string]string{"numbered": `C1,keep.it|"kept"`, "volatile": `W1,keep.it|"kept"`} {
		synctest.Test(t, func(t *testing.T) {
			var kept framework.Payload
			b := newBubble(t)
			b.cfg.Services = []framework.Service{{Name: "keep", Methods: framework.Methods{
				"it": framework.Event(func(t *framework.Turn, _ any) error {
					kept = t.Payload()
					return nil
				}).Volatile(),
			}}}
			l := b.connect(b.start(), hello(1, ""))
			memory := []byte(frame)
			if err := l.Push(t.Context(), memory); err != nil {
				t.Fatal(err)
			}
			clear(memory)
			synctest.Wait()
			if string(kept) != `|"kept"` {
				t.Errorf("%s: kept is %q", name, kept)
			}
		})
	}
}
