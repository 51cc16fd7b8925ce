// Package services_test tests the client halves of the services, where there is a Node.
package services_test

import (
	"testing"

	"github.com/sojourn-go/sojourn/internal/nodetest"
)

func TestClientHalves(t *testing.T) {
	nodetest.Run(t, "*/*.js", "../client/js/src/*.js", "../client/js/harness/*.js", "../client/js/dist/*.js", "../client/js/test/testing.js")
}
