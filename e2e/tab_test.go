package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tab is the chat's page, as somebody has it before them.
type tab struct {
	t    *testing.T
	name string // for what goes wrong
	ctx  context.Context

	console sync.WaitGroup
}

// visit opens a page in a browser of its own.
func visit(t *testing.T, name, url string) *tab {
	t.Helper()
	return open(t, name, browser(t), url, chromedp.WithNewBrowserContext())
}

// another opens one more tab of the same browser. Without a URL it is there already, as options say.
func (p *tab) another(name, url string, options ...chromedp.ContextOption) *tab {
	p.t.Helper()
	return open(p.t, name, p.ctx, url, options...)
}

func open(t *testing.T, name string, parent context.Context, url string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	p := &tab{t: t, name: name, ctx: ctx}
	t.Cleanup(func() {
		if t.Failed() {
			p.screenshot("failed")
		}
		cancel()
		p.console.Wait()
	})
	messages := chromedp.Console(ctx)
	p.console.Go(func() {
		for m, err := range messages {
			switch {
			case err != nil:
				return
			case m.IsException():
				t.Errorf("%s: %s", name, m)
			}
		}
	})
	if url != "" {
		p.do(chromedp.Navigate(url))
	}
	return p
}

// enter comes into the room that the URL names, under the tab's name, and returns when the page shows what is said there.
func (p *tab) enter() *tab {
	p.t.Helper()
	p.run(`$('#name').value = %q; $('#name-form').requestSubmit()`, p.name)
	return p.entered()
}

// entered returns when the page shows what is said in the room.
func (p *tab) entered() *tab {
	p.t.Helper()
	// The subscriptions take effect in order, and the one to who is here is the last.
	p.sees("the room", func(v view) bool { return slices.Contains(v.People, p.name+" (you)") })
	return p
}

// visits goes to another room, and returns when the page shows what is said there.
func (p *tab) visits(room string) {
	p.t.Helper()
	p.run(`location.hash = %q`, room)
	p.sees("the room "+room, func(v view) bool { return v.Room == room })
	p.entered()
}

// say says something, as Enter would.
func (p *tab) say(text string) {
	p.t.Helper()
	p.run(`$('#text').value = %q; $('#say').requestSubmit()`, text)
}

// use presses the button of a transport.
func (p *tab) use(transport string) {
	p.t.Helper()
	p.run(`$('#transports [value=%s]').click()`, transport)
}

// via uses a transport, and returns when the page says that it is connected by it.
func (p *tab) via(transport string) *tab {
	p.t.Helper()
	p.use(transport)
	asked := time.Now()
	p.sees("connected by "+transport, func(v view) bool {
		if v.Transport == transport && v.Link == "up" {
			return true
		}
		if time.Since(asked) > 5*time.Second { // an attempt that takes longer than its head start is given up, and the page stays with what it has
			p.use(transport)
			asked = time.Now()
		}
		return false
	})
	return p
}

// isVia returns when the page says that it is connected by a transport.
func (p *tab) isVia(transport string) {
	p.t.Helper()
	p.sees("connected by "+transport, func(v view) bool { return v.Transport == transport && v.Link == "up" })
}

// view is what the page shows.
type view struct {
	Room      string   `json:"room"`
	Lines     []string `json:"lines"`   // "Ann: hello"
	Lost      []string `json:"lost"`    // notes that something may be missing, or failed
	Pending   []string `json:"pending"` // our own lines that have not come back
	Failed    []string `json:"failed"`  // why some of them will not
	People    []string `json:"people"`
	Here      string   `json:"here"`
	Rooms     []string `json:"rooms"`
	Typing    string   `json:"typing"`
	Link      string   `json:"link"` // up, wait, down
	Status    string   `json:"status"`
	Transport string   `json:"transport"`
	Asked     bool     `json:"asked"` // for our name
}

const viewScript = `{
	room: $('#title').textContent,
	lines: [...document.querySelectorAll('#log .line')].map(e => e.querySelector('.from').textContent + ': ' + e.querySelector('.text').textContent),
	lost: texts('#log .note.lost'),
	pending: texts('#pending .text'),
	failed: texts('#pending .failed p'),
	people: texts('#people li'),
	here: $('#here').textContent,
	rooms: texts('#rooms li'),
	typing: $('#typing').textContent,
	link: document.body.dataset.link ?? '',
	status: $('#status').textContent,
	transport: $('#transports [aria-pressed=true]')?.value ?? '',
	asked: $('#welcome').open
}`

// look returns what the page shows now.
func (p *tab) look() (v view, err error) {
	return evaluate[view](p, "document.readyState === 'complete' && $('#log') ? "+viewScript+" : {}")
}

// sees waits until the page shows something.
func (p *tab) sees(what string, ok func(view) bool) {
	p.t.Helper()
	until(p.t, func() string {
		v, err := p.look()
		if err == nil && ok(v) {
			return ""
		}
		return fmt.Sprintf("%s does not see %s: %+v %v", p.name, what, v, err)
	})
}

// shows waits until the page shows exactly these lines, and none of its own that have not come back.
func (p *tab) shows(lines ...string) {
	p.t.Helper()
	p.sees(strings.Join(lines, " | "), func(v view) bool { return slices.Equal(v.Lines, lines) && len(v.Pending) == 0 })
}

// run runs a script in the page: a format and what goes into it.
func (p *tab) run(script string, a ...any) {
	p.t.Helper()
	if _, err := evaluate[chromedp.Void](p, "{"+fmt.Sprintf(script, a...)+"\n}; undefined"); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// do does something with the page.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx); err != nil { // the tab's first, which must have no time limit: the tab would end with it
		p.t.Fatalf("%s: %v", p.name, err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// evaluate evaluates a script in the page, which has $ and texts. If the value is a promise it is waited for.
func evaluate[T any](p *tab, script string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](`{
		const $ = selector => document.querySelector(selector)
		const texts = selector => [...document.querySelectorAll(selector)].map(e => e.textContent)
		;`+script+`}`, chromedp.EvalAwaitPromise))
}

// screenshot keeps what the tab looks like, as <test>-<name>-<what>.png.
func (p *tab) screenshot(what string) {
	p.t.Helper()
	dir := os.Getenv("SOJOURN_ARTEFACTS")
	if dir == "" {
		dir = "artefacts"
	}
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	file := strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name() + "-" + p.name + "-" + what + ".png")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, file), png, 0o644)
	}
	if err != nil {
		p.t.Errorf("%s: no screenshot: %v", p.name, err)
	}
}
