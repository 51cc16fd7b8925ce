package e2e

import (
	"slices"
	"testing"
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
