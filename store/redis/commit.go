package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// What store says of values that are not given.
const (
	defaultKeepKey   = 24 * time.Hour
	defaultTopicTTL  = 24 * time.Hour
	defaultKeep      = 1000
	defaultKeepBytes = 1 << 20
	defaultMax       = 256
)

func positive[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

var turnStatuses = []store.Status{store.Applied, store.Repeated, store.Gap, store.Conflict, store.Gone, store.Full, store.Exceeded}

// Commit implements [store.Store]. A turn that no caller may send is an error, and not applied.
func (s *Store) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if err := t.Check(); err != nil {
		return store.Outcome{}, fmt.Errorf("redis: commit: %w", err)
	}
	c := s.newCall()
	c.strings(t.Attempt, t.From)
	c.int(s.opts.MaxEntries)
	c.int(s.opts.MaxBytes)
	if own(t) {
		s.message(c, t)
	} else {
		s.cause(c, t)
		c.cursor(t.Ack)
		c.bool(leaves(t))
		s.guards(c, t.Guards)
		c.int(len(t.Effects))
		for _, e := range t.Effects {
			s.effect(c, e)
		}
	}

	list, err := s.run(ctx, commitScript, c)
	if err != nil {
		return store.Outcome{}, err
	}
	r := &reply{list: list}
	out := store.Outcome{Status: r.status(turnStatuses...), Number: r.number(), Top: r.cursor(), NextDue: r.due()}
	switch out.Status {
	case store.Applied:
		out.At = make([]store.Cursor, len(t.Effects))
		for i := range out.At {
			out.At[i] = r.cursor()
		}
	case store.Conflict:
		for _, g := range t.Guards {
			if g.Topic != "" {
				out.Fresh = append(out.Fresh, store.Fresh{Topic: g.Topic, Field: g.Field, At: r.cursor(), Value: r.bytes()})
			}
		}
	case store.Exceeded:
		out.Over = r.string()
	}
	if r.err != nil {
		return store.Outcome{}, s.failed("commit", r.err)
	}
	return out, nil
}

// own tells whether a message's turn does nothing but add to its own socket's stream, so that message.lua can do it.
func own(t store.Turn) bool {
	if t.Cause.Socket == "" || t.Cause.Token != "" || t.Cause.Number == 0 || len(t.Guards) > 0 {
		return false
	}
	for _, e := range t.Effects {
		if a, ok := e.(store.Append); !ok || a.Socket != t.Cause.Socket {
			return false
		}
	}
	return true
}

// message adds what message.lua takes.
func (s *Store) message(c *call, t store.Turn) {
	c.string("own")
	c.key(s.socketKey(t.Cause.Socket))
	c.number(t.Cause.Number)
	c.cursor(t.Ack)
	c.int(len(t.Effects))
	for _, e := range t.Effects {
		c.bytes(e.(store.Append).Data)
	}
}

// publishes tells whether a turn of the program's own does nothing but publish what is no state, so that publish.lua can do it.
func publishes(t store.Turn) bool {
	if t.Cause.Key == "" || len(t.Guards) > 0 || len(t.Effects) != 1 {
		return false
	}
	p, ok := t.Effects[0].(store.Publish)
	return ok && p.Value == nil && len(p.Fields) == 0
}

func (s *Store) cause(c *call, t store.Turn) {
	switch cause := t.Cause; {
	case cause.Key != "":
		if publishes(t) {
			c.string("publish")
		} else {
			c.string("key")
		}
		c.key(s.onceKey(cause.Key))
		c.duration(positive(cause.KeepKey, defaultKeepKey))
	case cause.Item != "":
		c.string("item")
		c.key(s.itemKey(cause.Item))
		c.string(cause.Token)
	case cause.Token == "":
		c.string("message")
		c.key(s.socketKey(cause.Socket))
		c.number(cause.Number)
	default:
		c.string("goodbye")
		c.key(s.socketKey(cause.Socket))
		c.string(cause.Token)
	}
}

// leaves tells whether the turn is its socket's last: a full stream must not keep anybody from leaving.
func leaves(t store.Turn) bool {
	for _, e := range t.Effects {
		if _, ok := e.(store.Bye); ok {
			return true
		}
	}
	return false
}

func (s *Store) guards(c *call, guards []store.Guard) {
	c.int(len(guards))
	for _, g := range guards {
		if g.Topic != "" {
			c.string("topic")
			c.key(s.topicKey(g.Topic))
			c.string(g.Field)
			c.cursor(g.At)
		} else {
			c.string("item")
			c.key(s.itemKey(g.Item))
		}
	}
}

// effect adds an effect's name and arguments, as commit.lua takes them.
func (s *Store) effect(c *call, e store.Effect) {
	switch e := e.(type) {
	case store.Open:
		c.strings("open", e.Secret, string(e.User), e.Session)
		c.number(e.Attach)
		c.string(e.Inbox)
		c.duration(e.TTL)
		c.int(len(e.Groups))
		for _, g := range e.Groups {
			c.string(g.Name)
			c.int(g.Max)
		}
	case store.Append:
		c.string("append")
		c.key(s.socketKey(e.Socket))
		c.bytes(e.Data)
	case store.AppendAll:
		c.string("appendall")
		c.string(e.Group)
		c.bytes(e.Data)
	case store.Publish:
		s.publishing(c, e)
	case store.Subscribe:
		c.string("subscribe")
		c.key(s.socketKey(e.Socket))
		c.key(s.topicKey(e.Topic))
		c.int(max(0, e.Back))
		c.bool(e.State)
		c.duration(positive(e.TTL, defaultTopicTTL))
		c.int(e.Max)
		c.bytes(e.Data)
	case store.Unsubscribe:
		c.string("unsubscribe")
		c.key(s.socketKey(e.Socket))
		c.key(s.topicKey(e.Topic))
		c.bytes(e.Data)
	case store.Put:
		c.string("put")
		c.key(s.itemKey(e.Item))
		if e.Socket != "" {
			c.key(s.socketKey(e.Socket))
		} else {
			c.int(0)
		}
		c.string(e.By)
		c.int(e.Max)
		c.duration(max(0, e.After))
		c.bytes(e.Data)
	case store.Cancel:
		c.string("cancel")
		c.key(s.itemKey(e.Item))
	case store.End:
		c.string("end")
		c.key(s.socketKey(e.Socket))
		c.int(e.Code)
		c.string(e.Why)
	case store.Bye:
		c.string("bye")
		c.int(e.Code)
		c.string(e.Why)
		c.duration(e.Keep)
	}
}

func (s *Store) publishing(c *call, e store.Publish) {
	c.string("publish")
	c.key(s.topicKey(e.Topic))
	c.bytes(e.Data)
	c.bool(e.Value != nil)
	c.bytes(e.Value)
	c.int(positive(e.Keep, defaultKeep))
	c.int(positive(e.KeepBytes, defaultKeepBytes))
	c.duration(positive(e.TTL, defaultTopicTTL))
	c.int(e.MaxFields)
	c.int(e.MaxBytes)
	c.int(len(e.Fields))
	for _, f := range e.Fields {
		c.string(f.Name)
		c.bool(f.Value != nil)
		c.bytes(f.Value)
	}
}
