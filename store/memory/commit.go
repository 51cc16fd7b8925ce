package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Commit implements [store.Store]. A turn that no caller may send is an error, and not applied.
func (s *Store) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	if err := t.Check(); err != nil {
		return store.Outcome{}, fmt.Errorf("store/memory: commit: %w", err)
	}
	now, err := s.begin(ctx)
	if err != nil {
		return store.Outcome{}, err
	}
	defer s.mu.Unlock()

	var out store.Outcome
	out.Status = s.admit(t)
	if out.Status == store.Applied && !s.state.hold(t.Guards) {
		out.Status = store.Conflict
		out.Fresh = s.state.fresh(t.Guards)
	}
	if out.Status == store.Applied {
		var exceeds bool
		if out.Over, exceeds = s.state.exceeds(t); exceeds {
			out.Status = store.Exceeded
		}
	}
	if out.Status == store.Applied {
		out.At = s.apply(t, now)
	}
	if t.Cause.Socket != "" {
		k := s.state.known(t.Cause.Socket)
		out.Number, out.Top = k.Number, k.Top
	}
	out.NextDue = s.state.nextDue(now)
	return out, nil
}

func is[E store.Effect](e store.Effect) bool { _, ok := e.(E); return ok }

// admit tells whether the turn's cause lets it be applied: Applied, or why not.
func (s *Store) admit(t store.Turn) store.Status {
	st, c := s.state, t.Cause
	switch {
	case c.Key != "":
		if st.keys[c.Key] != nil {
			return store.Repeated
		}
	case c.Item != "":
		if it := st.items[c.Item]; it == nil || it.token != c.Token {
			return store.Gone
		}
	case c.Token != "":
		if sock := st.sockets[c.Socket]; sock == nil || sock.token != c.Token {
			return store.Gone
		}
	default:
		return s.admitMessage(t)
	}
	return store.Applied
}

func (s *Store) admitMessage(t store.Turn) store.Status {
	id, n := t.Cause.Socket, t.Cause.Number
	sock, k := s.state.sockets[id], s.state.known(id)
	switch {
	case k.ID == "" && n == 0:
		return store.Applied
	case k.ID == "":
		return store.Gone
	case n <= k.Number:
		return store.Repeated // also of a socket that has ended: its goodbye may be what is repeated
	case k.Ended:
		return store.Gone
	case n > k.Number+1:
		return store.Gap
	}
	if slices.ContainsFunc(t.Effects, is[store.Bye]) {
		return store.Applied // a full stream must not keep anybody from leaving
	}
	if entries, bytes := sock.unacknowledged(t.Ack); entries > s.opts.MaxEntries/2 || bytes > s.opts.MaxBytes/2 {
		return store.Full
	}
	return store.Applied
}

// hold tells whether all guards do.
func (st *state) hold(guards []store.Guard) bool {
	for _, g := range guards {
		if g.Topic == "" {
			if st.items[g.Item] == nil {
				return false
			}
			continue
		}
		if st.guarded(g).At != g.At {
			return false
		}
	}
	return true
}

// guarded returns what a guard on a topic, or on a field, is about. The value is the store's own.
func (st *state) guarded(g store.Guard) store.Fresh {
	f := store.Fresh{Topic: g.Topic, Field: g.Field}
	t := st.topics[g.Topic]
	switch {
	case t == nil:
	case g.Field != "":
		found := t.fields.all[g.Field]
		f.At, f.Value = found.At, found.Value
	default:
		f.At, f.Value = t.top, t.value
	}
	return f
}

// fresh returns what the guarded topics and fields hold.
func (st *state) fresh(guards []store.Guard) []store.Fresh {
	var all []store.Fresh
	for _, g := range guards {
		if g.Topic != "" {
			f := st.guarded(g)
			f.Value = bytes.Clone(f.Value)
			all = append(all, f)
		}
	}
	return all
}

// apply makes an admitted turn real. Nothing in it can fail.
func (s *Store) apply(t store.Turn, now time.Duration) []store.Cursor {
	st, c := s.state, t.Cause
	if sock := st.sockets[c.Socket]; sock != nil {
		sock.acknowledge(t.Ack)
	}
	if it := st.items[c.Item]; it != nil {
		st.remove(it)
	}
	run := turn{Store: s, now: now, socket: c.Socket, attempt: t.Attempt, from: t.From}
	at := make([]store.Cursor, len(t.Effects))
	for i, e := range t.Effects {
		at[i] = run.take(e)
	}
	switch {
	case c.Key != "":
		k := &key{name: c.Key}
		k.expires.owner = k
		st.keys[c.Key] = k
		st.expires.set(&k.expires, now+positive(c.KeepKey, defaultKey))
	case c.Item != "":
	case c.Token != "":
		if sock := st.sockets[c.Socket]; sock != nil {
			run.bury(sock, 0)
		}
	default:
		if sock := st.sockets[c.Socket]; sock != nil {
			sock.Number = c.Number
		} else if t := st.tombstones[c.Socket]; t != nil {
			t.Number = c.Number
		}
	}
	return at
}
