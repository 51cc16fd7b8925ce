package redis_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/store/storetest"
)

// Each check's cell is another one, on one of three nodes.
func TestStoreOnCluster(t *testing.T) {
	url := redistest.StartCluster(t, 3).URL()
	storetest.Run(t, harness(url))
	t.Run("Against", func(t *testing.T) { storetest.RunAgainst(t, storetest.Memory, harness(url)) })
}

// What goes over a cluster's bus may be lost, so notices do not: the channels are the slot's.
func TestNoticesDoNotTakeTheBus(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	w := watch(t, open(t, cluster.URL(), redis.Options{}), time.Hour, "t")
	owners := 0
	for i, node := range cluster.Nodes {
		channels, err := node.Do("PUBSUB", "SHARDCHANNELS")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(channels, "sj1:{0}:I:"+w.Inbox()) && strings.Contains(channels, "sj1:{0}:T:t") {
			owners++
		}
		if bus, err := node.Do("PUBSUB", "CHANNELS"); err != nil || bus != "*0\r\n" {
			t.Errorf("node %d: subscriptions over the bus: %q, %v", i, bus, err)
		}
	}
	if owners != 1 {
		t.Errorf("%d nodes have the channels", owners)
	}
}

// The slot of a cell moves from node to node while sockets talk and a follower listens. Errors say that the outcome is unknown; nothing is
// lost, and nothing takes effect twice.
func TestSlotMigratesMeanwhile(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	s := open(t, cluster.URL(), redis.Options{Cell: "moves"})
	f := follow(t, s, time.Hour, "talker-0")
	enough := make(chan struct{})
	k := talk(t, s, 4, 1, enough)
	for range 3 {
		k.goneOn()
		m := cluster.Migrate("sj1:{moves}:")
		for m.Some(1) {
		}
		m.End()
	}
	k.goneOn()
	close(enough)
	k.once()
	f.all(1, int(k.last[0]))
	certainly(t, s, turn(store.Cause{Key: "more"}, store.Publish{Topic: "talker-0", Data: []byte("more")}))
	f.until("more")
	if k.unknown.Load() == 0 {
		t.Error("no outcome was ever unknown")
	}
}

// While a slot is on its way its former node refuses keys that do not exist, in the middle of a script too: not even one that the script itself has
// deleted may be written again.
func TestAllOrNoneWhileMigrating(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	w := newWorld(t, cluster.URL())
	fresh := w.dump()
	all := operations()
	for name, effects := range map[string][]store.Effect{
		"item again":  {store.Put{Item: "mine", Socket: "b", After: time.Hour}, store.Put{Item: "due", After: time.Hour}},
		"item no one": {store.Cancel{Item: "due"}}, // nothing is left among the errands
		"topic":       {store.Publish{Topic: "t", Data: []byte("x"), Keep: 1}, store.Subscribe{Socket: "b", Topic: "t"}, store.Unsubscribe{Socket: "a", Topic: "t"}},
		"ends":        {store.End{Socket: "b"}, store.End{Socket: "a"}},
		"bye":         {store.Bye{Code: 4011, Why: "x"}},
		"changes":     {store.Cancel{Item: "mine"}, store.Put{Item: "mine", After: time.Hour}, store.Bye{}},
	} {
		op := all["turn"]
		op.do = func(w *world) error {
			_, err := w.Commit(t.Context(), turn(store.Cause{Socket: "a", Number: 1}, effects...))
			return err
		}
		all[name] = op
	}
	done := 0
	for name, op := range all {
		restore(t, w.client, worldCell, fresh)
		if err := op.do(w); err != nil {
			t.Fatal(name, err)
		}
		whole := shape(w.dump())
		restore(t, w.client, worldCell, fresh)
		m := cluster.Migrate(worldKey(""))
		err := op.do(w)
		m.Abort()
		after := w.dump()
		if err == nil {
			done++
			if got := shape(after); !reflect.DeepEqual(got, whole) {
				t.Errorf("%s: half of it was done:\n got %q\nwant %q", name, got, whole)
			}
			continue
		}
		if !strings.Contains(err.Error(), "TRYAGAIN") {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(after, fresh) {
			t.Errorf("%s: %v, but half of it was done:\nbefore %q\nafter  %q", name, err, fresh, after)
		}
	}
	if done < 9 {
		t.Errorf("only %d operations were not refused", done)
	}
}

// At the node that a slot moves to, a script that touches keys that it could not name does not find those that have not come yet. They must not pass for
// keys that do not exist.
func TestKeysThatHaveNotComeYet(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	for name, op := range map[string]func(*world) error{
		"claim": func(w *world) error { _, err := w.claim(); return err },
		"end": func(w *world) error {
			_, err := w.Commit(t.Context(), turn(store.Cause{Socket: "b", Number: 1}, store.End{Socket: "a"}))
			return err
		},
		"another's item": func(w *world) error {
			_, err := w.Commit(t.Context(), turn(store.Cause{Socket: "b", Number: 1}, store.Cancel{Item: "mine"}))
			return err
		},
		"a group": func(w *world) error {
			_, err := w.Commit(t.Context(), turn(store.Cause{Socket: "b", Number: 1}, store.AppendAll{Group: "g"}))
			return err
		},
	} {
		w := newWorld(t, cluster.URL())
		fresh := w.dump()
		m := cluster.Migrate(worldKey(""))
		m.Keys(worldKey("d"), worldKey("m"), worldKey("e"), worldKey("g"))
		switch name {
		case "end":
			m.Keys(worldKey("s:a"), worldKey("s:b"))
		case "a group":
			m.Keys(worldKey("s:b"))
		case "another's item":
			m.Keys(worldKey("s:b"), worldKey("i:mine"))
		}
		err := op(w)
		m.End()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if after := w.dump(); !reflect.DeepEqual(after, fresh) {
			t.Errorf("%s: something was done:\nbefore %q\nafter  %q", name, fresh, after)
		}
		restore(t, w.client, worldCell, nil)
	}
}

func worldKey(end string) string { return "sj1:{" + worldCell + "}:" + end }
