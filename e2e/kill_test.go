package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// people are three who talk, each over another transport.
var people = []string{"Ann", "Bob", "Cyd"}

// enterAll brings them into the lobby, with ears.
func enterAll(t *testing.T, url string) (pages []*tab) {
	t.Helper()
	for i, name := range people {
		p := visit(t, name, url).enter().via(transports[i]).listens("lobby")
		p.run(`ear.rt.use(%q)`, transports[i])
		pages = append(pages, p)
	}
	return pages
}

// killEach kills one instance after the other, each when a page has seen that things go on, and starts another.
func killEach(c *cluster, p *tab) {
	seen := 0
	for _, i := range slices.Clone(c.running) {
		p.sees("that it goes on", func(v view) bool {
			more := len(v.Lines) > seen
			seen = len(v.Lines)
			return more
		})
		c.kill(i)
		c.add()
	}
}

// The instances are killed one after the other, and others take their places, while people talk.
func TestKill(t *testing.T) {
	t.Parallel()
	const n = 60
	c := redisChat(t, nil)
	pages := enterAll(t, c.URL)
	for _, p := range pages {
		p.talks(n, 60*time.Millisecond)
	}
	killEach(c, pages[0])
	agree(t, n, people, pages...)
	pages[0].screenshot("end")
}

// While there is no instance at all, what is said waits.
func TestNoInstance(t *testing.T) {
	t.Parallel()
	for i, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := redisChat(t, nil)
			p := visit(t, people[i], c.URL).enter().via(transport).listens("lobby")
			p.say("one")
			p.shows(p.name + ": one")
			for _, i := range slices.Clone(c.running) {
				c.kill(i)
			}
			p.sees("that the connection broke", func(v view) bool { return v.Link != "up" })
			p.say("two")
			p.say("three")
			p.screenshot("down")
			p.sees("that they wait", func(v view) bool { return slices.Equal(v.Pending, []string{"two", "three"}) })
			c.add()
			p.shows(p.name+": one", p.name+": two", p.name+": three")
			p.hears(p.name+": one", p.name+": two", p.name+": three")
			p.sees("the name once", func(v view) bool { return v.Here == "1 here" && len(v.Lost) == 0 })
			until(t, func() string {
				v, err := p.look()
				if err == nil && v.Link == "up" {
					return ""
				}
				return fmt.Sprintf("%+v, %v", v, err)
			})
		})
	}
}
