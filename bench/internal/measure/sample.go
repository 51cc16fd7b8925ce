package measure

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
)

// Server is a server with the way in which it is spoken to.
type Server struct {
	Name    string   // in tables
	Command []string // that starts it
	Dialect string
}

// Sample is what was measured of one server in one round.
type Sample struct {
	generate.Result
	Connections int
	Server      float64 // seconds of processor time that the server took while it was measured
	Mallocs     float64 // its allocations meanwhile; 0: not known
	Garbage     float64 // bytes of them
	Goroutines  int     // that it had at the end; 0: not known
	Before      int     // bytes of memory that it had, resident, before there was a connection ...
	Resident    int     // ... and with all connections, after a collection of garbage; only of work that holds them
	Foreign     float64 // part of the machine's processor time that went to processes other than ours meanwhile
}

// settle is how long a server is left alone with connections before its memory is read: what net/http does after them is done by then.
const settle = time.Second

// Run measures a server once, by a generator of its own. The command is what starts the generator.
func Run(generator []string, s Server, spec generate.Spec) (sample Sample, err error) {
	server, err := startServer(s.Command)
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	spec.Address, spec.Dialect = server.address, s.Dialect
	sample.Connections = spec.Connections
	if _, err := server.figures("collect"); err != nil {
		return sample, err
	}
	sample.Before = server.resident()
	g, err := start(generator...)
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, g.end()) }()
	if err := json.NewEncoder(g.in).Encode(spec); err != nil {
		return sample, err
	}
	if _, err := g.expect("open"); err != nil {
		return sample, err
	}
	if spec.Work == generate.Hold {
		return sample, sample.held(server)
	}
	return sample, sample.measured(server, g)
}

// held reads the server's memory.
func (s *Sample) held(server *serverProcess) error {
	<-time.After(settle)
	f, err := server.figures("collect")
	s.Resident, s.Goroutines = server.resident(), f.Goroutines
	return err
}

// measured follows the generator through its measuring.
func (s *Sample) measured(server *serverProcess, g *child) error {
	if _, err := g.expect("begin"); err != nil {
		return err
	}
	before, err := server.figures("figures")
	if err != nil {
		return err
	}
	machine, ours := busy(), server.cpu()+g.cpu()+self()
	r, err := g.expect("end")
	if err != nil {
		return err
	}
	var after peers.Figures
	if after, err = server.figures("figures"); err != nil {
		return err
	}
	passed := busy().since(machine)
	s.Result = *r
	s.Server, s.Goroutines = after.CPU-before.CPU, after.Goroutines
	s.Mallocs, s.Garbage = float64(after.Mallocs-before.Mallocs), float64(after.Bytes-before.Bytes)
	s.Foreign = max(0, passed.busy-(server.cpu()+g.cpu()+self()-ours)) / passed.whole
	return nil
}
