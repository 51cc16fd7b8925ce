package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sojourn-go/sojourn/client"
)

// listens gives the page a second conversation, beside the chat's, that hears what is said in the room: the chat shows a line once
// however often it comes, and shall; an ear counts.
func (p *tab) listens(room string) *tab {
	p.t.Helper()
	_, err := evaluate[chromedp.Void](p, fmt.Sprintf(`Promise.all([import('/rt/client.js'), import('/transports.js')]).then(([{ connect }, { transports }]) => {
		const rt = connect('/rt', { transports })
		const ear = window.ear = { rt, chat: rt.service('chat'), heard: [], answers: [] }
		rt.topic(%q).on(line => ear.heard.push(line.from + ': ' + line.text))
		rt.on('lost', ({ stream, why }) => ear.heard.push('lost: ' + stream + ' ' + why))
		return new Promise(ready => rt.on('ready', ready))
	})`, "room/"+room))
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return p
}

// ear is what an ear has come to know.
type ear struct {
	Heard     []string `json:"heard"`
	Answers   []string `json:"answers"`
	Status    string   `json:"status"`
	Transport string   `json:"transport"`
}

func (p *tab) ear() (ear, error) {
	return evaluate[ear](p, `({ heard: ear.heard, answers: ear.answers, status: ear.rt.status, transport: ear.rt.transport ?? '' })`)
}

// hearsBy has the page's ear hear by a transport, and waits until it does: by itself it begins with what worked last, for whichever conversation
// of the page that was.
func (p *tab) hearsBy(transport string) *tab {
	p.t.Helper()
	told := false
	until(p.t, func() string {
		e, err := p.ear()
		switch {
		case err == nil && e.Transport == transport && e.Status == "ready":
			return ""
		case err == nil && e.Transport != transport && !told:
			told = true
			p.run(`ear.rt.use(%q)`, transport)
		}
		return fmt.Sprintf("%s does not hear by %s: %+v %v", p.name, transport, e, err)
	})
	return p
}

// hears waits until the page's ear has heard as many lines as these, and fails if they are others.
func (p *tab) hears(lines ...string) {
	p.t.Helper()
	until(p.t, func() string {
		e, err := p.ear()
		if err == nil && len(e.Heard) >= len(lines) {
			if !slices.Equal(e.Heard, lines) {
				p.t.Errorf("%s heard %q, want %q", p.name, e.Heard, lines)
			}
			return ""
		}
		return fmt.Sprintf("%s has not heard %q: %+v %v", p.name, lines, e, err)
	})
}

// calls makes a call by the page's ear, which enters a room. It returns at once.
func (p *tab) calls(room string) {
	p.t.Helper()
	p.run(`ear.chat.enter({ room: %q, name: 'Ear' }).then(() => ear.answers.push('welcome'), e => ear.answers.push(e.code))`, room)
}

// answered waits until the calls of the page's ear have had these answers.
func (p *tab) answered(answers ...string) {
	p.t.Helper()
	until(p.t, func() string {
		e, err := p.ear()
		if err == nil && slices.Equal(e.Answers, answers) {
			return ""
		}
		return fmt.Sprintf("the calls of %s are not answered with %q: %+v %v", p.name, answers, e, err)
	})
}

// by returns what one of several people said, in its order.
func by(name string, lines []string) (said []string) {
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, name+": "); ok {
			said = append(said, text)
		}
	}
	return said
}

// talks says the numbers from 1 to n, one each so often. It returns at once.
func (p *tab) talks(n int, every time.Duration) {
	p.t.Helper()
	p.run(`let n = 0
		const timer = setInterval(() => {
			if (n === %d) return clearInterval(timer)
			$('#text').value = ++n
			$('#say').requestSubmit()
		}, %d)`, n, every.Milliseconds())
}

// numbers is what talks has said in the end.
func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	return all
}

// agree waits until all pages show all numbers that each of some people said, and fails if a page or its ear has anything else, or has it in
// another order.
func agree(t *testing.T, n int, people []string, pages ...*tab) {
	t.Helper()
	for _, p := range pages {
		p.sees("all that was said", func(v view) bool { return len(v.Lines) >= n*len(people) && len(v.Pending) == 0 })
	}
	first, err := pages[0].look()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range people {
		if said := by(name, first.Lines); !slices.Equal(said, numbers(n)) {
			t.Errorf("%s said %q", name, said)
		}
	}
	for _, p := range pages {
		p.shows(first.Lines...)
		p.hears(first.Lines...)
		if v, err := p.look(); err != nil || len(v.Lost) > 0 || len(v.Failed) > 0 {
			t.Errorf("%s shows %q, %q: %v", p.name, v.Lost, v.Failed, err)
		}
	}
}

// guard is a Go client that knows which sockets are in a room: who has two tabs is shown once.
type guard struct {
	t *testing.T

	mu     sync.Mutex
	people map[string]string // names by socket
}

func watch(t *testing.T, url, room string) *guard {
	t.Helper()
	g := &guard{t: t}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, url+"/rt", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	_, err = c.State(ctx, "people/"+room, func(value json.RawMessage) {
		var people map[string]string
		if err := json.Unmarshal(value, &people); err != nil {
			t.Error(err)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.people = people
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// sees waits until so many sockets by that name are in the room, and returns them.
func (g *guard) sees(name string, n int) (sockets []string) {
	g.t.Helper()
	until(g.t, func() string {
		g.mu.Lock()
		defer g.mu.Unlock()
		sockets = sockets[:0]
		for socket, each := range g.people {
			if each == name {
				sockets = append(sockets, socket)
			}
		}
		if len(sockets) == n {
			return ""
		}
		return fmt.Sprintf("%d sockets by the name of %s, want %d: %v", len(sockets), name, n, slices.Sorted(maps.Values(g.people)))
	})
	return sockets
}
