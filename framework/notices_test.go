package framework_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// An instance that no notice reaches any more delivers all the same: a topic's entries within 10 s or so, the own stream's within 30.
func TestNoticesAreHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		other := b.start()
		b.mortal().deaf.Store(true)
		stream := b.stream(b.start(), hello(1, ""))
		time.Sleep(time.Second)
		b.say(other, "/up", "K"+keyOf(1)+",,0\nS1,lines/all")
		time.Sleep(35 * time.Second)
		if text := stream.String(); !strings.Contains(text, "data: s1.") {
			t.Errorf("the own stream was not delivered in 35 s: %q", text)
		}
		b.do(other, func(t *framework.Turn) error { return lines.Publish(t, "all", 7) })
		time.Sleep(12 * time.Second)
		if text := stream.String(); !strings.Contains(text, "|7\n") {
			t.Errorf("the topic was not delivered in 12 s: %q", text)
		}
	})
}
