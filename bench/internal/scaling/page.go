package scaling

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/template"

	"github.com/sojourn-go/sojourn/bench/internal/report"
)

//go:embed scaling.md.tmpl
var text string

var page = template.Must(template.New("scaling.md").Funcs(template.FuncMap{
	"join":      func(all []string) string { return strings.Join(all, ", ") },
	"thousands": thousands,
	"micro":     func(seconds float64) string { return fmt.Sprintf("%.3g µs", seconds*1e6) },
	"percent":   func(part float64) string { return fmt.Sprintf("%.0f %%", part*100) },
	"bytes":     bytes,
	"price":     func(v float64) string { return "$" + strconv.FormatFloat(v, 'f', -1, 64) },
}).Parse(text))

// loads are what is worked out.
var loads = []Load{{Clients: 1000}, {Clients: 1000, Says: 1}, {Clients: 10_000}, {Clients: 10_000, Says: 1}}

// cells are how many the plan for more speaks of.
const cells = 8

// Write writes the page.
func Write(out io.Writer, have report.Results, p Prices) error {
	f, err := Read(have)
	if err != nil {
		return err
	}
	var bills []Bill
	for _, l := range loads {
		bills = append(bills, Of(f, p, l))
	}
	err = page.Execute(out, map[string]any{
		"Figures": f, "Prices": p, "Bills": bills, "Concurrency": concurrency, "BusyCPU": busyCPU, "BusyStore": busyStore, "MaxAge": maxAge, "Polling": bills[0].Polling,
		"Cells": cells, "CellTurns": cells * f.PlannedTurns(),
	})
	if err != nil {
		return fmt.Errorf("scaling: %w", err)
	}
	return nil
}

// thousands writes a number to two digits, with its thousands apart.
func thousands(v float64) string {
	unit := 1.
	for v/unit >= 100 {
		unit *= 10
	}
	n := int(v/unit+.5) * int(unit)
	var groups []string
	for ; n >= 1000; n /= 1000 {
		groups = append([]string{fmt.Sprintf("%03d", n%1000)}, groups...)
	}
	return strings.Join(append([]string{fmt.Sprint(n)}, groups...), ",")
}

// bytes writes an amount of memory.
func bytes(n float64) string {
	if n >= 1e6 {
		return fmt.Sprintf("%.3g MB", n/1e6)
	}
	return fmt.Sprintf("%.3g KB", n/1e3)
}
