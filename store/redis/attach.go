package redis

import (
	"context"

	"github.com/sojourn-go/sojourn/store"
)

var attachStatuses = []store.Status{store.Applied, store.Lost, store.Stale, store.Gone, store.Rewound, store.Denied, store.Busy}

// Attach implements [store.Store].
func (s *Store) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	c := s.newCall()
	c.declare(s.socketKey(a.Socket))
	c.string(a.Secret)
	c.number(a.Number)
	c.string(a.Inbox)
	c.duration(a.TTL)
	c.cursor(a.Cursor)
	c.number(a.In)
	c.int(positive(a.Max, defaultMax))
	c.bool(a.Kept)
	c.int(len(a.Topics))
	for topic, at := range a.Topics {
		c.strings(topic, at.String())
	}

	list, err := s.run(ctx, attachScript, c)
	if err != nil {
		return store.Attached{}, err
	}
	r := &reply{list: list}
	found := store.Attached{Status: r.status(attachStatuses...), Socket: r.socket(), NextDue: r.due()}
	if found.Status == store.Applied || found.Status == store.Lost {
		found.From = r.cursor()
		found.Entries = r.entries(found.From)
		found.Subs = r.subs()
	}
	if r.err != nil {
		return store.Attached{}, s.failed("attach", r.err)
	}
	return found, nil
}
