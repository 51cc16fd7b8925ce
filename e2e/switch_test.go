package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Somebody changes the transport again and again, in the midst of a conversation, from each to each other.
func TestSwitch(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			const n = 60
			c := store.start(t, nil)
			ann, bob := visit(t, "Ann", c.URL).enter().listens("lobby"), visit(t, "Bob", c.URL).enter().listens("lobby")
			ann.talks(n, 20*time.Millisecond)
			bob.talks(n, 25*time.Millisecond)
			for _, transport := range []string{"longpoll", "sse", "ws", "sse", "longpoll", "ws"} {
				ann.via(transport)
			}
			agree(t, n, []string{"Ann", "Bob"}, ann, bob)
		})
	}
}

// The transport is changed while a call is on its way or its answer is, and what is on its way comes late.
func TestSwitchInMidCall(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			c := store.start(t, g.front)
			for _, test := range []struct {
				from, to string
				shut     func(paths ...string)
				paths    []string
			}{
				{"ws", "sse", g.shutUp, []string{"/rt/ws"}},
				{"ws", "longpoll", g.shutDown, []string{"/rt/ws"}},
				{"sse", "ws", g.shutUp, []string{"/rt/sse", "/rt/up"}},
				{"sse", "longpoll", g.shutDown, []string{"/rt/sse"}},
				{"longpoll", "ws", g.shutDown, []string{"/rt/lp", "/rt/up"}},
				{"longpoll", "sse", g.shutDown, []string{"/rt/lp"}},
			} {
				t.Run(test.from+" to "+test.to, func(t *testing.T) {
					room := test.from + " to " + test.to
					ann := visit(t, "Ann", c.URL+"/#"+room).enter().via(test.from).listens(room).hearsBy(test.from)
					test.shut(test.paths...)
					t.Cleanup(g.open)
					ann.say("hello")
					ann.calls(room)
					until(t, func() string {
						if g.held() >= 2 { // the chat's and the ear's
							return ""
						}
						e, err := ann.ear()
						return fmt.Sprintf("%d requests are held up: %+v %v", g.held(), e, err)
					})
					ann.sees("that the line is not said yet", func(v view) bool { return slices.Equal(v.Pending, []string{"hello"}) })
					ann.via(test.to)
					ann.run(`ear.rt.use(%q)`, test.to)
					ann.shows("Ann: hello")
					ann.answered("welcome")
					g.open()
					until(t, func() string {
						if n := g.held(); n > 0 {
							return fmt.Sprintf("%d requests have not ended", n)
						}
						return ""
					})
					ann.say("again")
					ann.shows("Ann: hello", "Ann: again")
					ann.hears("Ann: hello", "Ann: again")
					ann.sees("both", func(v view) bool { return slices.Equal(v.People, []string{"Ann (you)", "Ear"}) })
				})
			}
		})
	}
}
