package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What somebody has typed into the to-dos is in its list, or that person is asked about it.

// What the page asks.
const (
	stale   = "This was changed meanwhile"
	removed = "This was removed meanwhile"
	unsaved = "This is not saved"
)

// isAsked waits until the page asks what shall become of a text. Theirs is "" if there is nothing to choose.
func (p sheet) isAsked(what, mine, theirs string) {
	p.t.Helper()
	want := fmt.Sprintf("%q", []string{what, mine, theirs})
	until(p.t, func() string {
		got, err := evaluate[[]string](p.tab, `$('#conflict')?.open && !$('#conflict [value=mine]').disabled
			? [$('#conflict-title').textContent, $('#mine').value, $('#theirs').checkVisibility() ? $('#theirs').value : ''] : []`)
		if fmt.Sprintf("%q", got) == want {
			return ""
		}
		return fmt.Sprintf("%s is asked %q, not %s: %v", p.name, got, want, err)
	})
}

// answers presses a button of the question: mine or theirs.
func (p sheet) answers(value string) { p.t.Helper(); p.run(`$('#conflict [value=%s]').click()`, value) }

// question is what the page asks, and the answer.
type question struct{ what, mine, theirs, answer string }

// settles answers questions, in whatever order the page asks them.
func (p sheet) settles(questions ...question) {
	p.t.Helper()
	for len(questions) > 0 {
		at := -1
		p.sees("a question", func(v paper) bool {
			at = slices.IndexFunc(questions, func(q question) bool { return len(v.Asked) > 0 && v.Asked[0] == q.mine })
			return at >= 0
		})
		q := questions[at]
		p.isAsked(q.what, q.mine, q.theirs)
		p.answers(q.answer)
		questions = slices.Delete(questions, at, at+1)
	}
	p.isNotAsked()
}

// isNotAsked waits until there is nothing to ask.
func (p sheet) isNotAsked() {
	p.t.Helper()
	p.sees("no question", func(v paper) bool { return v.Asked == nil })
}

func (p sheet) renames(to string) {
	p.t.Helper()
	p.run(`$('#rename').click(); $('#name').value = %q; $('#naming [value=rename]').click()`, to)
}

func (p sheet) isAlone() {
	p.t.Helper()
	p.sees("that she is alone", func(v paper) bool { return v.Link == "wait" })
}

// mayLeave tells whether the page lets itself be closed without a word.
func (p sheet) mayLeave() bool {
	p.t.Helper()
	may, err := evaluate[bool](p.tab, `dispatchEvent(new Event('beforeunload', { cancelable: true }))`)
	if err != nil {
		p.t.Fatal(err)
	}
	return may
}

// away is Ann, who has no connection, and Bob, who has; both have a list before them.
func away(t *testing.T, transport string, items ...string) (ann, bob sheet, p *plug) {
	t.Helper()
	c := start(t, todo, "memory", 1, nil)
	url, p := c.plugged(t)
	ann, bob = logIn(t, "Ann", url, "transport="+transport), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	ann.adds(items...)
	bob.opens("Trip")
	bob.shows(items...)
	ann.shows(items...)
	p.pull()
	ann.isAlone()
	return ann, bob, p
}

// Of two conflicts at once each is asked about, one after the other.
func TestTodoTwoConflicts(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ann, bob, plug := away(t, transport, "tickets", "hotel", "maps")
			for _, item := range []string{"tickets", "hotel", "maps"} {
				ann.edits(item, "two "+item)
				bob.edits(item, "three "+item)
			}
			bob.shows("three tickets", "three hotel", "three maps")
			plug.put()
			ann.isAsked(stale, "two tickets", "three tickets")
			ann.answers("mine")
			ann.isAsked(stale, "two hotel", "three hotel")
			ann.answers("theirs")
			ann.isAsked(stale, "two maps", "three maps")
			bob.edits("three maps", "ten maps") // what she is asked about goes on meanwhile
			ann.isAsked(stale, "two maps", "ten maps")
			ann.run(`$('#mine').value = 'some maps'; $('#mine').dispatchEvent(new Event('input'))`)
			ann.answers("mine")
			for _, p := range []sheet{ann, bob} {
				p.shows("two tickets", "three hotel", "some maps")
			}
			ann.isNotAsked()
			if !ann.mayLeave() {
				t.Error("the page warns, and everything is saved")
			}
		})
	}
}

// An item that is edited twice before the first edit is confirmed overwrites nobody: its author is asked once, about what she typed last.
func TestTodoEditsInARow(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ann, bob, plug := away(t, transport, "tickets", "hotel")
			for _, item := range []string{"tickets", "hotel"} {
				ann.edits(item, "two "+item)
				ann.edits("two "+item, "two good "+item)
			}
			ann.renames("Trip to the sea")
			ann.renames("Trip to the lake")
			bob.edits("tickets", "three tickets")
			bob.shows("three tickets", "hotel")
			plug.put()
			ann.isAsked(stale, "two good tickets", "three tickets")
			bob.shows("three tickets", "two good hotel")
			bob.sees("the new name", func(v paper) bool { return v.Title == "Trip to the lake" })
			ann.answers("mine")
			bob.shows("two good tickets", "two good hotel")
			ann.shows("two good tickets", "two good hotel")
			ann.isNotAsked()
		})
	}
}

// What was removed meanwhile comes back, if its editor wants it: an item, a list's name, and an item of a list that has gone.
func TestTodoRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets")
	ann.edits("tickets", "two tickets")
	bob.removes("tickets")
	bob.shows()
	plug.put()
	ann.isAsked(removed, "two tickets", "(removed)")
	ann.answers("mine")
	ann.shows("two tickets")
	bob.shows("two tickets")

	bob.makes("Work")
	bob.adds("call")
	ann.opens("Work")
	ann.shows("call")
	plug.pull()
	ann.isAlone()
	ann.adds("write")
	ann.renames("Office")
	ann.edits("call", "call home")
	bob.removes("call")
	bob.shows()
	bob.run(`$('#remove-list').click(); $('#removing [value=remove]').click()`)
	bob.sees("that it has gone", func(v paper) bool { return slices.Equal(v.Lists, []string{"Trip"}) })
	plug.put()
	ann.isAsked(removed, "Office", "(removed)") // the list's name comes first: what is in it needs it
	ann.answers("mine")
	ann.settles(question{unsaved, "write", "", "mine"}, question{removed, "call home", "(removed)", "mine"})
	bob.sees("the list", func(v paper) bool { return slices.Equal(v.Lists, []string{"Trip", "Office"}) })
	bob.opens("Office")
	for _, p := range []sheet{ann, bob} {
		p.shows("write", "call home")
	}
}

// Nobody removes what he has not read.
func TestTodoChangedMeanwhile(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets", "hotel")
	ann.removes("tickets")
	ann.edits("hotel", "good hotel")
	ann.removes("good hotel")
	ann.sees("nothing", func(v paper) bool { return len(v.Items) == 0 })
	bob.edits("tickets", "three tickets")
	bob.shows("three tickets", "hotel")
	plug.put()
	for _, p := range []sheet{ann, bob} {
		p.shows("three tickets")
	}
	ann.sees("why", func(v paper) bool {
		return slices.Contains(v.Toasts, "Not removed: \u2068Bob\u2069 has changed it meanwhile")
	})
}

// A conflict in a list that is not open is none of an item that has gone.
func TestTodoConflictElsewhere(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets")
	ann.edits("tickets", "two tickets")
	ann.makes("Work")
	ann.adds("call")
	bob.edits("tickets", "three tickets")
	bob.shows("three tickets")
	plug.put()
	ann.isAsked(stale, "two tickets", "three tickets")
	if why, err := evaluate[string](ann.tab, `$('#conflict-why').textContent`); err != nil || why != "“\u2068Trip\u2069”: \u2068Bob\u2069 has changed it meanwhile" {
		t.Errorf("she is told: %q, %v", why, err)
	}
	ann.answers("mine")
	ann.isNotAsked()
	ann.shows("call")
	bob.shows("two tickets")
}

// Two who rename a list do not overwrite each other.
func TestTodoStaleNames(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws")
	is := func(name string) {
		t.Helper()
		for _, p := range []sheet{ann, bob} {
			p.sees("the list "+name, func(v paper) bool { return v.Title == name && slices.Equal(v.Lists, []string{name}) })
		}
	}
	ann.renames("Holidays")
	ann.sees("the new name", func(v paper) bool { return v.Title == "Holidays" })
	bob.renames("Journey")
	bob.sees("the new name", func(v paper) bool { return v.Title == "Journey" })
	plug.put()
	ann.isAsked(stale, "Holidays", "Journey")
	is("Journey")
	ann.answers("mine")
	is("Holidays")
	ann.isNotAsked()
}

// A reload loses nothing: what was not confirmed is said again, what was asked is asked again, and what was typed half is there.
func TestTodoReloadKeepsWords(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ann, bob, plug := away(t, transport, "tickets", "hotel", "maps")
			ann.makes("Packing")
			ann.adds("socks")
			ann.opens("Trip")
			bob.edits("tickets", "three tickets")
			bob.shows("three tickets", "hotel", "maps")
			ann.edits("tickets", "two tickets")
			ann.edits("hotel", "hotel with a view")
			ann.adds("guide", "boots")
			ann.edits("boots", "good boots")
			ann.on("maps", `row.querySelector('.text').click(); row.querySelector('.edit').value = 'good maps'`) // and no Enter
			ann.run(`$('#new-list').value = 'Wor'; $('#new-item').value = 'sun'`)
			if ann.mayLeave() {
				t.Error("the page does not warn")
			}
			url := ann.url()
			ann.run(`setTimeout(() => location.reload())`)
			until(t, func() string { // there is no page without a connection
				if there, err := evaluate[bool](ann.tab, `document.readyState === 'complete' && !$('#people')`); err != nil || !there {
					return fmt.Sprint("the page does not go: ", err)
				}
				return ""
			})
			plug.put()
			ann.do(chromedp.Navigate(url))
			ann.isAsked(stale, "two tickets", "three tickets")
			ann.do(reload())
			ann.isAsked(stale, "two tickets", "three tickets")
			ann.answers("mine")
			for _, p := range []sheet{ann, bob} {
				p.sees("both lists", func(v paper) bool { return slices.Equal(v.Lists, []string{"Trip", "Packing"}) })
				p.shows("two tickets", "hotel with a view", "good maps", "guide", "good boots")
				p.opens("Packing")
				p.shows("socks")
			}
			if got, err := evaluate[[]string](ann.tab, `[$('#new-list').value, $('#new-item').value]`); err != nil || !slices.Equal(got, []string{"Wor", "sun"}) {
				t.Errorf("what was typed half is %q, %v", got, err)
			}
			if !ann.mayLeave() {
				t.Error("the page warns, and everything is saved")
			}
		})
	}
}

// Who is logged out meanwhile sees what was not saved, and is asked about it when she is back.
func TestTodoLogOutKeepsWords(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets", "hotel", "maps")
	ann.adds("guide")
	ann.edits("tickets", "two tickets")
	ann.edits("hotel", "good hotel")
	bob.edits("hotel", "good hotel") // as it happens
	ann.on("maps", `row.querySelector('.text').click(); row.querySelector('.edit').value = 'good maps'`)
	other := sheet{ann.another("Ann", plug.past)}
	other.sees("the lists", func(v paper) bool { return v.Link == "up" })
	other.do(chromedp.Click(chromedp.CSS("header button")))
	other.comesTo("[name=name]")
	plug.put()
	ann.comesTo("#forget")
	ann.screenshot("logged out")
	ann.accessible("what is not saved")
	got, err := evaluate[[]string](ann.tab, `texts('#kept li')`)
	if want := []string{"guide", "two tickets", "good hotel", "good maps"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("what is not saved is %q, %v", got, err)
	}
	bob.edits("tickets", "three tickets")
	ann.submit("")
	ann.isAsked(unsaved, "guide", "")
	ann.answers("mine")
	ann.isAsked(stale, "two tickets", "three tickets")
	ann.answers("theirs")
	ann.isAsked(unsaved, "good maps", "") // what is there already nobody asks about
	ann.answers("mine")
	for _, p := range []sheet{ann, bob} {
		p.shows("three tickets", "good hotel", "good maps", "guide")
	}
	ann.isNotAsked()
}

// A question can be put off, and does not interrupt who is typing.
func TestTodoQuestionsWait(t *testing.T) {
	t.Parallel()
	ann, bob, plug := away(t, "ws", "tickets", "hotel")
	ann.edits("tickets", "two tickets")
	bob.edits("tickets", "three tickets")
	bob.shows("three tickets", "hotel")
	ann.on("hotel", `row.querySelector('.text').click()`)
	plug.put()
	waits := func() {
		t.Helper()
		until(t, func() string {
			if got, err := evaluate[string](ann.tab, `$('#unsaved').checkVisibility() ? $('#unsaved').textContent : ''`); err != nil || got != "1 text is not saved" {
				return fmt.Sprintf("it says %q, %v", got, err)
			}
			return ""
		})
		ann.isNotAsked()
		if ann.mayLeave() {
			t.Error("the page does not warn")
		}
	}
	waits()
	ann.types("good hotel\r")
	ann.isAsked(stale, "two tickets", "three tickets")
	ann.types(kb.Escape)
	waits()
	ann.accessible("a question that was put off")
	ann.do(chromedp.Click(chromedp.CSS("#unsaved")))
	ann.isAsked(stale, "two tickets", "three tickets")
	ann.answers("theirs")
	for _, p := range []sheet{ann, bob} {
		p.shows("three tickets", "good hotel")
	}
	ann.sees("that all is saved", func(paper) bool {
		gone, err := evaluate[bool](ann.tab, `$('#unsaved').hidden`)
		return err == nil && gone
	})
}

// The dialogs fit a phone, and can be touched there.
func TestTodoDialogsOnAPhone(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	url, plug := c.plugged(t)
	ann := sheet{visit(t, "Ann", "about:blank")}
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)), chromedp.Navigate(url+"/login.html"))
	ann.do(chromedp.WaitVisible(chromedp.CSS("[name=name]")))
	ann.submit("")
	bob := logIn(t, "Bob", c.URL, "")
	ann.makes("A list with a name that is rather long")
	ann.adds("milk")
	bob.shows("milk")
	ann.run(`$('#rename').click()`)
	ann.fits("naming")
	ann.touchable("naming")
	ann.run(`$('#naming [value=""]').click()`)
	plug.pull()
	ann.isAlone()
	mine, theirs := strings.Repeat("wide", 100), strings.Repeat("broad", 90)
	ann.edits("milk", mine)
	bob.edits("milk", theirs)
	bob.shows(theirs)
	plug.put()
	ann.isAsked(stale, mine, theirs)
	ann.fits("a conflict")
	ann.touchable("a conflict")
	ann.do(chromedp.KeyEvent(kb.Escape))
	ann.isNotAsked()
	ann.fits("a conflict that waits")
	ann.touchable("a conflict that waits")
}
