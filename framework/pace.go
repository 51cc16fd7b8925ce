package framework

import (
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// What a tail holds back at most: less than it keeps, so that links that are told together still find in it where they stand.
const (
	heldEntries = tailEntries / 2
	heldBytes   = tailBytes / 2
)

// pace is how a tail holds back the entries of a state with Every. What came meanwhile it releases to all links of the instance at once, as one entry: so that
// is composed and encoded once, and a poll finds what a stream was sent, or waits for the same moment. A link may stand in the midst of it, as one does that has
// had a snapshot meanwhile: some of what the patch says it has already, and it comes to the same (see compose).
//
// The tail's mutex guards it.
type pace struct {
	every    time.Duration // 0: nothing is held back. Never changed
	to       store.Cursor  // up to here all is released
	at       time.Time     // when that was
	held     int           // bytes of entries that came since
	timer    *time.Timer   // until they are released; nil: none are held back
	released []tailEntry   // where they are told from, as far back as the tail reaches
}

func (p *pace) begin(from store.Cursor) { p.to, p.held, p.released = from, 0, nil }

// after returns what was released of what follows on a cursor that is on the tail, and the cursor behind it.
func (p *pace) after(c store.Cursor) ([]tailEntry, store.Cursor) {
	if c.Offset >= p.to.Offset {
		return nil, c
	}
	i := slices.IndexFunc(p.released, func(e tailEntry) bool { return e.Offset > c.Offset })
	return p.released[i:], p.to
}

// releaseLocked releases what came, or sees to it that it is released later. It tells whether there is something new for links.
func (t *tail) releaseLocked() bool {
	p, top := &t.pace, t.topLocked()
	switch {
	case p.every == 0:
		return true
	case p.to == top:
		return false
	}
	wait := p.every - time.Since(p.at)
	if wait > 0 && p.held < heldBytes && top.Offset-p.to.Offset < heldEntries {
		if p.timer == nil {
			p.timer = time.AfterFunc(wait, t.due)
		}
		return false
	}
	var came []store.Entry
	for _, e := range t.entries {
		if e.Offset > p.to.Offset {
			came = append(came, e.Entry)
		}
	}
	for _, e := range composeEntries(came) {
		p.released = append(p.released, tailEntry{Entry: e})
	}
	p.released = slices.DeleteFunc(p.released, func(e tailEntry) bool { return e.Offset <= t.from.Offset })
	p.to, p.at, p.held = top, time.Now(), 0
	return true
}

// due releases what was held back.
func (t *tail) due() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pace.timer = nil
	if t.releaseLocked() {
		t.wakeLocked()
	}
}
