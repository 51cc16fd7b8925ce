package e2e

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

func reload() chromedp.Action[chromedp.Void] { return chromedp.Reload() }

// A page that is loaded again is another socket, with the room's history; the one before has said goodbye.
func TestReload(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			url := c.URL + "/#" + transport
			guard := watch(t, c.URL, transport)
			ann := visit(t, "Ann", url).enter().via(transport)
			ann.say("one")
			ann.shows("Ann: one")
			before := guard.sees("Ann", 1)[0]
			ann.do(reload())
			ann.entered().isVia(transport)
			ann.shows("Ann: one")
			if after := guard.sees("Ann", 1)[0]; after == before {
				t.Error("it is the same socket")
			}
			ann.say("two")
			ann.shows("Ann: one", "Ann: two")
		})
	}
}

// A tab that is closed is gone at once, though its socket would live on for two minutes.
func TestClosedTab(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			c := store.start(t, nil)
			bob := visit(t, "Bob", c.URL).enter()
			ann := visit(t, "Ann", c.URL).enter()
			ann.do(chromedp.Navigate("about:blank")) // her browser remembers the name, and outlives its tabs
			for _, transport := range transports {
				tab := ann.another("Ann", c.URL).entered().via(transport)
				bob.sees("Ann", func(v view) bool { return slices.Equal(v.People, []string{"Ann", "Bob (you)"}) })
				tab.closes()
				bob.sees("that Ann has gone", func(v view) bool { return slices.Equal(v.People, []string{"Bob (you)"}) })
			}
		})
	}
}

// closes closes the tab, as its user would.
func (p *tab) closes() {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, page.Close, cdp.Empty{}); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// What is said in the moment before the page goes is said.
func TestTheLastWord(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	bob := visit(t, "Bob", c.URL).enter()
	var want []string
	for _, transport := range transports {
		ann := visit(t, "Ann", c.URL).enter().via(transport)
		ann.run(`for (const text of ['off to', %q]) {
			$('#text').value = text
			$('#say').requestSubmit()
		}
		location.href = 'about:blank'`, transport)
		want = append(want, "Ann: off to", "Ann: "+transport)
		bob.shows(want...)
		bob.sees("that Ann has gone", func(v view) bool { return slices.Equal(v.People, []string{"Bob (you)"}) })
	}
}

// A page that comes back from the browser's cache is in the room again.
func TestBack(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	guard := watch(t, c.URL, "lobby")
	ann := visit(t, "Ann", c.URL).enter()
	ann.say("one")
	ann.shows("Ann: one")
	ann.run(`addEventListener('pageshow', e => { document.body.dataset.persisted = e.persisted })`)
	ann.do(chromedp.Navigate("about:blank"))
	guard.sees("Ann", 0)
	ann.run(`history.back()`)
	guard.sees("Ann", 1)
	if persisted, err := evaluate[string](ann, `document.body.dataset.persisted ?? ''`); persisted != "true" {
		t.Errorf("the page was not in the cache: %q, %v", persisted, err)
	}
	ann.entered().say("two")
	ann.shows("Ann: one", "Ann: two")
}

// A tab that is duplicated takes the name along, and is a socket of its own.
func TestDuplicatedTab(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	guard := watch(t, c.URL, "lobby")
	ann := visit(t, "Ann", c.URL).enter().via("sse")
	ann.say("one")
	opened := chromedp.WaitNewTarget(ann.ctx, func(i *target.Info) bool { return i.Type == "page" })
	ann.run(`window.open(location.href)`) // what it opens has a copy of sessionStorage, as a duplicate has
	twin := ann.another("Ann", "", chromedp.WithTargetID(<-opened)).entered()
	twin.isVia("sse")
	twin.shows("Ann: one")
	guard.sees("Ann", 2)
	twin.sees("themselves once", func(v view) bool { return v.Here == "1 here" })
	for _, text := range []string{"two", "three"} {
		twin.say(text)
	}
	twin.shows("Ann: one", "Ann: two", "Ann: three")
	ann.shows("Ann: one", "Ann: two", "Ann: three")
	twin.closes()
	guard.sees("Ann", 1)
	ann.say("four")
	ann.shows("Ann: one", "Ann: two", "Ann: three", "Ann: four")
}
