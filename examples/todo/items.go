package main

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// Item is one thing to do.
type Item struct {
	Text string  `json:"text"`
	Rev  string  `json:"rev"` // names the text: of the page's own making, and at first the item's id
	Done bool    `json:"done"`
	Pos  float64 `json:"pos"`            // items of a list stand in the order of it
	By   string  `json:"by"`             // who changed it last
	Gone bool    `json:"gone,omitempty"` // it was removed, and can be brought back

	Until int64 `json:"until,omitempty"` // milliseconds since 1970: then it is let go for good; 0 unless it is gone
}

// Ref names an item.
type Ref struct {
	List string `json:"list"`
	ID   string `json:"id"`
}

// Adding is a new item. Its id is of the page's own making, so that the page can go on with the item before the server has heard of it.
type Adding struct {
	Ref
	Text string `json:"text"`
}

// Edit gives an item another text, if it still has one of those that were edited. They are several where the page goes on before it has heard of its
// edits: which of them took effect it need not know.
type Edit struct {
	Ref
	Seen []string `json:"seen"` // the revs of the texts whose place it takes
	Rev  string   `json:"rev"`  // its own: nobody can guess it, so nobody who has not seen the text can edit it
	Text string   `json:"text"`
}

// Removing removes an item, if it still has the text that was seen: who has not read what somebody else has made of it does not throw it away.
type Removing struct {
	Ref
	Rev string `json:"rev"`
}

// Tick says whether an item is done.
type Tick struct {
	Ref
	Done bool `json:"done"`
}

// Move puts an item before another one.
type Move struct {
	Ref
	Before string `json:"before"` // its id; if there is none such, the item becomes the last one
}

// todos are the items of each list, by their ids. Two people who change two items do not get in each other's way. There are no more in a list than one
// turn can change (framework.Limits.Effects): a move may give all of them new places, and a list goes with all that is in it.
var todos = &framework.Map[Item]{Name: "todos", Max: 200, Subscribe: framework.Anyone}

var items = framework.Service{
	Name: "items",
	Methods: framework.Methods{
		"add":     framework.Event(add),
		"edit":    framework.Event(edit),
		"tick":    framework.Event(tick),
		"move":    framework.Event(move),
		"remove":  framework.Event(remove),
		"restore": framework.Event(restore),
	},
	Topics:        []framework.Stream{todos},
	Continuations: []framework.Continuation{forgetting()},
}

const (
	maxText = 500
	undo    = 10 * time.Minute // for so long a removed item can be brought back
)

var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{8,40}$`)

// add adds an item at the end of its list.
func add(t *framework.Turn, in Adding) error {
	text, err := checkLength(in.Text, maxText)
	if err != nil {
		return err
	}
	if err := checkID(in.ID); err != nil {
		return err
	}
	if _, ok, err := all.Get(t, everybody, in.List); err != nil || !ok {
		return cmp.Or(err, error(framework.Errorf(framework.CodeNotFound, "there is no such list any more")))
	}
	others, err := todos.All(t, in.List)
	if err != nil {
		return err
	}
	if len(others) >= todos.Max {
		return framework.Errorf(framework.CodeFull, "a list has at most %d items, and those that were removed count for ten minutes more", todos.Max)
	}
	return todos.Update(t, in.List, in.ID, func(i *Item) error {
		if i.Rev != "" {
			return framework.Errorf(framework.CodeConflict, "there is such an item already")
		}
		*i = Item{Text: text, Rev: in.ID, Pos: last(others) + 1, By: t.User().Name}
		return nil
	})
}

// edit changes an item's text. Who has edited what is not there any more is told, and nothing is overwritten. What it shall be it may be already: the same
// was said before, by a page that did not hear the answer, or by somebody else.
func edit(t *framework.Turn, in Edit) error {
	text, err := checkLength(in.Text, maxText)
	if err != nil {
		return err
	}
	if err := checkID(in.Rev); err != nil {
		return err
	}
	return change(t, in.Ref, func(i *Item) error {
		if i.Text == text {
			return nil
		}
		if !slices.Contains(in.Seen, i.Rev) {
			return framework.Errorf(framework.CodeConflict, "%s has changed it meanwhile", isolated(i.By))
		}
		i.Text, i.Rev = text, in.Rev
		return nil
	})
}

func tick(t *framework.Turn, in Tick) error {
	return change(t, in.Ref, func(i *Item) error { i.Done = in.Done; return nil })
}

// remove hides an item, and lets it go for good after a while.
func remove(t *framework.Turn, in Removing) error {
	if err := change(t, in.Ref, func(i *Item) error {
		if i.Rev != in.Rev {
			return framework.Errorf(framework.CodeConflict, "%s has changed it meanwhile", isolated(i.By))
		}
		i.Gone, i.Until = true, t.Now().Add(undo).UnixMilli()
		return nil
	}); err != nil {
		return err
	}
	return forgetLater(t, in.List, undo)
}

// restore brings a removed item back.
func restore(t *framework.Turn, in Ref) error {
	return set(t, in, func(i *Item) error {
		i.Gone, i.Until = false, 0
		return nil
	})
}

// move puts an item between two others: at half the way from one to the other. When there is no way left all are given new places.
func move(t *framework.Turn, in Move) error {
	others, err := todos.All(t, in.List)
	if err != nil {
		return err
	}
	delete(others, in.ID)
	order := sorted(others)
	at := slices.Index(order, in.Before)
	if at < 0 {
		at = len(order)
	}
	below, above := 0.0, last(others)+2
	if at > 0 {
		below = others[order[at-1]].Pos
	}
	if at < len(order) {
		above = others[order[at]].Pos
	}
	pos := (below + above) / 2
	if pos > below && pos < above {
		return change(t, in.Ref, func(i *Item) error { i.Pos = pos; return nil })
	}
	for n, id := range slices.Insert(order, at, in.ID) {
		if err := set(t, Ref{in.List, id}, func(i *Item) error { i.Pos = float64(n + 1); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// change changes an item that is there, and says who did.
func change(t *framework.Turn, at Ref, f func(*Item) error) error {
	return set(t, at, func(i *Item) error {
		if i.Gone {
			return framework.Errorf(framework.CodeNotFound, "%s has removed it", isolated(i.By))
		}
		if err := f(i); err != nil {
			return err
		}
		i.By = t.User().Name
		return nil
	})
}

func set(t *framework.Turn, at Ref, f func(*Item) error) error {
	return todos.Update(t, at.List, at.ID, func(i *Item) error {
		if i.Rev == "" {
			return framework.Errorf(framework.CodeNotFound, "it is not there any more")
		}
		return f(i)
	})
}

// sorted returns the items' ids in their order.
func sorted(items map[string]Item) []string {
	ids := make([]string, 0, len(items))
	for id := range items {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(items[a].Pos, items[b].Pos), cmp.Compare(a, b))
	})
	return ids
}

func last(items map[string]Item) float64 {
	pos := 0.0
	for _, i := range items {
		pos = max(pos, i.Pos)
	}
	return pos
}

func checkID(id string) error {
	if !validID.MatchString(id) {
		return framework.Errorf(framework.CodeInvalid, "not an id: %q", id)
	}
	return nil
}
