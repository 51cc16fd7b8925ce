package memory

import (
	"context"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Keep implements [store.Store].
func (s *Store) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	now, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	kept := make([]store.Kept, len(held))
	for i, h := range held {
		kept[i] = s.state.keep(h, now)
	}
	return kept, nil
}

func (st *state) keep(h store.Held, now time.Duration) store.Kept {
	s, k := st.sockets[h.Socket], st.known(h.Socket)
	answer := store.Kept{Socket: store.Socket{ID: k.ID, Number: k.Number, Top: k.Top, Ended: k.Ended, Code: k.Code, Why: k.Why}}
	switch {
	case s == nil || s.Ended:
		answer.Status = store.Gone
	case h.Attach != 0 && h.Attach < s.Attach:
		answer.Status = store.Replaced
	case !h.Ack.IsZero() && s.relate(h.Ack) == foreign:
		answer.Status = store.Rewound
	default:
		s.acknowledge(h.Ack)
		if h.Attach != 0 { // above the newest: the store has forgotten that attach, but the connection is there
			s.Attach, s.inbox = h.Attach, h.Inbox
			st.deadlines.set(&s.due, now+h.TTL)
		}
	}
	return answer
}
