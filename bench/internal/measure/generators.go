package measure

import (
	"encoding/json"
	"errors"
	"syscall"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// generators are processes that share connections which only stay: more than one where one may not have so many files.
type generators []*child

// spare is how many files a process may need for other things than connections.
const spare = 200

// mostFiles is how many files a process may have: the hard limit, to which Go raises its own.
func mostFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max > 1<<30 {
		return 1 << 30
	}
	return int(limit.Max)
}

// processesFor is how many processes so many connections need, at each end.
func processesFor(connections int) int { return split(connections, max(1, mostFiles()-spare)) }

func split(connections, most int) int { return max(1, (connections+most-1)/most) }

// share is how many of the connections a process has.
func share(connections, processes, i int) int {
	return connections/processes + min(1, max(0, connections%processes-i))
}

// startGenerators starts them, and returns when all connections stand. Those that were started are returned with an error, too.
func startGenerators(command []string, spec generate.Spec, processes int) (all generators, err error) {
	connections := spec.Connections
	for i := range processes {
		g, err := start(command...)
		if err != nil {
			return all, err
		}
		all = append(all, g)
		spec.Connections = share(connections, processes, i)
		if err := json.NewEncoder(g.in).Encode(spec); err != nil {
			return all, g.failed(err)
		}
	}
	for _, g := range all {
		if _, err := g.expect("open"); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (all generators) end() (err error) {
	for _, g := range all {
		err = errors.Join(err, g.end())
	}
	return err
}
