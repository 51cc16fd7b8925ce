package main

import (
	"flag"
	"testing"

	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/internal/tsc"
)

var update = flag.Bool("update", false, "write types.d.ts")

// The page's types are those of the services.
func TestTypes(t *testing.T) {
	if err := typescript.Check("types.d.ts", *update, services(embedded)...); err != nil {
		t.Error(err)
	}
}

// The page and the items' half are right under them.
func TestThePageFitsTheServices(t *testing.T) {
	if out, ok := tsc.Run(t, ".", "-p", ".", "--pretty", "false"); !ok {
		t.Error(out)
	}
}
