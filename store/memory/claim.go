package memory

import (
	"bytes"
	"context"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// The times of [store.Store.Claim].
const (
	silence     = 30 * time.Second
	graceLength = 10 * time.Second
	graceCounts = 2 * time.Minute
)

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	now, err := s.begin(ctx)
	if err != nil {
		return store.Claimed{}, err
	}
	defer s.mu.Unlock()
	var claimed store.Claimed
	slots := s.state.errands.takeUpTo(max, now)
	if s.state.mayExpire(now) {
		slots = append(slots, s.state.deadlines.takeUpTo(max-len(slots), now)...)
	}
	claimed.Due = s.claim(slots, lease, now)
	claimed.NextDue = s.state.nextDue(now)
	return claimed, nil
}

// mayExpire tells whether sockets' deadlines mean something, and opens a grace if they do not.
func (st *state) mayExpire(now time.Duration) bool {
	silent := !st.opened || now-st.claimed >= silence
	st.claimed = now
	switch {
	case st.inGrace(now):
		return false
	case silent && !(st.opened && now-st.grace < graceCounts):
		st.opened, st.grace = true, now
		return false
	}
	return true
}

func (st *state) inGrace(now time.Duration) bool {
	return st.opened && now-st.grace < graceLength
}

// claim leases what was taken off the agendas. What only becomes due by this, the items of sockets whose deadline has passed,
// is for the next claim.
func (s *Store) claim(slots []*slot, lease, now time.Duration) []store.Due {
	var due []store.Due
	for _, e := range slots {
		token := s.name()
		switch x := e.owner.(type) {
		case *socket:
			if !x.Ended {
				run := turn{Store: s, now: now}
				run.end(x, int(protocol.CodeGone), "expired", "")
			}
			x.token = token
			due = append(due, store.Due{Token: token, Socket: told(x.known()), Subs: x.subscriptions()})
		case *item:
			x.token = token
			x.Tries++
			i := x.Item
			i.Data = bytes.Clone(i.Data)
			due = append(due, store.Due{Token: token, Item: i})
		}
		s.state.errands.set(e, now+lease)
	}
	return due
}
