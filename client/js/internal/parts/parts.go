// Package parts says of what the built parts of the JavaScript client are made. The builder and the test that finds stale parts share it.
package parts

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Part is one script that is minified by itself. Its files' names are relative to the repository's root.
type Part struct {
	Name  string // the script declares sojourn_<Name>
	Entry string // the module that is bundled; its export is named Name
	Built string // the result
	from  string // all that it is bundled from: patterns
}

// Core is what every client needs.
var Core = Part{"connect", "client/js/src/client.js", "client/js/dist/core.min.js", "client/js/src/*.js"}

// App joins services' client halves to a client.
var App = Part{"join", "client/js/src/app.js", "client/js/dist/app.min.js", "client/js/src/app.js"}

// Discover asks what services a server has.
var Discover = Part{"discover", "client/js/src/discover.js", "client/js/dist/discover.min.js", "client/js/src/discover.js"}

// All are all parts.
var All = slices.Concat([]Part{Core, App, Discover}, Transports, Guests)

// Transports are the JavaScript halves of the transports.
var Transports = []Part{transport("ws"), transport("sse"), transport("longpoll"), transport("mock")}

// Guests are the JavaScript halves of transports that carry another protocol, by its own client: a page has them only if it imports them.
var Guests = []Part{guest("engineio"), guest("sockjs")}

// Whole is the package's main file: the core and the transports but mock, joined.
const Whole = "client/js/dist/client.js"

func transport(name string) Part {
	file := path.Join("transports", name, name)
	return Part{name, file + ".js", file + ".min.js", file + ".js"}
}

const guests = "client/js/src/guest.js" // what they have in common

func guest(name string) Part {
	p := transport(name)
	p.from += " " + guests
	return p
}

// Module is the name of the module, for npm, that exports what the script declares, by the part's name.
func (p Part) Module() string {
	return "client/js/dist/" + p.file() + ".js"
}

// Map is the name of the built part's source map. Its file is what [Cut] returns as the part's stamp: so it is told from that of another build.
func (p Part) Map() string {
	return "client/js/dist/" + p.file() + ".min.js.map"
}

func (p Part) file() string {
	switch p {
	case Core:
		return "core"
	case App:
		return "app"
	}
	return p.Name
}

// AsModule makes that module of the script.
func (p Part) AsModule(script []byte) []byte {
	_, text := Cut(script)
	return fmt.Appendf(nil, "%sexport{sojourn_%s as %s}\n", text, p.Name, p.Name)
}

// Stamp returns the first line of the built part, which names its sources' digest.
func (p Part) Stamp(root fs.FS) ([]byte, error) {
	var names []string
	for pattern := range strings.FieldsSeq(p.from) {
		some, err := fs.Glob(root, pattern) // sorted
		if err != nil {
			return nil, err
		}
		names = append(names, some...)
	}
	digest := sha256.New()
	for _, name := range names {
		if p == Core && (name == App.Entry || name == Discover.Entry || name == guests) {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(digest, "%s %d\n", name, len(text))
		digest.Write(text)
	}
	return fmt.Appendf(nil, "%s %s sha256:%x\n", mark, p.Name, digest.Sum(nil)), nil
}

// mark begins the first line of a built part.
const mark = "//sojourn"
