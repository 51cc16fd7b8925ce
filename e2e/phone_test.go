package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// On a phone nothing is wider than the screen, and what is there can be reached.
func TestPhone(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	bob := visit(t, "Bob", c.URL).enter()
	ann := visit(t, "Ann", "about:blank")
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)), chromedp.Navigate(c.URL))
	ann.sees("the question for a name", func(v view) bool { return v.Asked })
	ann.fits("name")
	ann.do(chromedp.SendKeys(chromedp.CSS("#name"), "Ann"), chromedp.Tap(chromedp.CSS("#name-form button")))
	ann.entered()

	word, link := strings.Repeat("wide", 100), "https://example.com/"+strings.Repeat("path/", 60)
	bob.say(word)
	bob.say("see " + link + " for more")
	ann.do(chromedp.SendKeys(chromedp.CSS("#text"), "well"), chromedp.Tap(chromedp.CSS("#say button")))
	ann.shows("Bob: "+word, "Bob: see "+link+" for more", "Ann: well")
	ann.fits("talk")

	ann.do(chromedp.Tap(chromedp.CSS("#menu")), chromedp.WaitVisible(chromedp.CSS("#side")))
	ann.fits("menu")
	ann.do(chromedp.Tap(chromedp.CSS("#transports [value=longpoll]")))
	ann.isVia("longpoll")
	ann.do(chromedp.SendKeys(chromedp.CSS("#new-room"), "attic"), chromedp.Tap(chromedp.CSS("#create button")))
	ann.sees("the new room", func(v view) bool { return v.Room == "attic" && slices.Equal(v.People, []string{"Ann (you)"}) })
	bob.sees("that Ann has left", func(v view) bool { return v.Here == "1 here" })
	ann.fits("room")
}

// fits keeps a screenshot, and fails if something is beside the screen.
func (p *tab) fits(what string) {
	p.t.Helper()
	// Until nothing moves any more.
	until(p.t, func() string {
		moving, err := evaluate[int](p, `document.getAnimations().length`)
		if err == nil && moving == 0 {
			return ""
		}
		return "something moves for ever"
	})
	p.screenshot(what)
	wide, err := evaluate[[]string](p, `[...document.querySelectorAll('*')]
		.filter(e => e.checkVisibility({ visibilityProperty: true }) && (e.getBoundingClientRect().right > innerWidth || e.getBoundingClientRect().left < 0))
		.map(e => e.outerHTML.slice(0, 100))`)
	if err != nil || len(wide) > 0 {
		p.t.Errorf("%s: beside the screen: %q, %v", what, wide, err)
	}
	if scrolls, err := evaluate[bool](p, `document.documentElement.scrollWidth > 360 || innerWidth !== 360`); err != nil || scrolls {
		p.t.Errorf("%s: the page scrolls sideways, %v", what, err)
	}
}
