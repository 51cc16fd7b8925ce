package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, max int, lease time.Duration) (store.Claimed, error) {
	c := s.newCall()
	if max < 0 {
		max = 0 // to Redis, a negative limit is none
	}
	c.int(max)
	c.duration(lease)
	c.string(unique()) // tokens begin with it

	list, err := s.run(ctx, claimScript, c)
	if err != nil {
		return store.Claimed{}, err
	}
	r := &reply{list: list}
	claimed := store.Claimed{NextDue: r.due()}
	all := r.nested()
	for all.more() {
		in := all.nested()
		kind, due := in.string(), store.Due{Token: in.string()}
		switch kind {
		case "socket":
			due.Socket, due.Subs = in.socket(), in.subs()
		case "item":
			due.Item = in.item()
		default:
			in.fail(fmt.Errorf("unknown kind %q", kind))
		}
		if due.Token == "" || due.Socket.ID+due.Item.ID == "" {
			in.fail(errors.New("a claim of nothing"))
		}
		all.fail(in.err)
		claimed.Due = append(claimed.Due, due)
	}
	r.fail(all.err)
	if r.err != nil {
		return store.Claimed{}, s.failed("claim", r.err)
	}
	return claimed, nil
}
