package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What becomes of what was done in a list that is not loaded, not open, or not there any more.

// is waits until a script says something.
func (p sheet) is(script, want string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[string](p.tab, script)
		if err == nil && got == want {
			return ""
		}
		return fmt.Sprintf("%s has %q, not %q: %v", p.name, got, want, err)
	})
}

// removesList removes the open list, and says that she is sure.
func (p sheet) removesList() {
	p.t.Helper()
	p.run(`$('#remove-list').click(); $('#removing [value=remove]').click()`)
}

// reloadsAnyway reloads the page, and says that it shall go when the browser asks, which it must.
func (p sheet) reloadsAnyway() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	questions := chromedp.Events(ctx, page.JavascriptDialogOpening)
	var answered sync.WaitGroup
	answered.Go(func() {
		for _, err := range questions {
			if err == nil {
				_, err = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}
			if err != nil {
				p.t.Errorf("%s is not asked whether the page may go: %v", p.name, err)
			}
			return
		}
	})
	p.do(reload())
	answered.Wait()
}

// What is added to a list that has not come shows at once, and the list is not said to be empty.
func TestTodoListThatHasNotCome(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	url, plug := c.plugged(t)
	ann, bob := logIn(t, "Ann", url, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	ann.adds("tickets", "hotel")
	ann.shows("tickets", "hotel")
	ann.makes("Garden")
	ann.is("$('#empty').textContent", "Nothing to do here.")
	plug.pull()
	ann.isAlone()
	pending := func(items ...string) {
		t.Helper()
		ann.sees("what she added", func(v paper) bool {
			return slices.Equal(v.Items, items) && v.Pending == len(items) && v.Count == ""
		})
		ann.is("$('#empty').textContent", "")
	}
	ann.makes("Work")
	pending()
	ann.adds("call")
	pending("call")
	ann.opens("Trip")
	pending()
	ann.adds("maps")
	pending("maps")
	ann.opens("Work")
	pending("call")
	ann.opens("Garden")
	plug.put()
	ann.is("$('#empty').textContent", "Nothing to do here.")
	for _, p := range []sheet{ann, bob} {
		p.opens("Trip")
		p.shows("tickets", "hotel", "maps")
		p.opens("Work")
		p.shows("call")
	}
}

// Nobody leaves unwarned while something that was done is unconfirmed: also what shows nowhere, as a removal, or is in a list that is not open.
func TestTodoWarnsOfWhatDoesNotShow(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(ann sheet){
		"an item's removal": func(ann sheet) { ann.removes("hotel") },
		"a list's removal":  func(ann sheet) { ann.removesList() },
		"a tick elsewhere": func(ann sheet) {
			ann.ticks("hotel")
			ann.opens("Work")
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := start(t, todo, "memory", 1, nil)
			url, plug := c.plugged(t)
			ann := logIn(t, "Ann", url, "")
			ann.makes("Work")
			ann.makes("Trip")
			ann.adds("hotel")
			ann.shows("hotel")
			ann.ticks("hotel")
			ann.shows("x hotel")
			plug.pull()
			ann.isAlone()
			if !ann.mayLeave() {
				t.Error("the page warns, and everything is saved")
			}
			do(ann)
			if ann.mayLeave() {
				t.Error("the page does not warn")
			}
			plug.put()
			until(t, func() string {
				if ann.mayLeave() {
					return ""
				}
				return "the page still warns"
			})
		})
	}
}

// An editor ends with its list: what was typed goes where it belongs, or is asked about.
func TestTodoEditorEndsWithItsList(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	ann.adds("tickets")
	ann.makes("Work")
	ann.adds("call")
	ann.shows("call")
	edit := func(text string) { ann.on(text, `row.querySelector('.text').click()`) }
	edit("call")
	ann.types("call Eve")
	ann.run(`history.back()`)
	ann.sees("the other list", func(v paper) bool { return v.Title == "Trip" })
	ann.shows("tickets")
	bob.opens("Work")
	bob.shows("call Eve")
	ann.opens("Work")
	ann.shows("call Eve")
	edit("call Eve")
	ann.types("call Bob")
	bob.ticks("call Eve")
	bob.shows("x call Eve")
	bob.removesList()
	ann.isAsked(removed, "call Bob", "(removed)")
	ann.sees("the list that is left", func(v paper) bool { return v.Title == "Trip" && slices.Equal(v.Items, []string{"tickets"}) })
	ann.is(`$('#conflict [value=mine]').textContent`, "Add to “\u2068Trip\u2069”")
	ann.answers("mine")
	ann.shows("tickets", "call Bob")
}

// A text whose list has gone, when no other is there, waits for one: nothing is said before, and she sees where it will go.
func TestTodoNoListLeft(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets")
	ann.adds("guide")
	bob.ticks("tickets")
	bob.shows("x tickets")
	bob.removesList()
	bob.sees("no list", func(v paper) bool { return len(v.Lists) == 0 })
	plug.put()
	ann.is(`$('#conflict').open ? $('#conflict-why').textContent : ''`, "there is no such list any more. Make a list first, and then try again.")
	ann.is(`$('#conflict [value=mine]').disabled ? $('#conflict [value=mine]').textContent : ''`, "Try again")
	bob.makes("Food")
	ann.isAsked(unsaved, "guide", "") // and can answer
	ann.is(`$('#conflict [value=mine]').textContent`, "Add to “\u2068Food\u2069”")
	ann.types(kb.Escape)
	ann.makes("Holidays")
	ann.run(`$('#new-item').value = ''; $('#title').focus()`)
	ann.do(chromedp.Click(chromedp.CSS("#unsaved")))
	ann.isAsked(unsaved, "guide", "")
	ann.is(`$('#conflict [value=mine]').textContent`, "Add to “\u2068Holidays\u2069”")
	ann.answers("mine")
	ann.isNotAsked()
	for _, p := range []sheet{ann, bob} {
		p.opens("Holidays")
		p.shows("guide")
	}
}

// A tab that is hidden may be thrown away without another word: what was typed half is kept by then.
func TestTodoHiddenTabKeepsWords(t *testing.T) {
	t.Parallel()
	ann, _, _ := away(t, "ws", "tickets")
	ann.run(`$('#new-item').value = 'gui'`)
	ann.on("tickets", `row.querySelector('.text').click(); row.querySelector('.edit').value = 'two tick'`)
	ann.run(`Object.defineProperty(document, 'visibilityState', { value: 'hidden' }); document.dispatchEvent(new Event('visibilitychange'))`)
	ann.is(`[...JSON.parse(sessionStorage['todo-drafts']), ...JSON.parse(sessionStorage['todo-words']).map(w => w.text)].join()`, "gui,,two tick")
}

// A name that is typed half is there again after a reload, for the list that it was for, and nobody leaves unwarned meanwhile. One that was let go is not.
func TestTodoReloadKeepsHalfAName(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	bob.opens("Trip")
	named := func(name string) {
		t.Helper()
		for _, p := range []sheet{ann, bob} {
			p.sees("the new name", func(v paper) bool { return v.Title == name })
		}
	}
	begins := func(half string) {
		t.Helper()
		ann.do(chromedp.Click(chromedp.CSS("#rename")))
		ann.types(half)
	}
	begins("Trip to the s")
	bob.renames("Journey")
	named("Journey")
	ann.reloadsAnyway()
	ann.is(`$('#naming')?.open ? $('#name').value : ''`, "Trip to the s")
	ann.types("ea\r")
	ann.isAsked(stale, "Trip to the sea", "Journey")
	ann.answers("mine")
	named("Trip to the sea")

	begins("Trip to the l")
	ann.types(kb.Escape)
	ann.do(reload())
	named("Trip to the sea")
	ann.is(`String($('#naming').open)`, "false")
	if !ann.mayLeave() {
		t.Error("the page warns, and everything is saved")
	}
}

// A list of the longest name is offered on a phone too, and the question fits there.
func TestTodoLongNameInAQuestion(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	url, plug := c.plugged(t)
	ann, bob := logIn(t, "Ann", url, ""), logIn(t, "Bob", c.URL, "")
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)))
	long := strings.Repeat("W", 40)
	ann.makes(long)
	ann.makes("Trip")
	bob.opens("Trip")
	plug.pull()
	ann.isAlone()
	ann.adds("guide")
	bob.removesList()
	bob.sees("that it has gone", func(v paper) bool { return slices.Equal(v.Lists, []string{long}) })
	plug.put()
	ann.isAsked(unsaved, "guide", "")
	ann.is(`$('#conflict [value=mine]').textContent`, "Add to “\u2068"+long+"\u2069”")
	ann.is(`String($('#conflict').scrollWidth <= $('#conflict').clientWidth)`, "true")
	ann.fits("a question")
	ann.touchable("a question")
}
