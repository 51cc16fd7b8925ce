package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var transports = []string{"ws", "sse", "longpoll"}

// stores are the chats that most tests are about.
var stores = []struct {
	name  string
	start func(*testing.T, func(http.Handler) http.Handler) *cluster
}{
	{"memory", memoryChat},
	{"redis", redisChat},
}

func TestTwoPeopleTalk(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			c := store.start(t, nil)
			ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL)
			bob.sees("the question for a name", func(v view) bool { return v.Asked })
			bob.enter()
			for _, transport := range transports {
				twoPeopleTalk(ann.via(transport), bob.via(transport), transport)
			}
		})
	}
}

// twoPeopleTalk meets two people in a room.
func twoPeopleTalk(ann, bob *tab, room string) {
	ann.t.Helper()
	ann.visits(room)
	ann.say("is anybody there?")
	ann.shows("Ann: is anybody there?")
	bob.visits(room)
	bob.shows("Ann: is anybody there?") // what was said before
	for _, one := range []*tab{ann, bob} {
		one.sees("both", func(v view) bool {
			return v.Here == "2 here" && len(v.People) == 2 && slices.Contains(v.Rooms, room+"2")
		})
	}

	bob.do(chromedp.SendKeys(chromedp.CSS("#text"), "I am"))
	ann.sees("that Bob types", func(v view) bool {
		bob.run(`$('#text').dispatchEvent(new InputEvent('input'))`) // what is volatile may be lost; who types on tells again
		return v.Typing == "\u2068Bob\u2069 is typing…"
	})
	ann.screenshot(room + "-typing")
	bob.do(chromedp.SendKeys(chromedp.CSS("#text"), ", as <b>ever</b>\r"))
	ann.shows("Ann: is anybody there?", "Bob: I am, as <b>ever</b>")
	ann.sees("that Bob types no more", func(v view) bool { return v.Typing == "" })
	ann.say("good")
	bob.shows("Ann: is anybody there?", "Bob: I am, as <b>ever</b>", "Ann: good")
	bob.screenshot(room + "-end")
}
