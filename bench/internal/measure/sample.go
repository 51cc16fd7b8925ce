package measure

import (
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// Sample is what was measured of one server in one round.
type Sample struct {
	generate.Result
	Connections int
	Instances   int     // that they went to
	Server      float64 // seconds of processor time that the server took while it was measured
	Store       float64 // that its Redis took
	Mallocs     float64 // its allocations meanwhile; 0: not known
	Garbage     float64 // bytes of them
	Goroutines  int     // that it had at the end; 0: not known
	Reads       int     // of topics' entries, from the store, meanwhile; only of servers that count them
	Memory      Growth  // of the server
	StoreMemory Growth  // of its Redis
	Foreign     float64 // part of the machine's processor time that went to processes other than ours meanwhile
}

// Growth is resident memory, in bytes, after collections of garbage: before there was a connection, or since connections are stuck; and at the end.
type Growth struct{ Before, After int }

// settle is how long a server is left alone with connections before its memory is read: what net/http does after them is done by then.
const settle = time.Second

// Run measures so many instances of a server once, by a generator of its own. The command is what starts the generator.
func Run(generator []string, s Server, instances int, spec generate.Spec) (sample Sample, err error) {
	processes := 1
	if spec.Work == generate.Hold {
		processes = processesFor(spec.Connections)
	}
	server, err := s.start(max(instances, processes))
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	spec.Addresses, spec.Publish, spec.Dialect = server.addresses, server.publish, s.Dialect
	sample.Connections, sample.Instances = spec.Connections, len(server.addresses)
	if _, err := server.figures("collect"); err != nil {
		return sample, err
	}
	sample.Memory.Before, sample.StoreMemory.Before = server.resident(), server.store().resident()
	if s.Bare {
		generator = s.Command
	}
	g, err := startGenerators(generator, spec, processes)
	defer func() { err = errors.Join(err, g.end()) }()
	if err != nil {
		return sample, err
	}
	if spec.Work == generate.Hold {
		return sample, sample.held(server)
	}
	return sample, sample.measured(server, g[0], spec.Stuck > 0)
}

// held reads the server's memory.
func (s *Sample) held(server *serverProcess) error {
	<-time.After(settle)
	f, err := server.figures("collect")
	s.Goroutines = f.Goroutines
	s.Memory.After, s.StoreMemory.After = server.resident(), server.store().resident()
	return err
}

// measured follows the generator through its measuring. Where connections are stuck the memory that matters is what it grows from then on.
func (s *Sample) measured(server *serverProcess, g *child, stuck bool) error {
	if _, err := g.expect("begin"); err != nil {
		return err
	}
	before, err := server.figures("figures")
	if err != nil {
		return err
	}
	store := server.store().cpu()
	ours := func() float64 { return server.cpu() + g.pid().cpu() + self() }
	machine, used := readMachine(), ours()
	if stuck {
		if _, err := g.expect("stuck"); err != nil {
			return err
		}
		if _, err := server.figures("collect"); err != nil {
			return err
		}
		s.Memory.Before, s.StoreMemory.Before = server.resident(), server.store().resident()
	}
	r, err := g.expect("end")
	if err != nil {
		return err
	}
	after, err := server.figures("figures")
	if err != nil {
		return err
	}
	s.Foreign = readMachine().foreign(machine, runtime.NumCPU(), ours()-used)
	s.Result = *r
	s.Server, s.Store, s.Goroutines = after.CPU-before.CPU, server.store().cpu()-store, after.Goroutines
	s.Reads = int(after.Reads - before.Reads)
	if len(server.children) == 0 { // it is bare
		s.Server = r.CPU
	}
	s.Mallocs, s.Garbage = float64(after.Mallocs-before.Mallocs), float64(after.Bytes-before.Bytes)
	_, err = server.figures("collect")
	s.Memory.After, s.StoreMemory.After = server.resident(), server.store().resident()
	if err == nil && stuck {
		err = s.caughtUp(g)
	}
	return err
}

// caughtUp has those read who were stuck, and takes what became of them.
func (s *Sample) caughtUp(g *child) error {
	if _, err := io.WriteString(g.in, generate.GoOn); err != nil {
		return g.failed(err)
	}
	r, err := g.expect("caught up")
	if err == nil {
		s.Late = r.Late
	}
	return err
}
