// Package shop has types of which the tests write declarations.
package shop

import "time"

// Status is what becomes of an order.
type Status string

// A value that is said twice counts once, one that a conversion makes counts too.
const (
	Open    Status = "open"
	Done           = Status("done")
	Settled Status = "do" + "ne"
	quoted  Status = "it's"
)

// Zone has a constant whose value another package says.
type Zone string

// Local is that of time.
const (
	Home  Zone = "home"
	Local      = Zone(time.RFC3339)
)

// Free has no constants.
type Free string

// Untyped is a constant of no type of ours.
const Untyped = "untyped"

// Order is what somebody orders.
type Order struct {
	ID     string  `json:"id"`
	Status Status  `json:"status"`
	Zone   Zone    `json:"zone,omitempty"`
	Free   Free    `json:"free,omitempty"`
	Lines  []Line  `json:"lines"`
	Sum    float64 `json:"sum"`
}

// Line is one line of it.
type Line struct {
	What string  `json:"what"`
	Note *string `json:"note,omitempty"`
}
