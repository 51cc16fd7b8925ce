package main

import (
	"maps"
	"slices"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

var (
	strikes = &framework.Topic[Entry]{Name: "strikes", Subscribe: framework.Anyone}

	tomorrow = framework.Timer("tomorrow", strike)
	really   = framework.Then("really", func(t *framework.Turn, e Entry, answer string, err error) error {
		if e.Text += " " + answer; err != nil {
			e.Text += " " + framework.CodeOf(err)
		}
		return strike(t, e)
	})
)

// newer is a service with what only the second build knows.
func newer(s framework.Service) framework.Service {
	s.Methods = maps.Clone(s.Methods)
	s.Methods["strike"] = framework.Call(func(t *framework.Turn, e Entry) (int, error) {
		if err := strike(t, e); err != nil {
			return 0, err
		}
		return write(t, e)
	})
	s.Methods["plan"] = framework.Event(func(t *framework.Turn, e Entry) error {
		if _, err := t.After(time.Second, tomorrow.With(e)); err != nil {
			return err
		}
		return t.Ask(t.Socket(), "diary.really", e.Text, really.With(e), time.Minute)
	})
	s.Topics = append(slices.Clip(s.Topics), strikes)
	s.Continuations = append(slices.Clip(s.Continuations), tomorrow, really)
	return s
}

func strike(t *framework.Turn, e Entry) error {
	e.Build = build
	return strikes.Publish(t, e.Page, e)
}
