package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// guestChat is a chat of three instances to which one comes over Engine.IO and SockJS, and in no other way.
func guestChat(t *testing.T) *cluster {
	t.Helper()
	c := startChat(t, redistest.Start(t), 0, nil)
	c.args = []string{"-transports", "engineio,sockjs"}
	for range 3 {
		c.add()
	}
	return c
}

// visitBy opens the chat by a transport, and enters; "": by what the page chooses. The page asks for a name when it has brought what that takes.
func visitBy(t *testing.T, name, url, transport string) *tab {
	t.Helper()
	if transport != "" {
		url += "/?transport=" + transport
	}
	p := visit(t, name, url)
	p.sees("the question for a name", func(v view) bool { return v.Asked })
	return p.enter()
}

// People in pages talk over Engine.IO and SockJS while instances are killed, and miss nothing.
func TestChatOverGuests(t *testing.T) {
	t.Parallel()
	const n = 40
	c := guestChat(t)
	var names []string
	var pages []*tab
	for _, transport := range []string{"engineio", "sockjs"} {
		p := visitBy(t, transport, c.URL, transport).listens("lobby")
		p.isVia(transport)
		p.hearsBy(transport)
		pages, names = append(pages, p), append(names, transport)
	}
	for _, p := range pages {
		p.talks(n, 60*time.Millisecond)
	}
	killEach(c, pages[0])
	agree(t, n, names, pages...)
	for _, p := range pages {
		p.isVia(p.name)
		p.screenshot("end")
	}
}

// A page without a wish takes what the server offers; its buttons are for that, and one of them brings another library. Who leaves is gone at once.
func TestChatOffersGuests(t *testing.T) {
	t.Parallel()
	c := guestChat(t)
	ann, bob := visitBy(t, "Ann", c.URL, ""), visitBy(t, "Bob", c.URL, "sockjs")
	ann.isVia("engineio")
	bob.isVia("sockjs")
	buttons, err := evaluate[[]string](ann, `texts('#transports button:not([hidden])')`)
	if want := []string{"Engine.IO", "SockJS"}; err != nil || !slices.Equal(buttons, want) {
		t.Errorf("buttons %q, %v, want %q", buttons, err, want)
	}
	ann.use("sockjs")
	ann.entered().isVia("sockjs")
	ann.use("engineio")
	ann.entered().isVia("engineio")
	ann.say("hello")
	bob.shows("Ann: hello")
	bob.closes()
	ann.sees("that Bob has gone", func(v view) bool { return slices.Equal(v.People, []string{"Ann (you)"}) })
}

// Where all transports are offered a phone has room for their buttons, and the page is brought again by one that takes a library, and back.
func TestPhoneHasAllTransports(t *testing.T) {
	t.Parallel()
	c := startChat(t, "memory", 0, nil)
	c.args = []string{"-transports", "ws,sse,longpoll,engineio,sockjs"}
	c.add()
	ann := visit(t, "Ann", "about:blank")
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)), chromedp.Navigate(c.URL+"/#attic"))
	ann.sees("the question for a name", func(v view) bool { return v.Asked })
	ann.enter().isVia("ws")
	for _, transport := range []string{"engineio", "sockjs", "longpoll"} {
		ann.do(chromedp.Tap(chromedp.CSS("#menu")), chromedp.WaitVisible(chromedp.CSS("#side")))
		ann.fits("menu")
		ann.do(chromedp.Tap(chromedp.CSS("#transports [value=" + transport + "]")))
		ann.entered().isVia(transport)
		ann.sees("the same room", func(v view) bool { return v.Room == "attic" })
	}
	ann.fits("room")
}
