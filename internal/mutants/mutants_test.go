package main

import "testing"

// Whoever changes code that the table breaks hears of it at once, not when the breaks are next made.
func TestTheTableIsOfThisCode(t *testing.T) {
	for _, m := range mutants {
		if _, err := m.broken("../.."); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
