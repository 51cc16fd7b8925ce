package main

import (
	"testing"

	"github.com/sojourn-go/sojourn/internal/nodetest"
)

// What the page does without a document is tested in Node: test/*.js.
func TestNode(t *testing.T) {
	nodetest.Run(t, "test/*.js", "items/*.js", "page/*.js", "../../client/js/src/*.js", "../../client/js/harness/*.js")
}
