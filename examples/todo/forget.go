package main

import (
	"cmp"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

// timers are those of the lists from which something was removed. A list has one, for what is due first: a socket may have only so many
// (framework.Limits.Pending), and somebody may remove more items than that.
var timers = &framework.State[string]{Name: "~timers", Subscribe: framework.Nobody}

// forgetting is a function since a timer that is set again by itself cannot be a variable.
func forgetting() *framework.Timed[ListRef] { return framework.Timer("forgetting", forget) }

// forgetLater sees to it that what was removed from a list is let go, from after a time on.
func forgetLater(t *framework.Turn, list string, after time.Duration) error {
	return timers.Update(t, list, func(timer *string) (err error) {
		if *timer == "" {
			*timer, err = t.After(after, forgetting().With(ListRef{list}))
		}
		return err
	})
}

// forgetNever ends that, for a list that goes as a whole.
func forgetNever(t *framework.Turn, list string) error {
	return timers.Update(t, list, func(timer *string) (err error) {
		if *timer != "" {
			err = t.Cancel(*timer)
			*timer = ""
		}
		return err
	})
}

// forget lets go what was removed from a list long enough ago, and comes again for the rest.
func forget(t *framework.Turn, in ListRef) error {
	if err := timers.Update(t, in.List, func(timer *string) error { *timer = ""; return nil }); err != nil {
		return err
	}
	items, err := todos.All(t, in.List)
	if err != nil {
		return err
	}
	now := t.Now().UnixMilli()
	next := int64(0)
	for id, i := range items {
		if !i.Gone {
			continue
		}
		if i.Until > now {
			next = min(cmp.Or(next, i.Until), i.Until)
		} else if err := todos.Delete(t, in.List, id); err != nil {
			return err
		}
	}
	if next == 0 {
		return nil
	}
	return forgetLater(t, in.List, time.Duration(next-now)*time.Millisecond)
}
