package far

import (
	"encoding/gob"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// What goes over the wire where it is not what the store takes.
type (
	claim struct {
		Max   int
		Lease time.Duration
	}
	volatile struct {
		Topic, Socket string
		Data          []byte
	}
	topics struct {
		Inbox     string
		Add, Drop []string
	}
	done bool
)

func init() {
	for _, effect := range []store.Effect{
		store.Open{}, store.Append{}, store.AppendAll{}, store.Publish{}, store.Subscribe{}, store.Unsubscribe{},
		store.Put{}, store.Cancel{}, store.End{}, store.Bye{},
	} {
		gob.Register(effect)
	}
}

// A value that is empty is a value; nil is none. To gob both are nothing, so a value travels with a byte before it.
func pack(value []byte) []byte {
	if value == nil {
		return nil
	}
	return append([]byte{0}, value...)
}

func unpack(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return value[1:]
}

func packTurn(t store.Turn) store.Turn   { return withValues(t, pack) }
func unpackTurn(t store.Turn) store.Turn { return withValues(t, unpack) }

func withValues(t store.Turn, change func([]byte) []byte) store.Turn {
	t.Effects = slices.Clone(t.Effects) // the caller's are the caller's
	for i, e := range t.Effects {
		if publish, ok := e.(store.Publish); ok {
			publish.Value = change(publish.Value)
			publish.Fields = slices.Clone(publish.Fields)
			changeFields(publish.Fields, change)
			t.Effects[i] = publish
		}
	}
	return t
}

func packReply(r *store.Reply)   { changeReply(r, pack) }
func unpackReply(r *store.Reply) { changeReply(r, unpack) }

func changeReply(r *store.Reply, change func([]byte) []byte) {
	r.Value = change(r.Value)
	changeFields(r.Fields, change)
}

func changeFields(fields []store.Field, change func([]byte) []byte) {
	for i, f := range fields {
		fields[i].Value = change(f.Value)
	}
}
