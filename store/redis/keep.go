package redis

import (
	"context"

	"github.com/sojourn-go/sojourn/store"
)

// Keep implements [store.Store]. All of it is one script, which nothing else runs beside: a few hundred sockets at a time are
// a good measure.
func (s *Store) Keep(ctx context.Context, held []store.Held) ([]store.Kept, error) {
	c := s.newCall()
	c.int(len(held))
	for _, h := range held {
		c.key(s.socketKey(h.Socket))
		c.number(h.Attach)
		c.string(h.Inbox)
		c.duration(h.TTL)
		c.cursor(h.Ack)
	}

	list, err := s.run(ctx, keepScript, c)
	if err != nil {
		return nil, err
	}
	r := &reply{list: list}
	kept := make([]store.Kept, len(held))
	for i, h := range held {
		in := r.nested()
		kept[i].Status = in.status(store.Applied, store.Replaced, store.Gone, store.Rewound)
		if in.more() {
			kept[i].Socket = store.Socket{ID: h.Socket, Number: in.number(), Ended: in.string() != "",
				Code: int(in.number()), Why: in.string(), Top: in.cursor()}
		}
		r.fail(in.err)
	}
	if r.err != nil {
		return nil, s.failed("keep", r.err)
	}
	return kept, nil
}
