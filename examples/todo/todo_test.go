package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// begin is a program with Ann, who has made a list, and what she sees of its items.
func begin(t *testing.T) (rt *frameworktest.Program, ann *frameworktest.Client, seen *frameworktest.Stream[map[string]Item]) {
	t.Helper()
	rt = frameworktest.New(t, framework.Config{Services: []framework.Service{lists, items}})
	ann = rt.Connect(framework.User{ID: "ann", Name: "Ann"})
	ann.Call("lists.create", Creating{ListRef{"shopping"}, " Shopping "}, nil)
	return rt, ann, frameworktest.State[map[string]Item](ann, "todos/shopping")
}

func addAll(c *frameworktest.Client, texts ...string) {
	for _, text := range texts {
		c.Call("items.add", Adding{Ref: ref(text), Text: text}, nil)
	}
}

// ref names the item that was added with a text.
func ref(text string) Ref { return Ref{List: "shopping", ID: "item-" + strings.Repeat("0", 4) + text} }

// order returns the texts of items that are there, in their order.
func order(items map[string]Item) (texts []string) {
	for _, id := range sorted(items) {
		if i := items[id]; !i.Gone {
			texts = append(texts, i.Text)
		}
	}
	return texts
}

func orderIs(want ...string) func(map[string]Item) bool {
	return func(items map[string]Item) bool { return slices.Equal(order(items), want) }
}

func TestItems(t *testing.T) {
	_, ann, seen := begin(t)
	addAll(ann, "milk", "bread", "eggs")
	seen.Until(orderIs("milk", "bread", "eggs"))
	ann.Call("items.edit", edited("bread", " rye bread ", "rev-0001", ref("bread").ID), nil)
	ann.Call("items.tick", Tick{Ref: ref("bread"), Done: true}, nil)
	now := seen.Until(func(items map[string]Item) bool { return items[ref("bread").ID].Done })
	if got := now[ref("bread").ID]; got.Text != "rye bread" || got.Rev != "rev-0001" || got.By != "Ann" {
		t.Errorf("the item is %+v", got)
	}
	ann.Call("items.move", Move{Ref: ref("eggs"), Before: ref("milk").ID}, nil)
	seen.Until(orderIs("eggs", "milk", "rye bread"))
	ann.Call("items.move", Move{Ref: ref("eggs"), Before: ""}, nil)
	seen.Until(orderIs("milk", "rye bread", "eggs"))
	ann.Call("items.remove", removing("milk"), nil)
	seen.Until(orderIs("rye bread", "eggs"))
	ann.Call("items.restore", ref("milk"), nil)
	seen.Until(orderIs("milk", "rye bread", "eggs"))
}

func TestRefusals(t *testing.T) {
	_, ann, _ := begin(t)
	addAll(ann, "milk")
	long := strings.Repeat("x", maxText+1)
	for _, c := range []struct {
		method string
		in     any
		code   string
	}{
		{"items.add", Adding{Ref: ref("milk"), Text: "again"}, framework.CodeConflict},
		{"items.add", Adding{Ref: ref("tea"), Text: "  "}, framework.CodeInvalid},
		{"items.add", Adding{Ref: ref("tea"), Text: long}, framework.CodeInvalid},
		{"items.add", Adding{Ref: Ref{List: "shopping", ID: "short"}, Text: "tea"}, framework.CodeInvalid},
		{"items.add", Adding{Ref: Ref{List: "nowhere", ID: "item-0001"}, Text: "tea"}, framework.CodeNotFound},
		{"items.edit", edited("milk", long, "rev-0001", ref("milk").ID), framework.CodeInvalid},
		{"items.edit", edited("milk", "tea", "short", ref("milk").ID), framework.CodeInvalid},
		{"items.edit", edited("tea", "tea", "rev-0001", ref("tea").ID), framework.CodeNotFound},
		{"items.tick", Tick{Ref: ref("tea")}, framework.CodeNotFound},
		{"items.move", Move{Ref: ref("tea"), Before: ref("milk").ID}, framework.CodeNotFound},
		{"items.remove", removing("tea"), framework.CodeNotFound},
		{"items.restore", ref("tea"), framework.CodeNotFound},
		{"lists.create", Creating{ListRef{"shopping"}, "again"}, framework.CodeConflict},
		{"lists.create", Creating{ListRef{"short"}, "x"}, framework.CodeInvalid},
		{"lists.create", Creating{ListRef{"longenough"}, " "}, framework.CodeInvalid},
		{"lists.rename", Renaming{ListRef{"longenough"}, []string{"shopping"}, "rev-0001", "x"}, framework.CodeNotFound},
		{"lists.rename", Renaming{ListRef{"shopping"}, []string{"shopping"}, "rev-0001", strings.Repeat("x", maxName+1)}, framework.CodeInvalid},
		{"lists.rename", Renaming{ListRef{"shopping"}, []string{"shopping"}, "short", "x"}, framework.CodeInvalid},
		{"lists.remove", ListRef{List: "shopping"}, framework.CodeConflict},
	} {
		ann.Fails(c.method, c.in, c.code)
	}
}

// A list goes when nothing is left to do in it, and what was in it goes along.
func TestListsAreRemoved(t *testing.T) {
	rt, ann, _ := begin(t)
	seen := frameworktest.State[map[string]List](ann, "lists/all")
	addAll(ann, "milk", "bread")
	ann.Call("items.tick", Tick{Ref: ref("milk"), Done: true}, nil)
	ann.Call("items.remove", removing("bread"), nil)
	ann.Call("lists.rename", Renaming{ListRef{"shopping"}, []string{"shopping"}, "rev-0001", "Food"}, nil)
	seen.Until(func(all map[string]List) bool { return all["shopping"].Name == "Food" })
	ann.Call("lists.remove", ListRef{List: "shopping"}, nil)
	seen.Until(func(all map[string]List) bool { return len(all) == 0 })
	rt.Do(func(turn *framework.Turn) error {
		if left, err := todos.All(turn, "shopping"); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		return nil
	})
}

// A removed item can be brought back for ten minutes, and is forgotten then.
func TestRemovedItemsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, ann, _ := begin(t)
		addAll(ann, "milk", "bread")
		ann.Call("items.remove", removing("milk"), nil)
		ann.Call("items.remove", removing("bread"), nil)
		ann.Call("items.restore", ref("bread"), nil)
		time.Sleep(undo + time.Minute)
		synctest.Wait()
		ann.Fails("items.restore", ref("milk"), framework.CodeNotFound)
		rt.Do(func(turn *framework.Turn) error {
			all, err := todos.All(turn, "shopping")
			if err != nil || !slices.Equal(order(all), []string{"bread"}) || len(all) != 1 {
				t.Errorf("left: %+v, %v", all, err)
			}
			return nil
		})
	})
}

// An item that was brought back stays, and when it is removed once more there is the whole time again.
func TestRemovedAgainIsKeptAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ann, seen := begin(t)
		addAll(ann, "milk", "bread")
		ann.Call("items.remove", removing("milk"), nil)
		time.Sleep(undo - 5*time.Second)
		ann.Call("items.restore", ref("milk"), nil)
		ann.Call("items.remove", removing("milk"), nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		ann.Call("items.restore", ref("milk"), nil)
		ann.Call("items.restore", ref("milk"), nil) // it is there: nothing to do
		seen.Until(orderIs("milk", "bread"))
		time.Sleep(undo + time.Minute)
		synctest.Wait()
		ann.Call("items.remove", removing("milk"), nil)
		time.Sleep(undo + time.Minute)
		synctest.Wait()
		ann.Fails("items.restore", ref("milk"), framework.CodeNotFound)
	})
}

// However often items are moved, they stand where they were put: also when between two of them there is no number any more.
func TestMoves(t *testing.T) {
	_, ann, seen := begin(t)
	var want []string
	for i := range 6 {
		want = append(want, strconv.Itoa(i))
	}
	addAll(ann, want...)
	move := func(from, to int) {
		text := want[from]
		want = slices.Insert(slices.Delete(want, from, from+1), to, text)
		before := ""
		if to+1 < len(want) {
			before = ref(want[to+1]).ID
		}
		ann.Call("items.move", Move{Ref: ref(text), Before: before}, nil)
	}
	for range 80 { // each time to the same place: half of what is left
		move(5, 1)
	}
	for range 40 {
		move(rand.IntN(6), rand.IntN(6))
	}
	seen.Until(orderIs(want...))
}
