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

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// sheet is the page of the to-dos, as somebody has it before them.
type sheet struct{ *tab }

// logIn opens a browser of its own, and logs in under a name.
func logIn(t *testing.T, name, url, query string) sheet {
	t.Helper()
	p := sheet{visit(t, name, url+"/login.html")}
	p.submit(query)
	return p
}

// submit sends the form of the page to log in.
func (p sheet) submit(query string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("[name=name]"), p.name), chromedp.Click(chromedp.CSS("button")))
	p.comesTo("#create")
	if query != "" {
		p.do(chromedp.Navigate(strings.TrimSuffix(p.url(), "/") + "/?" + query))
	}
	p.sees("a connection", func(v paper) bool { return v.Link == "up" })
}

// comesTo waits until the page shows something. The browser may still be on its way there.
func (p sheet) comesTo(selector string) {
	p.t.Helper()
	until(p.t, func() string {
		there, err := evaluate[bool](p.tab, fmt.Sprintf(`document.readyState === 'complete' && !!$(%q)?.checkVisibility()`, selector))
		if there {
			return ""
		}
		return fmt.Sprintf("%s does not come to %s: %v", p.name, selector, err)
	})
}

func (p sheet) url() string {
	p.t.Helper()
	url, err := evaluate[string](p.tab, "location.href")
	if err != nil {
		p.t.Fatal(err)
	}
	return url
}

// paper is what the page shows.
type paper struct {
	Title   string   `json:"title"`
	Lists   []string `json:"lists"`
	Items   []string `json:"items"` // "x milk": done
	Pending int      `json:"pending"`
	Toasts  []string `json:"toasts"`
	People  []string `json:"people"`
	Asked   []string `json:"asked"` // the two texts of a conflict
	Link    string   `json:"link"`
	Count   string   `json:"count"`
	Via     string   `json:"via"`
}

const paperScript = `{
	title: $('#title').textContent,
	lists: texts('#lists button'),
	items: [...document.querySelectorAll('.item')].map(e => (e.querySelector('input').checked ? 'x ' : '') + (e.querySelector('.text')?.textContent ?? '...')),
	pending: document.querySelectorAll('.item.pending').length,
	toasts: texts('.toast span'),
	people: [...document.querySelectorAll('#people li')].map(e => e.title),
	asked: $('#conflict').open ? [$('#mine').value, $('#theirs').value] : null,
	link: document.body.dataset.link ?? '',
	count: $('#count').textContent,
	via: $('#status').title
}`

func (p sheet) sees(what string, ok func(paper) bool) {
	p.t.Helper()
	until(p.t, func() string {
		v, err := evaluate[paper](p.tab, "document.readyState === 'complete' && $('#people') ? "+paperScript+" : {}")
		if err == nil && ok(v) {
			return ""
		}
		return fmt.Sprintf("%s does not see %s: %+v %v", p.name, what, v, err)
	})
}

// shows waits until the page shows exactly these items, all of them confirmed.
func (p sheet) shows(items ...string) {
	p.t.Helper()
	p.sees(strings.Join(items, " | "), func(v paper) bool { return slices.Equal(v.Items, items) && v.Pending == 0 })
}

func (p sheet) makes(list string) {
	p.t.Helper()
	p.run(`$('#new-list').value = %q; $('#create').requestSubmit()`, list)
	p.sees("the list "+list, func(v paper) bool { return v.Title == list })
}

func (p sheet) opens(list string) {
	p.t.Helper()
	p.sees("the list "+list, func(v paper) bool { return slices.Contains(v.Lists, list) })
	p.run(`[...document.querySelectorAll('#lists button')].find(e => e.textContent === %q).click()`, list)
	p.sees("the list "+list, func(v paper) bool { return v.Title == list })
}

func (p sheet) adds(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.run(`$('#new-item').value = %q; $('#add').requestSubmit()`, text)
	}
}

// on runs a script with the row of an item.
func (p sheet) on(text, script string, a ...any) {
	p.t.Helper()
	p.run(`const row = [...document.querySelectorAll('.item')].find(e => e.querySelector('.text')?.textContent === `+fmt.Sprintf("%q", text)+`); `+script, a...)
}

func (p sheet) ticks(text string) { p.t.Helper(); p.on(text, `row.querySelector('input').click()`) }

func (p sheet) removes(text string) { p.t.Helper(); p.on(text, `row.querySelector('.drop').click()`) }

// edits gives an item another text, as typing does.
func (p sheet) edits(text, to string) {
	p.t.Helper()
	p.on(text, `row.querySelector('.text').click()
		const editor = row.querySelector('.edit')
		editor.value = %q
		editor.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }))`, to)
}

// Two people over different transports, whose requests reach different instances, end with the same lists, though an instance is killed meanwhile.
func TestTodoTogether(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"ws", "longpoll"}, {"sse", "ws"}, {"longpoll", "sse"}} {
		t.Run(pair[0]+" and "+pair[1], func(t *testing.T) {
			t.Parallel()
			c := start(t, todo, redistest.Start(t), 3, nil)
			ann, bob := logIn(t, "Ann", c.URL, "transport="+pair[0]), logIn(t, "Bob", c.URL, "transport="+pair[1])
			ann.makes("Shopping")
			ann.adds("milk", "bread", "eggs")
			bob.opens("Shopping")
			bob.shows("milk", "bread", "eggs")
			for i, p := range []sheet{ann, bob} {
				p.sees("both of them", func(v paper) bool { return slices.Equal(v.People, []string{"Ann", "Bob"}) && v.Via == pair[i] })
			}
			bob.ticks("bread")
			ann.shows("milk", "x bread", "eggs")
			c.kill(c.running[0])
			ann.edits("eggs", "a dozen eggs")
			bob.adds("tea")
			bob.removes("milk")
			want := []string{"x bread", "a dozen eggs", "tea"}
			ann.shows(want...)
			bob.shows(want...)
			bob.run(`[...document.querySelectorAll('.toast button')].find(e => e.textContent === 'Undo').click()`)
			c.add()
			c.kill(c.running[0])
			ann.on("tea", `row.querySelector('.handle').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' }))`)
			want = []string{"milk", "x bread", "tea", "a dozen eggs"}
			ann.shows(want...)
			bob.shows(want...)
			ann.sees("how much is done", func(v paper) bool { return v.Count == "1 of 4 done" })
			ann.screenshot("end")
			bob.screenshot("end")
		})
	}
}

// What is done without a connection shows at once, and arrives later. An edit of what somebody else has changed meanwhile overwrites nothing: both
// texts are shown, and one is chosen.
func TestTodoOffline(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := start(t, todo, "memory", 1, nil)
			url, plug := c.plugged(t)
			ann, bob := logIn(t, "Ann", url, "transport="+transport), logIn(t, "Bob", c.URL, "")
			ann.makes("Trip")
			ann.adds("tickets", "hotel")
			bob.opens("Trip")
			bob.shows("tickets", "hotel")
			plug.pull()
			ann.sees("that she is alone", func(v paper) bool { return v.Link == "wait" })
			ann.edits("tickets", "tickets for two")
			ann.adds("maps")
			ann.ticks("hotel")
			ann.sees("what she did", func(v paper) bool {
				return slices.Equal(v.Items, []string{"tickets for two", "x hotel", "maps"}) && v.Pending == 3
			})
			ann.screenshot("offline")
			bob.edits("tickets", "three tickets")
			bob.shows("three tickets", "hotel")
			plug.put()
			bob.shows("three tickets", "x hotel", "maps")
			ann.sees("both texts", func(v paper) bool { return slices.Equal(v.Asked, []string{"tickets for two", "three tickets"}) })
			ann.screenshot("conflict")
			ann.run(`$('#conflict [value=mine]').click()`)
			for _, p := range []sheet{ann, bob} {
				p.shows("tickets for two", "x hotel", "maps")
			}
			ann.edits("maps", "good maps")
			bob.shows("tickets for two", "x hotel", "good maps")
		})
	}
}

// Who logs out in one tab is out in all of that browser's, and in no other's.
func TestTodoLogOut(t *testing.T) {
	t.Parallel()
	c := start(t, todo, redistest.Start(t), 2, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	other := sheet{ann.another("Ann", c.URL)}
	other.sees("the lists", func(v paper) bool { return v.Link == "up" })
	bob.sees("Ann", func(v paper) bool { return slices.Equal(v.People, []string{"Ann", "Bob"}) })
	ann.do(chromedp.Click(chromedp.CSS("header button")))
	ann.comesTo("[name=name]")
	other.comesTo("[name=name]")
	bob.sees("that Ann has gone", func(v paper) bool { return slices.Equal(v.People, []string{"Bob"}) && v.Link == "up" })
	ann.submit("")
	bob.sees("that Ann is back", func(v paper) bool { return slices.Equal(v.People, []string{"Bob", "Ann"}) })
}

// Items are dragged by their handles, with a mouse and with a finger.
func TestTodoDrag(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann, bob := logIn(t, "Ann", c.URL, ""), logIn(t, "Bob", c.URL, "")
	ann.makes("Order")
	ann.adds("one", "two", "three")
	bob.opens("Order")
	bob.shows("one", "two", "three")
	for _, kind := range []string{"mouse", "touch"} {
		ann.drags(kind, 0, 2)
	}
	want := []string{"three", "one", "two"}
	ann.shows(want...)
	bob.shows(want...)
	ann.drags("mouse", 2, 0)
	bob.shows("two", "three", "one")
}

// drags moves the item at a place to another one.
func (p sheet) drags(kind string, from, to int) {
	p.t.Helper()
	before, err := evaluate[[]string](p.tab, `texts('.item .text')`)
	if err != nil {
		p.t.Fatal(err)
	}
	at, err := evaluate[[]float64](p.tab, fmt.Sprintf(`[%d, %d].flatMap(n => {
		const box = document.querySelectorAll('.item .handle')[n].getBoundingClientRect()
		return [box.x + box.width / 2, box.y + box.height / 2]
	})`, from, to))
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(pointer(kind, at[0], at[1], at[2], at[3])...)
	moved := slices.Insert(slices.Delete(slices.Clone(before), from, from+1), to, before[from])
	p.sees(strings.Join(moved, " | "), func(v paper) bool { return slices.Equal(v.Items, moved) && v.Pending == 0 })
}

// On a phone nothing is wider than the screen, and what is there can be touched.
func TestTodoOnAPhone(t *testing.T) {
	t.Parallel()
	c := start(t, todo, "memory", 1, nil)
	ann := sheet{visit(t, "Ann", "about:blank")}
	ann.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)), chromedp.Navigate(c.URL))
	ann.do(chromedp.WaitVisible(chromedp.CSS("[name=name]")))
	ann.fits("login")
	ann.touchable("login")
	ann.submit("")
	for _, list := range []string{"Shopping", "A list with a name that is rather long", "Work"} {
		ann.makes(list)
	}
	ann.adds("milk", strings.Repeat("wide", 100), "see https://example.com/"+strings.Repeat("path/", 60))
	ann.ticks("milk")
	ann.sees("three items", func(v paper) bool { return len(v.Items) == 3 && v.Pending == 0 })
	ann.fits("items")
	ann.touchable("items")
	ann.removes("milk")
	ann.on(strings.Repeat("wide", 100), `row.querySelector('.text').click()`)
	ann.fits("editing")
	ann.touchable("editing")
}

// touchable fails if something that is to be touched is smaller than a finger.
func (p *tab) touchable(what string) {
	p.t.Helper()
	small, err := evaluate[[]string](p, `[...document.querySelectorAll('button, input, textarea, a')].filter(e => e.checkVisibility({ visibilityProperty: true })).map(e => {
		const { width, height } = (e.closest('.tick') || e).getBoundingClientRect()
		return width < 44 || height < 44 ? width + 'x' + height + ' ' + e.outerHTML.slice(0, 80) : ''
	}).filter(Boolean)`)
	if err != nil || len(small) > 0 {
		p.t.Errorf("%s: too small: %q, %v", what, small, err)
	}
}

// pointer drags from one place to another, in steps as hands do.
func pointer(kind string, fromX, fromY, toX, toY float64) []chromedp.Action[chromedp.Void] {
	const steps = 10
	at := func(i int) (x, y float64) {
		part := float64(i) / steps
		return fromX + (toX-fromX)*part, fromY + (toY-fromY)*part
	}
	var actions []chromedp.Action[chromedp.Void]
	for i := range steps + 3 {
		x, y := at(min(i, steps+1)) // a little beyond
		switch {
		case kind == "touch":
			actions = append(actions, touch(i == 0, i == steps+2, x, y))
		case i == 0:
			actions = append(actions, chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
		case i == steps+2:
			actions = append(actions, chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
		default:
			actions = append(actions, chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft))
		}
	}
	return actions
}

// touch is a finger that comes down, moves or goes.
func touch(down, up bool, x, y float64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		event := input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchMove, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}
		switch {
		case down:
			event.Type = input.DispatchTouchEventTypeTouchStart
		case up:
			event.Type, event.TouchPoints = input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{}
		}
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, event)
		return err
	})
}
