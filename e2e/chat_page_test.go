package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The page says at once that the browser is offline, though its connection still stands.
func TestChatSaysThatItIsOffline(t *testing.T) {
	t.Parallel()
	ann := visit(t, "Ann", memoryChat(t, nil).URL).enter().via("ws")
	ann.do(offline(true))
	ann.sees("that she is offline", func(v view) bool { return v.Link == "wait" && v.Status == "offline" })
	ann.do(offline(false))
	ann.sees("that she is back", func(v view) bool { return v.Link == "up" && v.Status == "WebSocket" })
}

// What is written from right to left stands so, whoever says it.
func TestChatFromRightToLeft(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	const name, text = "דנה", "שלום!"
	ann, dana := visit(t, "Ann", c.URL).enter(), visit(t, name, c.URL).enter()
	dana.say(text)
	dana.say("hello!")
	ann.shows(name+": "+text, name+": hello!")
	ann.sees("who is here", func(v view) bool { return len(v.People) == 2 })
	ann.run(`$('#text').value = %q`, text)
	directions, err := evaluate[[]string](ann, `['#log .line', '#log .line + .line', '#people li + li', '#text'].map(s => getComputedStyle($(s)).direction)`)
	if want := []string{"rtl", "ltr", "rtl", "rtl"}; err != nil || !slices.Equal(directions, want) {
		t.Errorf("they stand %v, not %v: %v", directions, want, err)
	}
	ann.screenshot("room")
}

// Who is asked for a name is asked until there is one: without it there is nothing to do in the page.
func TestChatAsksUntilThereIsAName(t *testing.T) {
	t.Parallel()
	ann := visit(t, "Ann", memoryChat(t, nil).URL)
	ann.sees("the question for a name", func(v view) bool { return v.Asked })
	ann.run(`$('#welcome').addEventListener('close', () => { document.body.dataset.closed = 'yes' })`)
	until(t, func() string {
		ann.do(chromedp.KeyEvent(kb.Escape))
		if closed, err := evaluate[bool](ann, `!!document.body.dataset.closed`); !closed {
			return "Escape does not close it at all: " + fmt.Sprint(err)
		}
		return ""
	})
	for _, blank := range []string{"   ", "\u200b"} {
		ann.run(`$('#name').value = %q; $('#name-form').requestSubmit()`, blank)
	}
	ann.sees("the question again", func(v view) bool { return v.Asked && v.Room == "Chat" })
	ann.enter().say("here I am")
	ann.shows("Ann: here I am")
}

// A room that cannot be is not gone to: who tries stays, in a page that goes on.
func TestChatRoomThatCannotBe(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL).enter()
	ann.run(`$('#new-room').value = 'plans, secret'; $('#create').requestSubmit()`)
	if room, err := evaluate[string](ann, `$('#new-room').value + location.hash`); err != nil || room != "plans, secret" {
		t.Errorf("the field did not refuse the name: %q, %v", room, err)
	}
	ann.run(`location.hash = 'plans, secret'`)
	ann.sees("why not", func(v view) bool {
		return v.Room == "lobby" && len(v.Lost) == 1 && strings.Contains(v.Lost[0], "plans, secret")
	})
	ann.say("still here")
	bob.say("so am I")
	ann.sees("both lines", func(v view) bool { return len(v.Lines) == 2 && len(v.Pending) == 0 })
	ann.run(`$('#new-room').value = ' plans '; $('#create').requestSubmit()`)
	ann.sees("a room that can be", func(v view) bool { return v.Room == "plans" })

	cid := visit(t, "Cid", c.URL+"/#a,b").enter()
	cid.sees("the lobby", func(v view) bool { return v.Room == "lobby" && len(v.Lines) == 2 && len(v.Lost) == 1 })
}

// What was said in a room is never said in another. The server has let go of Ann meanwhile, so it does not know where that was.
func TestChatLineKeepsToItsRoom(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL).enter()
	c.kill(c.running[0])
	ann.sees("that she is alone", func(v view) bool { return v.Link != "up" })
	ann.say("for the lobby")
	ann.run(`location.hash = 'attic'`)
	ann.say("for the attic")
	c.add()
	ann.sees("what was refused", func(v view) bool {
		return slices.Equal(v.Lines, []string{"Ann: for the attic"}) && slices.Equal(v.Pending, []string{"for the lobby"}) &&
			slices.Equal(v.Failed, []string{"Not said in \u2068lobby\u2069: you have left it"})
	})
	ann.visits("cellar")
	ann.sees("it there too", func(v view) bool { return len(v.Failed) == 1 })
	ann.run(`$('.failed button').click()`) // say it again
	ann.shows("Ann: for the lobby")
	bob.shows("Ann: for the lobby")
	ann.sees("the lobby", func(v view) bool { return v.Room == "lobby" })
}

// A line that waited while its speaker took another name comes back under the old one, and is known again. A name of nothing is none.
func TestChatRenameWhileALineWaits(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	url, plug := c.plugged(t)
	ann := visit(t, "Ann", url).enter()
	plug.pull()
	ann.sees("that she is alone", func(v view) bool { return v.Link != "up" })
	ann.say("one")
	for _, name := range []string{"Annie", "   ", "\u200b"} {
		ann.run(`$('#new-name').value = %q; $('#rename').requestSubmit()`, name)
	}
	ann.say("two")
	plug.put()
	ann.shows("Ann: one", "Annie: two")
	ann.sees("her name", func(v view) bool { return slices.Equal(v.People, []string{"Annie (you)"}) })
}

// What waits is not left behind without a question, wherever it was said, and what is half typed is there again after a reload.
func TestChatLosesNoWords(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	url, plug := c.plugged(t)
	ann := visit(t, "Ann", url).enter()
	mayLeave := func(want bool) {
		t.Helper()
		if may, err := evaluate[bool](ann, `dispatchEvent(new Event('beforeunload', { cancelable: true }))`); err != nil || may != want {
			t.Errorf("she may leave: %v, want %v: %v", may, want, err)
		}
	}
	mayLeave(true)
	plug.pull()
	ann.sees("that she is alone", func(v view) bool { return v.Link != "up" })
	ann.say("one")
	mayLeave(false)
	ann.run(`location.hash = 'attic'`)
	ann.sees("the attic", func(v view) bool { return v.Room == "attic" })
	mayLeave(false)
	plug.put()
	ann.entered().visits("lobby")
	ann.shows("Ann: one")
	mayLeave(true)
	ann.run(`$('#text').value = 'half a li'`)
	ann.do(chromedp.Reload())
	ann.entered().has("half a li")
}
