package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

// Whoever does what docs/tutorial.md says sees what it says, and types at most sixty lines.
func TestTutorial(t *testing.T) {
	t.Parallel()
	r := newReader(t, "redis://localhost:6379", redistest.Start(t))
	lines := 0
	does := func(heading string) { lines += r.does("tutorial.md", heading) }
	does("The instance's half")
	does("The page's half")
	does("Run it")
	wall := r.starts()
	ann, bob := visitWall(t, "Ann", r.addr), visitWall(t, "Bob", r.addr)
	ann.pins("milk")
	ann.reads("milk")
	bob.reads("milk")
	visitWall(t, "Cyd", r.addr).reads("milk")

	wall.kill()
	wall = r.starts()
	dan := visitWall(t, "Dan", r.addr)
	dan.pins("bread")
	dan.reads("bread")
	wall.kill()

	does("Kill it")
	lines-- // the command of "Run it", which a shell remembers
	wall = r.starts()
	ann, bob = visitWall(t, "Ann", r.addr), visitWall(t, "Bob", r.addr)
	ann.pins("milk")
	ann.reads("milk")
	bob.reads("milk")
	wall.kill()
	bob.pins("eggs")
	r.starts()
	ann.reads("milk", "eggs")
	bob.reads("milk", "eggs")
	visitWall(t, "Eve", r.addr).reads("milk", "eggs")

	does("Test it")
	if lines > 60 {
		t.Errorf("the tutorial has %d lines to type", lines)
	}
}

// wallVisitor has the wall before them: in a browser, or where there is none as a Go client.
type wallVisitor interface {
	pins(note string)
	reads(notes ...string) // returns when these are the notes that have come
}

func visitWall(t *testing.T, name, addr string) wallVisitor {
	t.Helper()
	if chromium() != "" || os.Getenv("SOJOURN_NO_SKIP") == "1" {
		return wallTab{visit(t, name, "http://"+addr)}
	}
	c := &wallClient{t: t}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if c.Client, err = client.Dial(ctx, "http://"+addr+"/rt", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	if _, err := c.Subscribe(ctx, "notes/kitchen", c.add); err != nil {
		t.Fatal(err)
	}
	return c
}

type wallTab struct{ *tab }

func (p wallTab) pins(note string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("#note"), note+"\r"))
}

func (p wallTab) reads(notes ...string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[[]string](p.tab, `$('#notes').textContent.split('\n').slice(0, -1)`)
		return wallDiffers(p.name, got, notes, err)
	})
}

type wallClient struct {
	*client.Client
	t *testing.T

	mu  sync.Mutex
	all []string
}

func (c *wallClient) add(e client.Entry) {
	var note string
	if e.Lost != "" {
		return
	}
	if err := e.JSON(&note); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, note)
}

func (c *wallClient) pins(note string) { c.Send("wall.pin", note) }

func (c *wallClient) reads(notes ...string) {
	c.t.Helper()
	until(c.t, func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		return wallDiffers("a client", c.all, notes, nil)
	})
}

func wallDiffers(name string, got, want []string, err error) string {
	if err == nil && slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("%s reads %q, not %q: %v", name, got, want, err)
}
