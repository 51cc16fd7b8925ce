package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// A list with as many items as it may have, each as long as it may be, is one with which everything can be done: also what touches all of them in one turn.
func TestAFullList(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{lists, items}})
	name := strings.Repeat("<", maxName) // < is longest in JSON
	bob := rt.Connect(framework.User{ID: "bob", Name: name})
	bob.Call("lists.create", Creating{ListRef{"shopping"}, "Shopping"}, nil)
	text := func(n int) string { return fmt.Sprintf("%03d", n) + strings.Repeat("<", maxText-3) }
	id := func(text string) string { return "item-" + strings.Repeat("0", 32) + text[:3] }
	at := func(n int) Ref { return Ref{List: "shopping", ID: id(text(n))} }
	var want []string
	for n := range todos.Max - 1 {
		want = append(want, text(n))
		rt.Do(func(turn *framework.Turn) error {
			return todos.Update(turn, "shopping", at(n).ID, func(i *Item) error {
				*i = Item{Text: text(n), Rev: at(n).ID, Pos: float64(n + 1), By: name}
				return nil
			})
		})
	}
	want = append(want, text(todos.Max-1))
	bob.Call("items.add", Adding{Ref: at(todos.Max - 1), Text: text(todos.Max - 1)}, nil)
	bob.Fails("items.add", Adding{Ref: at(todos.Max), Text: text(todos.Max)}, framework.CodeFull)

	for i := range 60 { // each time before the one that was moved last, at half the way to the first: all get new places when there is no way left
		n := todos.Max - 1 - i
		bob.Call("items.move", Move{Ref: at(n), Before: id(want[1])}, nil)
		want = slices.Insert(want[:len(want)-1], 1, text(n))
	}
	frameworktest.State[map[string]Item](bob, "todos/shopping").Until(orderIs(want...))

	for n := range todos.Max {
		if n%2 == 0 {
			bob.Call("items.tick", Tick{Ref: at(n), Done: true}, nil)
		} else {
			bob.Call("items.remove", Removing{at(n), at(n).ID}, nil)
		}
	}
	bob.Call("lists.remove", ListRef{List: "shopping"}, nil)
	rt.Do(func(turn *framework.Turn) error {
		if left, err := todos.All(turn, "shopping"); err != nil || len(left) > 0 {
			t.Errorf("%d items are left, %v", len(left), err)
		}
		return nil
	})
}

// There is a place for so many lists, and who makes one more is told.
func TestNoPlaceForMoreLists(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{lists, items}})
	ann := rt.Connect(framework.User{ID: "ann", Name: "Ann"})
	creating := func(n int) Creating {
		return Creating{ListRef{fmt.Sprintf("list-%04d", n)}, strings.Repeat("<", maxName)}
	}
	for n := range all.Max {
		ann.Call("lists.create", creating(n), nil)
	}
	ann.Fails("lists.create", creating(all.Max), framework.CodeFull)
	ann.Call("lists.remove", ListRef{List: creating(0).List}, nil)
	ann.Call("lists.create", creating(all.Max), nil)
}
