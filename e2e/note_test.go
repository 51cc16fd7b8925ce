package e2e

import (
	"testing"
)

// A note is seen by all who are in the room, who come there later, and by nobody in another room.
func TestPinnedNote(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			c := store.start(t, nil)
			ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL).enter()
			ann.pins("bring cake, see https://example.com/")
			ann.reads("bring cake, see https://example.com/")
			bob.reads("bring cake, see https://example.com/")
			visit(t, "Cid", c.URL).enter().reads("bring cake, see https://example.com/")
			bob.visits("attic")
			bob.reads("")
			bob.visits("lobby")
			bob.reads("bring cake, see https://example.com/")
			bob.pins("")
			ann.reads("")
		})
	}
}

// pins pins a note up in the room.
func (p *tab) pins(note string) {
	p.t.Helper()
	p.run(`$('#new-note').value = %q; $('#pin').requestSubmit()`, note)
}

// reads waits until the page shows a note; "" for none.
func (p *tab) reads(note string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[string](p, `$('#note').checkVisibility() ? $('#note-text').textContent : ''`)
		if err == nil && got == note {
			return ""
		}
		return p.name + " reads " + got + ", want " + note
	})
}
