// Package js holds the JavaScript client, built, and joins it with the transports that a server has into the one module that
// pages import:
//
//	import { connect } from '/rt/client.js'
//
// The sources are the ES modules in src, and beside each transport. What is built from them (see build) is committed, so that a Go program
// needs no JavaScript tools.
package js

import (
	_ "embed"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
)

//go:embed dist/core.min.js
var core []byte

// Part is the JavaScript half of one transport.
type Part struct {
	// Name is the transport's name. Characters that a JavaScript identifier cannot have count as '_' below.
	Name string
	// Script declares a variable sojourn_<Name> that is the transport, as client/js/src/transport.js describes one, and nothing else. Empty:
	// the transport has no JavaScript half, and is left out.
	Script []byte
}

// Join returns an ES module that exports connect, with the transports to try by default: the parts, in their order. The result is
// the same for the same parts, text in UTF-8 to be served as text/javascript.
func Join(transports ...Part) []byte {
	var scripts []parts.Script
	for _, t := range transports {
		if len(t.Script) > 0 {
			scripts = append(scripts, parts.Script{Name: t.Name, Text: t.Script})
		}
	}
	return parts.Join(core, scripts)
}
