package main

import (
	"slices"

	"github.com/sojourn-go/sojourn/framework"
)

// List is a list of things to do.
type List struct {
	Name string `json:"name"`
	Rev  string `json:"rev"`  // names the name, as an item's does its text
	Made int64  `json:"made"` // milliseconds since 1970: lists stand in the order of it
}

// ListRef names a list.
type ListRef struct {
	List string `json:"list"`
}

// Creating is a new list. As an item's, its id is of the page's own making.
type Creating struct {
	ListRef
	Name string `json:"name"`
}

// Renaming gives a list another name, if it still has one of those that were seen: as an Edit.
type Renaming struct {
	ListRef
	Seen []string `json:"seen"`
	Rev  string   `json:"rev"`
	Name string   `json:"name"`
}

// all are the lists, by their ids. Everybody who has logged in sees them, so there is one key.
var all = &framework.Map[List]{Name: "lists", Max: 100, Subscribe: framework.Anyone}

const (
	everybody = "all"
	maxName   = 40
)

var lists = framework.Service{
	Name: "lists",
	Methods: framework.Methods{
		"create": framework.Event(create),
		"rename": framework.Event(rename),
		"remove": framework.Event(removeList),
	},
	Topics: []framework.Stream{all},
}

func create(t *framework.Turn, in Creating) error {
	name, err := checkLength(in.Name, maxName)
	if err != nil {
		return err
	}
	if err := checkID(in.List); err != nil {
		return err
	}
	others, err := all.All(t, everybody)
	if err != nil {
		return err
	}
	if len(others) >= all.Max {
		return framework.Errorf(framework.CodeFull, "there are %d lists already, and no place for more", all.Max)
	}
	return all.Update(t, everybody, in.List, func(l *List) error {
		if l.Made > 0 {
			return framework.Errorf(framework.CodeConflict, "there is such a list already")
		}
		*l = List{Name: name, Rev: in.List, Made: t.Now().UnixMilli()}
		return nil
	})
}

func rename(t *framework.Turn, in Renaming) error {
	name, err := checkLength(in.Name, maxName)
	if err != nil {
		return err
	}
	if err := checkID(in.Rev); err != nil {
		return err
	}
	return all.Update(t, everybody, in.List, func(l *List) error {
		if l.Made == 0 {
			return framework.Errorf(framework.CodeNotFound, "the list is not there any more")
		}
		if l.Name == name {
			return nil
		}
		if !slices.Contains(in.Seen, l.Rev) {
			return framework.Errorf(framework.CodeConflict, "the list was renamed meanwhile")
		}
		l.Name, l.Rev = name, in.Rev
		return nil
	})
}

// removeList removes a list that has nothing left to do in it.
func removeList(t *framework.Turn, in ListRef) error {
	items, err := todos.All(t, in.List)
	if err != nil {
		return err
	}
	for id, i := range items {
		if !i.Done && !i.Gone {
			return framework.Errorf(framework.CodeConflict, "%s is still to do", quoted(i.Text))
		}
		if err := todos.Delete(t, in.List, id); err != nil {
			return err
		}
	}
	if err := forgetNever(t, in.List); err != nil {
		return err
	}
	return all.Delete(t, everybody, in.List)
}
