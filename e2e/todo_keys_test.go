package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// All of it can be done by keyboard, from the log-in to the log-out: Tab leads everywhere, and the focus is never lost.
func TestTodoByKeyboard(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := sheet{visit(t, "Ann", c.URL)}
	ann.tabs("Your name")
	ann.types("Ann\r")
	ann.sees("that there is no list", func(v paper) bool { return v.Link == "up" && v.Title == "No list" })

	for _, list := range []string{"Work", "Errands"} {
		ann.tabs("Name of the new list")
		ann.types(list + "\r")
		ann.sees("the list", func(v paper) bool { return v.Title == list })
	}
	ann.isAt("What there is to do")
	ann.types("post\rbank\rpark\r")
	ann.shows("post", "bank", "park")
	ann.tabs("Move post: arrow up, arrow down")
	ann.types(kb.ArrowDown + kb.ArrowDown)
	ann.shows("bank", "park", "post")
	ann.types(kb.ArrowUp)
	ann.shows("bank", "post", "park")
	ann.tabs("post")
	ann.types(" ")
	ann.shows("bank", "x post", "park")
	ann.tabs("Edit post")
	ann.types("\rpost office\r")
	ann.shows("bank", "x post office", "park")
	ann.types("\rnothing" + kb.Escape)
	ann.shows("bank", "x post office", "park")
	ann.isAt("Edit post office")

	ann.tabs("Remove post office")
	ann.types("\r")
	ann.shows("bank", "park")
	ann.isAt("Remove park")
	ann.tabs("Undo")
	ann.types("\r")
	ann.shows("bank", "x post office", "park")
	ann.isAt("Remove park")
	ann.types("\r")
	ann.shows("bank", "x post office")
	ann.isAt("Remove post office")
	ann.do(chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	ann.shows("bank", "x post office", "park")

	ann.tabs("Rename")
	ann.types("\r")
	ann.isAt("Rename the list")
	ann.types("Nowhere" + kb.Escape)
	ann.isAt("Rename")
	ann.types("\rTown\r")
	ann.sees("the new name", func(v paper) bool { return v.Title == "Town" && slices.Equal(v.Lists, []string{"Work", "Town"}) })
	ann.isAt("Rename")
	ann.tabs("Work")
	ann.types("\r")
	ann.sees("the other list", func(v paper) bool { return v.Title == "Work" && len(v.Items) == 0 })
	ann.isAt("Work")
	ann.tabs("Remove")
	ann.types("\r")
	ann.isAt("Keep it")
	ann.types("\r")
	ann.isAt("Remove")
	ann.types("\r")
	ann.isAt("Keep it")
	ann.tabs("Remove")
	ann.types("\r")
	ann.sees("that it has gone", func(v paper) bool { return v.Title == "Town" && slices.Equal(v.Lists, []string{"Town"}) })
	ann.isAt("Town")

	ann.tabs("Log out")
	ann.types("\r")
	ann.comesTo("[name=name]")
	ann.tabs("Log in")
}

// So can be chosen which of two texts it shall be.
func TestTodoConflictByKeyboard(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	url, plug := c.plugged(t)
	ann, bob := logIn(t, "Ann", url, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	ann.adds("tickets")
	bob.opens("Trip")
	bob.shows("tickets")
	conflict := func(before, mine, theirs string) {
		t.Helper()
		plug.pull()
		ann.sees("that she is alone", func(v paper) bool { return v.Link == "wait" })
		ann.tabs("Edit " + before)
		ann.types("\r" + mine + "\r")
		bob.edits(before, theirs)
		bob.shows(theirs)
		plug.put()
		ann.sees("both texts", func(v paper) bool { return slices.Equal(v.Asked, []string{mine, theirs}) })
		ann.isAt("Yours")
	}
	conflict("tickets", "two tickets", "three tickets")
	ann.types(" please")
	ann.tabs("Theirs")
	ann.tabs("Use mine")
	ann.types("\r")
	bob.shows("two tickets please")
	ann.shows("two tickets please")
	ann.isAt("Edit two tickets please")

	conflict("two tickets please", "no tickets", "four tickets")
	ann.tabs("Keep theirs")
	ann.types("\r")
	ann.shows("four tickets")
	ann.isAt("Edit four tickets")

	conflict("four tickets", "no tickets", "five tickets")
	ann.types(kb.Escape) // puts it off
	ann.isAt("Edit five tickets")
	ann.tabs("1 text is not saved")
	ann.types("\r")
	ann.isAt("Yours")
	ann.tabs("Keep theirs")
	ann.types("\r")
	ann.isAt("Trip")
	ann.shows("five tickets")
	bob.shows("five tickets")
}

// When somebody else removes what the focus is in, it goes on to the next row.
func TestTodoFocusOfWhatIsRemoved(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Trip")
	ann.adds("tickets", "hotel")
	bob.opens("Trip")
	bob.shows("tickets", "hotel")
	for _, step := range []struct{ at, removed, then string }{
		{"tickets", "tickets", "hotel"},
		{"Edit hotel", "hotel", "What there is to do"},
	} {
		ann.tabs(step.at)
		bob.removes(step.removed)
		ann.isAt(step.then)
	}
}

// What is told for a while stays as long as the focus is in it: nobody has to be quick. (The page's clock is ours here.)
func TestTodoToastsWait(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("Trip")
	ann.adds("tickets")
	ann.shows("tickets")
	ann.run(`
		const set = setTimeout, clear = clearTimeout
		let id = 1e6
		window.due = new Map()
		window.setTimeout = (f, ms) => ms === 12_000 ? (due.set(++id, f), id) : set(f, ms)
		window.clearTimeout = id => due.delete(id) || clear(id)`)
	later := func() { t.Helper(); ann.run(`for (const [id, f] of [...due]) { due.delete(id); f() }`) }
	ann.removes("tickets")
	for _, at := range []string{"Undo", "Close"} {
		ann.tabs(at)
		later()
		ann.isAt(at)
	}
	ann.tabs("Log out")
	ann.sees("what was told", func(v paper) bool { return len(v.Toasts) == 1 })
	later()
	ann.sees("nothing any more", func(v paper) bool { return len(v.Toasts) == 0 })
	ann.isAt("Log out")
}

// focused is a script for the name of what has the focus, as it is told to who cannot see it; "" if nothing has.
const focused = `(() => {
	const e = document.activeElement
	const named = [...(e.ariaLabelledByElements ?? []), ...(e.labels ?? []), e][0]
	return e === document.body ? '' : e.ariaLabel || named.firstChild?.textContent.trim() || ''
})()`

// isAt waits until the focus is somewhere.
func (p sheet) isAt(name string) {
	p.t.Helper()
	until(p.t, func() string {
		at, err := evaluate[string](p.tab, focused)
		if at == name {
			return ""
		}
		return fmt.Sprintf("%s is at %q, not at %q: %v", p.name, at, name, err)
	})
}

// tabs presses Tab until the focus is somewhere, perhaps past the end of the page.
func (p sheet) tabs(name string) {
	p.t.Helper()
	var passed []string
	for range 60 {
		p.types(kb.Tab)
		at, err := evaluate[string](p.tab, focused)
		if err != nil {
			p.t.Fatal(err)
		}
		if at == name {
			return
		}
		passed = append(passed, at)
	}
	p.t.Fatalf("%s does not come to %q by Tab, but to %q", p.name, name, passed)
}

// types presses keys. An Enter is dispatched as a whole, so that a page that prevents what its keydown would do prevents all of it.
func (p sheet) types(keys string) {
	p.t.Helper()
	for i, part := range strings.Split(keys, "\r") {
		if i > 0 {
			p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				enter := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, enter); err != nil {
					return err
				}
				enter.Type, enter.Text = input.DispatchKeyEventTypeKeyUp, ""
				_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, enter)
				return err
			}))
		}
		if part != "" {
			p.do(chromedp.KeyEvent(part))
		}
	}
}
