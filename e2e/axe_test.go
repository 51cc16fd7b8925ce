package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axe is the source of axe-core, which looks in a page for what keeps people from using it.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := binaryDir()
	if err != nil {
		return "", err
	}
	npm := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, "axe-core@4.11.0")
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm: %w\n%s", err, out)
	}
	script, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(script), err
})

// accessible fails if axe-core finds a violation in what the page shows now.
func (p *tab) accessible(what string) {
	p.t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		missing(p.t, "no npm on this machine; on Debian: apt-get install npm")
	}
	script, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	found, err := evaluate[[]string](p, ``+script+`; axe.run().then(found =>
		found.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html + ' ' + n.failureSummary)))`)
	if err != nil || len(found) > 0 {
		p.t.Errorf("%s: %s, %v", what, strings.Join(found, "\n"), err)
	}
}

// Nothing in the examples' pages keeps anybody from using them, by day and by night.
func TestAccessible(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"light", "dark"} {
		in := func(p *tab) *tab {
			p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				return err
			}))
			return p
		}
		t.Run("chat/"+scheme, func(t *testing.T) {
			t.Parallel()
			c := announcing(t, "memory", 1)
			ann, bob := in(visit(t, "Ann", c.URL)), visit(t, "Bob", c.URL).enter()
			ann.sees("the question for a name", func(v view) bool { return v.Asked })
			ann.accessible("the question for a name")
			ann.enter()
			ann.say("hello")
			bob.say("hi, see https://example.com/")
			ann.shows("Ann: hello", "Bob: hi, see https://example.com/")
			announce(t, c, "We close at ten.")
			ann.shows("Ann: hello", "Bob: hi, see https://example.com/", "Announcement: We close at ten.")
			bob.pins("bring cake")
			ann.reads("bring cake")
			ann.types(":smi")
			ann.offers("*😄 smile", "😏 smirk")
			ann.accessible("a room")
			ann.screenshot("room")
		})
		t.Run("todo/"+scheme, func(t *testing.T) {
			t.Parallel()
			c := start(t, todo, "memory", 1, nil)
			url, plug := c.plugged(t)
			ann := sheet{in(visit(t, "Ann", url+"/login.html"))}
			ann.accessible("the log-in")
			ann.submit("")
			ann.sees("that there is no list", func(v paper) bool { return v.Title == "No list" })
			ann.accessible("no list")
			bob := logIn(t, "Bob", c.URL, "")
			ann.makes("Shopping")
			ann.makes("Work")
			ann.adds("milk", "bread", "eggs")
			ann.ticks("milk")
			ann.removes("bread")
			ann.shows("x milk", "eggs")
			ann.accessible("a list")
			ann.screenshot("list")
			bob.opens("Work")
			bob.shows("x milk", "eggs")
			plug.pull()
			ann.sees("that she is alone", func(v paper) bool { return v.Link == "wait" })
			ann.edits("eggs", "six eggs")
			ann.accessible("without a connection")
			bob.edits("eggs", "ten eggs")
			bob.shows("x milk", "ten eggs")
			plug.put()
			ann.sees("both texts", func(v paper) bool { return len(v.Asked) == 2 && v.Asked[1] == "ten eggs" })
			ann.accessible("a conflict")
			ann.screenshot("conflict")
		})
	}
}
