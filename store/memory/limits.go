package memory

import (
	"slices"

	"github.com/sojourn-go/sojourn/store"
)

// exceeds tells whether an effect of an admitted turn would exceed its Max, and of what there would be one too many. It changes nothing.
func (st *state) exceeds(t store.Turn) (over string, exceeds bool) {
	if !slices.ContainsFunc(t.Effects, limited) {
		return "", false
	}
	r := rehearsal{
		state: st, socket: t.Cause.Socket,
		ended: members{}, subs: map[string]members{}, by: map[string]string{}, more: map[string]int{}, rooms: map[string]*room{},
	}
	r.remove(t.Cause.Item)
	for _, e := range t.Effects {
		if over, exceeds := r.take(e); exceeds {
			return over, true
		}
	}
	return "", false
}

// limited tells whether an effect may have a Max.
func limited(e store.Effect) bool {
	switch e := e.(type) {
	case store.Open, store.Subscribe, store.Put:
		return true
	case store.Publish:
		return e.MaxFields > 0 || e.MaxBytes > 0
	}
	return false
}

// rehearsal follows a turn's effects as far as something that has a Max depends on them.
type rehearsal struct {
	*state
	socket string             // of the cause
	opened bool               // that socket, by this turn
	ended  members            // sockets, by this turn
	subs   map[string]members // topics by socket, of sockets whose subscriptions were looked at
	by     map[string]string  // whose items are, of those that the turn puts or removes; empty: nobody's, or there is none
	more   map[string]int     // items that somebody has than before
	rooms  map[string]*room   // for fields, of topics that the turn publishes to
}

func (r *rehearsal) take(e store.Effect) (over string, exceeds bool) {
	switch e := e.(type) {
	case store.Open:
		r.opened = true
		for _, g := range e.Groups {
			if g.Max > 0 && len(r.groups[g.Name]) >= g.Max {
				return g.Name, true
			}
		}
	case store.Publish:
		return e.Topic, r.publish(e)
	case store.Subscribe:
		topics := r.topics(e.Socket)
		if _, again := topics[e.Topic]; again || !r.open(e.Socket) {
			break
		}
		if e.Max > 0 && len(topics) >= e.Max {
			return e.Topic, true
		}
		topics[e.Topic] = struct{}{}
	case store.Unsubscribe:
		delete(r.topics(e.Socket), e.Topic)
	case store.Put:
		before := r.remove(e.Item)
		if e.By != before && e.Max > 0 && e.By != "" && len(r.put[e.By])+r.more[e.By] >= e.Max {
			return e.Item, true
		}
		r.by[e.Item] = e.By
		r.more[e.By]++
	case store.Cancel:
		r.remove(e.Item)
	case store.End:
		r.ended[e.Socket] = struct{}{}
	case store.Bye:
		r.ended[r.socket] = struct{}{}
	}
	return "", false
}

func (r *rehearsal) open(id string) bool {
	if _, ended := r.ended[id]; ended {
		return false
	}
	s := r.sockets[id]
	return s != nil && !s.Ended || r.opened && id == r.socket
}

// topics returns what a socket is subscribed to by now.
func (r *rehearsal) topics(id string) members {
	if r.subs[id] == nil {
		r.subs[id] = members{}
		if s := r.sockets[id]; s != nil {
			for topic := range s.subs {
				r.subs[id][topic] = struct{}{}
			}
		}
	}
	return r.subs[id]
}

// remove takes an item away and returns whose it was.
func (r *rehearsal) remove(name string) (by string) {
	by, met := r.by[name]
	if it := r.items[name]; !met && it != nil {
		by = it.by
	}
	r.by[name] = ""
	r.more[by]--
	return by
}
