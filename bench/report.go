package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/report"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Where results are kept, and where the report is written, from here.
const results = "results"

var docs = filepath.Join("..", "docs")

// measureAll measures some works, or all, keeps each result, and writes the report from all that are kept. A case that could not be measured stays as it was.
func measureAll(names []string) error {
	works := work.All
	if len(names) > 0 {
		works = nil
	}
	for _, name := range names {
		w, err := work.Find(name)
		if err != nil {
			return err
		}
		works = append(works, w)
	}
	var failed error
	for _, w := range works {
		for _, c := range w.Cases {
			fmt.Fprintf(os.Stderr, "%s %s, %s\n", w.Name, w.Title, c.Name)
			r := report.Result{Work: w.Name, Case: c.Name, When: time.Now(), Machine: measure.ThisMachine(), Versions: report.Versions("node"), Spec: c.Spec}
			var err error
			if r.Series, err = measureCase(c, c.Servers, work.Rounds, false); err == nil {
				err = report.Save(results, r)
			}
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s %s: %w", w.Name, c.Name, err))
			}
		}
	}
	return errors.Join(failed, report.Write(docs, results))
}
