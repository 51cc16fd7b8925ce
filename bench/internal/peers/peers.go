// Package peers has the servers that are measured: ours, the least that one could be made of, and what people would pick instead. All do the same
// work: they echo what comes at /echo, and send what is posted to /publish to everybody who is at /news; some also what is posted to /publish/<topic> to those at
// /news/<topic>.
package peers

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Options are what a server may need.
type Options struct {
	Redis string // URL of a Redis, for those that keep something in one
}

// server is what a peer is made of.
type server struct {
	http.Handler                                    // of all paths but /publish
	publish      func([]byte) error                 // sends to all that follow; called by one goroutine. It may keep what it is given
	publishTo    func(topic string, b []byte) error // the same, to all that follow a topic; nil: there are no topics
	close        func()                             // may be nil
	reads        func() uint64                      // Figures.Reads; may be nil
}

// Peer is a server that can be measured.
type Peer struct {
	Name   string // as the program is told: "gws"
	Module string // whose version is reported; "" for the standard library and our own
	Does   string // how it is used here, in a few words
	make   func(Options) (server, error)
}

// Missing is why a peer is not measured, by its name: the table says so, rather than nothing.
var Missing = map[string]string{
	"centrifuge": "not measured: the module proxy does not have its module. Its file would be centrifuge.go, in the dialect of its JSON protocol",
}

var peers = map[string]Peer{}

// All returns the servers of this program, by name.
func All() []Peer {
	return slices.SortedFunc(maps.Values(peers), func(a, b Peer) int { return cmp.Compare(a.Name, b.Name) })
}

// register has a name stand for a server.
func register(p Peer) bool {
	peers[p.Name] = p
	return true
}

// find returns the server of a name.
func find(name string) (Peer, error) {
	if p, ok := peers[name]; ok {
		return p, nil
	}
	return Peer{}, fmt.Errorf("peers: there is no server %q, but %v", name, slices.Sorted(maps.Keys(peers)))
}
