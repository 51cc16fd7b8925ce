package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// more is how many removals one page may make: more than a socket may have timers.
const more = 210

// removeOne makes an item of a list, and removes it.
func removeOne(c *frameworktest.Client, list string, n int) {
	at := Ref{list, fmt.Sprintf("item-%04d", n)}
	c.Call("items.add", Adding{at, "milk"}, nil)
	c.Call("items.remove", Removing{at, at.ID}, nil)
}

// Somebody may remove as much as there is, and all of it is forgotten.
func TestRemovalsHaveNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{lists, items}})
		ann := rt.Connect(framework.User{ID: "ann", Name: "Ann"})
		names := []string{"list-0001", "list-0002"}
		for _, list := range names {
			ann.Call("lists.create", Creating{ListRef{list}, "Shopping"}, nil)
			for n := range more / len(names) {
				removeOne(ann, list, n)
			}
		}
		time.Sleep(undo + time.Second)
		synctest.Wait()
		rt.Do(func(turn *framework.Turn) error {
			for _, list := range names {
				if left, err := todos.All(turn, list); err != nil || len(left) > 0 {
					t.Errorf("%d items of %s are left, %v", len(left), list, err)
				}
			}
			return nil
		})
	})
}

// What is removed later is kept as long, though its list has one timer.
func TestEachRemovedItemHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ann, seen := begin(t)
		addAll(ann, "milk", "bread", "eggs", "tea", "rice")
		for _, text := range []string{"milk", "bread", "eggs", "tea"} {
			ann.Call("items.remove", removing(text), nil)
			time.Sleep(4 * time.Minute)
		}
		synctest.Wait()
		ann.Fails("items.restore", ref("milk"), framework.CodeNotFound)
		ann.Fails("items.restore", ref("bread"), framework.CodeNotFound)
		ann.Call("items.restore", ref("eggs"), nil)
		time.Sleep(undo)
		synctest.Wait()
		ann.Fails("items.restore", ref("tea"), framework.CodeNotFound)
		seen.Until(orderIs("eggs", "rice"))
	})
}

// A list that goes takes its timer along.
func TestRemovedListsLeaveNoTimer(t *testing.T) {
	_, ann, _ := begin(t)
	for n := range more {
		list := fmt.Sprintf("list-%04d", n)
		ann.Call("lists.create", Creating{ListRef{list}, "Shopping"}, nil)
		removeOne(ann, list, 0)
		ann.Call("lists.remove", ListRef{list}, nil)
	}
}
