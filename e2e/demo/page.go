package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// errNoBrowser is why pages cannot take part.
var errNoBrowser = errors.New("no Chromium on this machine; on Debian: apt-get install chromium; without it: -browser=false")

// newBrowser starts a headless Chromium. It ends with ctx, or when stop is called.
func newBrowser(ctx context.Context) (browser context.Context, stop func(), err error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if path == "" {
		return nil, nil, errNoBrowser
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	stop = func() {
		stopBrowser()
		stopAllocator()
	}
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, nil, fmt.Errorf("chromium: %w", err)
	}
	return browser, stop, nil
}

//go:embed page.js
var pageScript string

const lookTime = 30 * time.Second // that a page may take to answer

// page is a participant that is the chat's page in a browser.
type page struct {
	name  string
	ways  []string
	tally *tally
	ctx   context.Context

	had  int             // lines
	said map[string]bool // problems

	mu   sync.Mutex
	last look
}

// look is what the page shows.
type look struct {
	Lines     []struct{ From, Text string }
	Transport string
	Socket    string
	Waiting   int // of its own lines, those that have not come back
	Failed    []string
}

// newPage opens a page and enters. It returns when the page shows what is said in the room.
func newPage(browser context.Context, url, name string, ways []string, t *tally) (*page, error) {
	ctx, _ := chromedp.NewContext(browser, chromedp.WithNewBrowserContext()) // somebody's own browser, which ends with all others
	p := &page{name: name, ways: ways, tally: t, ctx: ctx, said: map[string]bool{}}
	t.join(name)
	err := chromedp.Do(p.ctx,
		chromedp.Navigate(url+"/#"+room),
		chromedp.WaitVisible("#name"),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("(%s)(%q, %q)", pageScript, name, ways[0])),
	)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	// Who is here is shown when the subscription to the room has taken effect: it was asked for before.
	_, err = chromedp.Run(p.ctx, chromedp.Poll[bool]("document.querySelector('#here').textContent !== '' && !!document.body.dataset.socket",
		chromedp.WithPollingTimeout(20*time.Second)))
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, p.look("", "")
}

// look says something, if there is something to say, over another transport, if one is named, and takes what the page shows since the last look.
func (p *page) look(text, way string) error {
	ctx, cancel := context.WithTimeout(p.ctx, lookTime)
	defer cancel()
	now, err := chromedp.Run(ctx, chromedp.Evaluate[look](fmt.Sprintf("demo(%q, %q, %d)", text, way, p.had)))
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	for _, line := range now.Lines {
		p.tally.hear(p.name, now.Transport, line.From, line.Text)
	}
	p.had += len(now.Lines)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = now
	for _, what := range now.Failed {
		if !p.said[what] {
			p.said[what] = true
			p.tally.problem("%s shows: %s", p.name, what)
		}
	}
	return nil
}

func (p *page) talk(ctx context.Context, every time.Duration) {
	each(ctx, every, func(n int) {
		if err := p.look(p.tally.say(p.name), wayAt(p.ways, n)); err != nil {
			p.tally.problem("%v", err)
		}
	})
}

func (p *page) socket() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.Socket
}

// close goes elsewhere. The browser goes on for a while: the page's goodbye is on its way.
func (p *page) close(context.Context) error {
	return chromedp.Do(p.ctx, chromedp.Navigate("about:blank"))
}
