package memory

import (
	"container/heap"
	"time"
)

// slot is a thing's place in an agenda. Its owner embeds it.
type slot struct {
	at    time.Duration
	in    *agenda
	index int // in the agenda, from 1; 0: it stands in none
	owner any
}

// agenda is a queue of things by the time at which something becomes of them: a heap.
type agenda []*slot

// set gives a slot its time, and enters it if need be, leaving any other agenda.
func (a *agenda) set(e *slot, at time.Duration) {
	if e.in != a && e.index != 0 {
		heap.Remove(e.in, e.index-1)
	}
	e.in, e.at = a, at
	if e.index == 0 {
		heap.Push(a, e)
	} else {
		heap.Fix(a, e.index-1)
	}
}

// leave takes a slot out of its agenda, if it stands in one.
func (e *slot) leave() {
	if e.index != 0 {
		heap.Remove(e.in, e.index-1)
	}
}

// take removes and returns the first slot if its time has come, else nil.
func (a *agenda) take(now time.Duration) *slot {
	if len(*a) == 0 || (*a)[0].at > now {
		return nil
	}
	return heap.Pop(a).(*slot)
}

// takeUpTo takes what is due, the longest due first.
func (a *agenda) takeUpTo(max int, now time.Duration) (due []*slot) {
	for len(due) < max {
		e := a.take(now)
		if e == nil {
			break
		}
		due = append(due, e)
	}
	return due
}

// The methods of heap.Interface.

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at }

func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i+1, j+1
}

func (a *agenda) Push(x any) {
	e := x.(*slot)
	*a = append(*a, e)
	e.index = len(*a)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	e.index = 0
	return e
}
