package main

import (
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// Entry is something that somebody wrote on a page.
type Entry struct {
	Page string `json:"page"`
	By   string `json:"by"`
	Text string `json:"text"`

	N     int    `json:"n,omitempty"`     // how much they have written on the page, with this
	Build string `json:"build,omitempty"` // that wrote it down
}

var (
	pages  = &framework.Topic[Entry]{Name: "page", Subscribe: framework.Anyone}
	counts = &framework.State[map[string]int]{Name: "count", Subscribe: framework.Anyone} // by page: entries of each writer

	mood = framework.Then("mood", func(t *framework.Turn, e Entry, answer string, err error) error {
		if e.Text = answer; err != nil {
			e.Text = framework.CodeOf(err)
		}
		_, err = write(t, e)
		return err
	})
)

// diary is what both builds know.
var diary = framework.Service{
	Name: "diary",
	Methods: framework.Methods{
		"write": framework.Call(write),
		"note": framework.Event(func(t *framework.Turn, text string) error {
			return t.Send(t.Socket(), "diary.noted", text)
		}),
		"ask": framework.Event(func(t *framework.Turn, e Entry) error {
			return t.Ask(t.Socket(), "diary.mood", e.Text, mood.With(e), time.Minute)
		}),
		"build": framework.Call(func(*framework.Turn, struct{}) (string, error) { return build, nil }).Volatile(),
	},
	Topics:        []framework.Stream{pages, counts},
	Continuations: []framework.Continuation{mood},
}

// write writes an entry down and returns its number, which tells when it was written twice.
func write(t *framework.Turn, e Entry) (int, error) {
	e.Build = build
	err := counts.Update(t, e.Page, func(all *map[string]int) error {
		if *all == nil {
			*all = map[string]int{}
		}
		(*all)[e.By]++
		e.N = (*all)[e.By]
		return nil
	})
	if err != nil {
		return 0, err
	}
	return e.N, pages.Publish(t, e.Page, e)
}
