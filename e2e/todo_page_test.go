package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// numbered are as many texts, each with a number.
func numbered(what string, n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprintf("%s %d", what, i+1))
	}
	return texts
}

// handle returns where the handle of the item at a place is on the screen.
func (p sheet) handle(n int) (x, y float64) {
	p.t.Helper()
	at, err := evaluate[[]float64](p.tab, fmt.Sprintf(`(() => {
		const box = document.querySelectorAll('.item .handle')[%d].getBoundingClientRect()
		return [box.x + box.width / 2, box.y + box.height / 2]
	})()`, n))
	if err != nil {
		p.t.Fatal(err)
	}
	return at[0], at[1]
}

func press(x, y float64) chromedp.Action[chromedp.Void] {
	return chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
}

func drag(x, y float64) chromedp.Action[chromedp.Void] {
	return chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft)
}

func release(x, y float64) chromedp.Action[chromedp.Void] {
	return chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
}

// Who holds an item that somebody else removes lets go of nothing, and goes on.
func TestTodoDragOfWhatIsRemoved(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Work")
	ann.adds("mail")
	ann.makes("Shopping")
	ann.adds("milk", "bread", "eggs")
	bob.opens("Shopping")
	bob.shows("milk", "bread", "eggs")
	x, y := ann.handle(1)
	ann.do(press(x, y), drag(x, y+5))
	ann.sees("that she holds it", func(paper) bool { held, _ := evaluate[bool](ann.tab, `!!$('.dragged')`); return held })
	bob.removes("bread")
	ann.shows("milk", "eggs")
	ann.do(drag(x, y+60), release(x, y+60))
	bob.adds("tea")
	ann.shows("milk", "eggs", "tea")
	ann.drags("mouse", 0, 2)
	ann.opens("Work")
	ann.shows("mail")
	ann.sees("no complaint", func(v paper) bool { return len(v.Toasts) == 0 })
}

// An item is dragged as far as somebody likes: past many others at once, and beyond what the screen shows, where the list comes along.
func TestTodoDragFar(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.do(chromedp.EmulateViewport(800, 900)) // in which the first items are far from its edges
	ann.makes("Order")
	want := numbered("item", 40)
	ann.adds(want...)
	ann.shows(want...)

	x, from := ann.handle(0)
	_, to := ann.handle(3)
	ann.do(press(x, from), drag(x, to+3), release(x, to+3)) // in one movement
	want = slices.Insert(want[1:], 3, "item 1")
	ann.shows(want...)

	// place waits until the item is at a place, while the pointer is held still.
	place := func(item string, at int) {
		t.Helper()
		ann.sees(fmt.Sprintf("%s at %d", item, at), func(v paper) bool { return slices.Index(v.Items, item) == at })
	}
	bottom, err := evaluate[float64](ann.tab, `innerHeight - 5`)
	if err != nil {
		t.Fatal(err)
	}
	x, from = ann.handle(0)
	ann.do(press(x, from), drag(x, bottom))
	place("item 2", 39)
	ann.do(release(x, bottom))
	want = append(want[1:], "item 2")
	ann.shows(want...)

	ann.run(`document.querySelectorAll('.item')[20].scrollIntoView({ block: 'end' })`)
	x, from = ann.handle(20)
	ann.do(press(x, from))
	if _, err := evaluate[chromedp.Void](ann.tab, `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => drawn()))))`); err != nil {
		t.Fatal(err)
	}
	ann.do(release(x, from))
	if _, y := ann.handle(20); y != from {
		t.Errorf("a press at the edge has moved the list by %v", from-y)
	}
	ann.shows(want...)

	ann.run(`scrollTo(0, document.body.scrollHeight)`)
	x, from = ann.handle(39)
	ann.do(press(x, from), drag(x, 5))
	place("item 2", 0)
	ann.do(release(x, 5))
	ann.shows(append([]string{"item 2"}, want[:39]...)...)
}

// The page says at once that the browser is offline, though its connection still stands.
func TestTodoSaysThatItIsOffline(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("Trip")
	ann.shows()
	ann.do(offline(true))
	ann.sees("that she is offline", func(v paper) bool { return v.Link == "wait" })
	ann.says("offline: what you change is kept, and sent later")
	ann.do(offline(false))
	ann.sees("that she is back", func(v paper) bool { return v.Link == "up" })
	ann.says("connected")
}

// offline has the browser say of itself that it is offline, or that it is not; its connections stay as they are.
func offline(is bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: is})
		return err
	})
}

// says fails if the page says something else of its connection, or so that nobody can read it.
func (p sheet) says(what string) {
	p.t.Helper()
	if text, err := evaluate[string](p.tab, `parseFloat(getComputedStyle($('#status')).fontSize) > 10 ? $('#status').textContent : ''`); err != nil || text != what {
		p.t.Errorf("the page says %q, not %q: %v", text, what, err)
	}
}

// On a phone a long name is in nobody's way, a hundred lists leave the items on the screen, and that there is no connection is said in words.
func TestTodoOnAPhoneWithMuch(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	url, plug := c.plugged(t)
	ann := sheet{visit(t, "Ann", "about:blank")}
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)), chromedp.Navigate(url))
	ann.do(chromedp.WaitVisible(chromedp.CSS("[name=name]")))
	ann.submit("")
	ann.makes(strings.Repeat("wide", 10))
	ann.fits("a long name")
	ann.adds("milk")
	ann.run(`for (let i = 1; i < 100; i++) { $('#new-list').value = 'List ' + i; $('#create').requestSubmit() }`)
	ann.sees("the lists", func(v paper) bool { return len(v.Lists) == 100 && v.Title == "List 99" })
	ann.opens(strings.Repeat("wide", 10))
	ann.shows("milk")
	ann.run(`scrollTo(0, 0)`)
	ann.fits("a hundred lists")
	if seen, err := evaluate[bool](ann.tab, `$('.item').getBoundingClientRect().bottom < innerHeight`); err != nil || !seen {
		t.Errorf("the items are below the screen, %v", err)
	}
	ann.opens("List 99")
	if seen, err := evaluate[bool](ann.tab, `(() => {
		const [open, lists] = [$('#lists [aria-current]'), $('#lists')].map(e => e.getBoundingClientRect())
		return open.top >= lists.top - 1 && open.bottom <= lists.bottom + 1
	})()`); err != nil || !seen {
		t.Errorf("the open list is not among those that are shown, %v", err)
	}
	plug.pull()
	ann.sees("that she is alone", func(v paper) bool { return v.Link == "wait" })
	ann.says("offline: what you change is kept, and sent later")
	ann.adds("kept")
	ann.fits("offline")
	ann.touchable("offline")
}

// What is written from right to left stands so, wherever it is shown.
func TestTodoFromRightToLeft(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("קניות!")
	ann.adds("חלב!", "bread!")
	ann.shows("חלב!", "bread!")
	ann.on("חלב!", `row.querySelector('.text').click()`)
	directions, err := evaluate[[]string](ann.tab, `['#title', '#lists button', '.item .edit', '.item + .item .text'].map(s => getComputedStyle($(s)).direction)`)
	if want := []string{"rtl", "rtl", "rtl", "ltr"}; err != nil || !slices.Equal(directions, want) {
		t.Errorf("they stand %v, %v", directions, err)
	}
	ann.screenshot("page")
	ann.run(`$('#new-item').focus()`)
	ann.removes("חלב!")
	ann.sees("what was removed, as it is written", func(v paper) bool { return slices.Equal(v.Toasts, []string{"Removed “\u2068חלב!\u2069”"}) })
	ann.screenshot("news")
}

// A list is not removed by one touch: who is asked can keep it.
func TestTodoAsksBeforeAListIsRemoved(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	for _, list := range []string{"Shopping", "Work"} {
		ann.makes(list)
	}
	ann.adds("mail")
	ann.shows("mail")
	ann.ticks("mail")
	ann.shows("x mail")
	asked := func(answer string) {
		t.Helper()
		ann.do(chromedp.Click(chromedp.CSS("#remove-list")), chromedp.WaitVisible(chromedp.CSS("#removing")))
		ann.accessible("the question")
		ann.screenshot("asked")
		ann.do(chromedp.Click(chromedp.CSS(answer)), chromedp.WaitNotVisible(chromedp.CSS("#removing")))
	}
	asked("#removing [value='']")
	ann.adds("call")
	ann.shows("x mail", "call")
	asked("#removing [value=remove]")
	ann.sees("why it stays", func(v paper) bool {
		return slices.Equal(v.Toasts, []string{"Not removed: “\u2068call\u2069” is still to do"})
	})
	ann.ticks("call")
	ann.shows("x mail", "x call")
	asked("#removing [value=remove]")
	ann.sees("the other list", func(v paper) bool { return slices.Equal(v.Lists, []string{"Shopping"}) && v.Title == "Shopping" })
}

// Who logs in as somebody else in one tab is that in the other one too, and need not log in there.
func TestTodoLogInAsSomebodyElse(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("Shopping")
	other := sheet{ann.another("Eve", c.URL+"/login.html")}
	other.submit("")
	for _, p := range []sheet{ann, other} {
		p.sees("Eve", func(v paper) bool {
			return slices.Equal(v.People, []string{"Eve"}) && v.Title == "Shopping" && v.Link == "up"
		})
	}
}

// An address that names no list opens the first one, whatever it names.
func TestTodoAddressOfNoList(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("Shopping")
	ann.makes("Work")
	ann.run(`location.hash = 'constructor'`)
	ann.sees("the first list", func(v paper) bool { return v.Title == "Shopping" })
}
