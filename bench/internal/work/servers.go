package work

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
)

// speaker is a server with the dialect in which it is spoken to.
type speaker struct {
	peer    string // of package peers; "" for Node
	script  string // of Node, in bench/node
	dialect string
	redis   bool // it keeps what must last in a Redis
	apart   bool // what is published goes to an instance of its own, with the same Redis
	bare    bool // no server: package bare
}

// nodes are the packages of Node's servers, and how they are used.
var nodes = map[string]Description{
	"ws.js":             {Module: "ws", Does: "its defaults; one send for each who follows"},
	"socketio.js":       {Module: "socket.io", Does: "its defaults, over a WebSocket from the start; calls are acknowledged events, who follows is in a room"},
	"socketio-redis.js": {Module: "@socket.io/redis-adapter", Does: "socketio, with its Redis adapter between instances, by ioredis; keeps nothing"},
}

// Description says what a server of the tables is.
type Description struct {
	Name   string
	Module string // or package, whose version matters; "" for none
	Does   string // how it is used
}

// speakers are the servers of the tables, by the names that these have for them. Of ours, a name that says no more has numbered calls
// and topics that keep.
var speakers = map[string]speaker{
	"raw":       {peer: "raw", dialect: "raw"},
	"raw-chan":  {peer: "raw-chan", dialect: "raw"},
	"echo":      {peer: "echo", dialect: "raw"},
	"gws":       {peer: "gws", dialect: "raw"},
	"melody":    {peer: "melody", dialect: "raw"},
	"sockjs-go": {peer: "sockjs-go", dialect: "sockjs"},
	"node-ws":   {script: "ws.js", dialect: "raw"},
	"socketio":  {script: "socketio.js", dialect: "socketio"},

	"sse":       {peer: "sse", dialect: "sse"},
	"echo-sse":  {peer: "echo-sse", dialect: "sse"},
	"r3labs":    {peer: "r3labs", dialect: "sse"},
	"poll":      {peer: "poll", dialect: "poll"},
	"echo-poll": {peer: "echo-poll", dialect: "poll"},

	"sockjs-go-poll": {peer: "sockjs-go", dialect: "sockjs-poll"},

	"sojourn":               {peer: "sojourn", dialect: "sojourn-once"},
	"sojourn-volatile":      {peer: "sojourn-volatile", dialect: "sojourn-volatile"},
	"sojourn-sse":           {peer: "sojourn", dialect: "sojourn-sse"},
	"sojourn-sse-volatile":  {peer: "sojourn-volatile", dialect: "sojourn-sse"},
	"sojourn-redis":         {peer: "sojourn-redis", dialect: "sojourn-once", redis: true},
	"sojourn-redis-sse":     {peer: "sojourn-redis", dialect: "sojourn-sse", redis: true},
	"sojourn-redis-pair":    {peer: "sojourn-redis", dialect: "sojourn-once", redis: true, apart: true},
	"socketio-redis":        {script: "socketio-redis.js", dialect: "socketio", redis: true, apart: true},
	"raw-redis":             {peer: "raw-redis", dialect: "raw", redis: true, apart: true},
	"commits":               {bare: true, redis: true, dialect: "raw"},
	"sojourn-counted":       {peer: "sojourn-counted", dialect: "sojourn-once"},
	"sojourn-redis-counted": {peer: "sojourn-redis-counted", dialect: "sojourn-once", redis: true, apart: true},
	"sojourn-stack":         {peer: "sojourn-stack", dialect: "sojourn-once"},
	"sojourn-poll":          {peer: "sojourn", dialect: "sojourn-poll"},
}

// Server returns the server of a name. The program is what starts this one: bench serve NAME.
func Server(program, name string) (measure.Server, error) {
	s, ok := speakers[name]
	why, missing := peers.Missing[name]
	switch {
	case missing:
		return measure.Server{}, fmt.Errorf("work: %s is %s", name, why)
	case !ok:
		return measure.Server{}, fmt.Errorf("work: there is no server %q, but %v", name, slices.Sorted(maps.Keys(speakers)))
	case s.script != "":
		return measure.Server{Name: name, Command: []string{"node", "--expose-gc", "node/" + s.script}, Dialect: s.dialect, Redis: s.redis, Apart: s.apart}, nil
	case s.bare:
		return measure.Server{Name: name, Command: []string{program, "commits"}, Redis: true, Bare: true}, nil
	}
	return measure.Server{Name: name, Command: []string{program, "serve", s.peer}, Dialect: s.dialect, Redis: s.redis, Apart: s.apart}, nil
}

// Describe describes servers.
func Describe(names []string) []Description {
	byPeer := map[string]Description{}
	for _, p := range peers.All() {
		byPeer[p.Name] = Description{Module: p.Module, Does: p.Does}
	}
	all := make([]Description, 0, len(names))
	for _, name := range names {
		s := speakers[name]
		d := nodes[s.script]
		if s.script == "" {
			d = byPeer[s.peer]
		}
		if s.bare {
			d.Does = "no server: package store/redis commits answers for as many callers"
		}
		d.Name = name
		all = append(all, d)
	}
	return all
}
