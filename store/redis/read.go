package redis

import (
	"context"

	"github.com/sojourn-go/sojourn/store"
)

// Read implements [store.Store]. All queries are answered by one script, as of one moment.
func (s *Store) Read(ctx context.Context, queries []store.Query) ([]store.Reply, error) {
	c := s.newCall()
	c.int(len(queries))
	for _, q := range queries {
		s.query(c, q)
	}
	list, err := s.run(ctx, readScript, c)
	if err != nil {
		return nil, err
	}
	r := &reply{list: list}
	replies := make([]store.Reply, len(queries))
	for i, q := range queries {
		in := r.nested()
		replies[i] = answer(q, in)
		r.fail(in.err)
	}
	if r.err != nil {
		return nil, s.failed("read", r.err)
	}
	return replies, nil
}

// maxMembers is how many members of a group a reply names.
const maxMembers = 10_000

func (s *Store) query(c *call, q store.Query) {
	switch {
	case q.Topic != "" && q.Value:
		c.string("value")
		c.key(s.topicKey(q.Topic))
	case q.Topic != "" && q.Fields:
		c.string("fields")
		c.key(s.topicKey(q.Topic))
	case q.Topic != "" && q.Field != "":
		c.string("field")
		c.key(s.topicKey(q.Topic))
		c.string(q.Field)
	case q.Topic != "":
		c.string("entries")
		c.key(s.topicKey(q.Topic))
		c.cursor(q.After)
		c.int(positive(q.Max, defaultMax))
	case q.Socket != "" && q.Entries:
		c.string("sent")
		c.key(s.socketKey(q.Socket))
		c.cursor(q.After)
		c.int(positive(q.Max, defaultMax))
	case q.Socket != "":
		c.string("socket")
		c.key(s.socketKey(q.Socket))
	case q.Group != "":
		c.strings("group", q.Group)
		c.int(maxMembers)
	default:
		c.string("item")
		c.key(s.itemKey(q.Item))
	}
}

func answer(q store.Query, in *reply) store.Reply {
	a := store.Reply{Status: in.status(store.Applied, store.Missing, store.Gone, store.Lost)}
	switch {
	case a.Status == store.Missing:
	case a.Status == store.Gone:
		a.Sock = in.socket()
	case q.Topic != "" && q.Value:
		a.Top, a.Value = in.cursor(), in.bytes()
	case q.Topic != "" && (q.Fields || q.Field != ""):
		a.Top, a.Fields = in.cursor(), in.fields()
	case q.Topic != "" || q.Entries:
		a.Top, a.From = in.cursor(), in.cursor()
		a.Entries = in.entries(a.From)
		a.Rewound = in.string() != ""
	case q.Socket != "":
		a.Sock = in.socket()
		a.Top = a.Sock.Top
	case q.Group != "":
		a.Members = in.texts()
	default:
		a.Item = in.item()
	}
	return a
}
