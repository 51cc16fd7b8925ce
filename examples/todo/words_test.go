package main

import (
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// edited is an edit of the item that was added with a text.
func edited(item, text, rev string, seen ...string) Edit {
	return Edit{Ref: ref(item), Seen: seen, Rev: rev, Text: text}
}

// An edit of a text that is not there any more is refused; the same edit, said by two, is one.
func TestStaleEdits(t *testing.T) {
	rt, ann, seen := begin(t)
	bob := rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	addAll(ann, "milk")
	first := ref("milk").ID
	bob.Call("items.edit", edited("milk", "oat milk", "rev-bob1", first), nil)
	ann.Fails("items.edit", edited("milk", "soy milk", "rev-ann1", first), framework.CodeConflict)
	ann.Call("items.edit", edited("milk", "oat milk", "rev-ann2", first), nil)
	seen.Until(orderIs("oat milk"))
	ann.Call("items.edit", edited("milk", "soy milk", "rev-ann3", "rev-bob1"), nil)
	seen.Until(orderIs("soy milk"))
	ann.Call("items.remove", Removing{ref("milk"), "rev-ann3"}, nil)
	bob.Fails("items.edit", edited("milk", "no milk", "rev-bob2", "rev-ann3"), framework.CodeNotFound)
}

// removing is the removal of an item whose text is the one with which it was added.
func removing(item string) Removing { return Removing{ref(item), ref(item).ID} }

// Nobody removes a text that he has not seen.
func TestStaleRemovals(t *testing.T) {
	rt, ann, seen := begin(t)
	bob := rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	addAll(ann, "milk")
	bob.Call("items.edit", edited("milk", "oat milk", "rev-bob1", ref("milk").ID), nil)
	ann.Fails("items.remove", removing("milk"), framework.CodeConflict)
	seen.Until(orderIs("oat milk"))
	ann.Call("items.remove", Removing{ref("milk"), "rev-bob1"}, nil)
	seen.Until(orderIs())
	bob.Fails("items.remove", Removing{ref("milk"), "rev-bob1"}, framework.CodeNotFound)
}

// Who edits a text twice before she has heard of the first edit overwrites nobody: the second one is of a text that never was.
func TestEditsInARow(t *testing.T) {
	rt, ann, seen := begin(t)
	bob := rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	addAll(ann, "milk", "bread")
	bob.Call("items.edit", edited("milk", "oat milk", "rev-bob1", ref("milk").ID), nil)
	for _, item := range []string{"milk", "bread"} {
		first := edited(item, "soy "+item, "rev-ann1", ref(item).ID)
		second := edited(item, "two soy "+item, "rev-ann2", ref(item).ID, "rev-ann1")
		if item == "milk" {
			ann.Fails("items.edit", first, framework.CodeConflict)
			ann.Fails("items.edit", second, framework.CodeConflict)
			continue
		}
		ann.Call("items.edit", first, nil)
		ann.Call("items.edit", second, nil)
	}
	seen.Until(orderIs("oat milk", "two soy bread"))
}

// An edit may be said again by who does not know whether it took effect: it does so once, and never takes back what came after it.
func TestEditsAreSaidAgain(t *testing.T) {
	rt, ann, seen := begin(t)
	bob := rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	addAll(ann, "milk")
	edit := edited("milk", "soy milk", "rev-ann1", ref("milk").ID)
	ann.Call("items.edit", edit, nil)
	ann.Call("items.edit", edit, nil)
	seen.Until(orderIs("soy milk"))
	bob.Call("items.edit", edited("milk", "milk", "rev-bob1", "rev-ann1"), nil) // as it was, but these are his words
	ann.Fails("items.edit", edit, framework.CodeConflict)
	seen.Until(orderIs("milk"))
	// If only the second of two took effect, or only the first is known to have: the same.
	ann.Call("items.edit", edited("milk", "tea", "rev-ann3", "rev-bob1", "rev-ann2"), nil)
	seen.Until(orderIs("tea"))
}

// Two who give a list another name at the same time do not overwrite each other.
func TestStaleNames(t *testing.T) {
	rt, ann, _ := begin(t)
	bob := rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	seen := frameworktest.State[map[string]List](ann, "lists/all")
	renamed := func(name, rev string, seen ...string) Renaming {
		return Renaming{ListRef{"shopping"}, seen, rev, name}
	}
	bob.Call("lists.rename", renamed("Food", "rev-bob1", "shopping"), nil)
	ann.Fails("lists.rename", renamed("Errands", "rev-ann1", "shopping"), framework.CodeConflict)
	ann.Fails("lists.rename", renamed("Town", "rev-ann2", "shopping", "rev-ann1"), framework.CodeConflict)
	ann.Call("lists.rename", renamed("Food", "rev-ann3", "shopping"), nil)
	ann.Call("lists.rename", renamed("Town", "rev-ann4", "rev-bob1"), nil)
	ann.Call("lists.rename", renamed("Town", "rev-ann4", "rev-bob1"), nil) // once more
	seen.Until(func(all map[string]List) bool { return all["shopping"].Name == "Town" })
}
