package measure

import (
	"context"
	"errors"
	"os"

	"github.com/sojourn-go/sojourn/bench/internal/peers"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

// Server is a server with the way in which it is spoken to.
type Server struct {
	Name    string   // in tables
	Command []string // that starts it
	Dialect string
	Redis   bool // it has a Redis, fresh for each run, whose URL is given to it as -redis
	Apart   bool // what is published goes to an instance of its own, with the same Redis, to which no client connects
	Bare    bool // it is no server: it does what a generator does, to the Redis itself, whose URL is its address
}

// serverProcess is a server that runs, by one process or more; or by none, for one that is bare.
type serverProcess struct {
	children  []*child
	addresses []string          // where clients connect
	publish   string            // where what is published goes
	redis     *redistest.Server // nil: it has none
	dir       string            // of its Redis
}

// start starts so many instances, and one more if it is apart.
func (s Server) start(instances int) (*serverProcess, error) {
	p := &serverProcess{}
	if err := s.startOn(p, instances); err != nil {
		return nil, errors.Join(err, p.end())
	}
	return p, nil
}

func (s Server) startOn(p *serverProcess, instances int) (err error) {
	command := s.Command[:len(s.Command):len(s.Command)]
	if s.Redis {
		if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
			return err
		}
		if p.redis, err = redistest.StartServer(context.Background(), p.dir); err != nil {
			return err
		}
		command = append(command, "-redis", p.redis.URL())
	}
	if s.Bare {
		p.addresses = []string{p.redis.URL()}
		return nil
	}
	for len(p.addresses) < instances {
		address, err := p.add(command)
		if err != nil {
			return err
		}
		p.addresses = append(p.addresses, address)
	}
	p.publish = p.addresses[0]
	if s.Apart {
		p.publish, err = p.add(command)
	}
	return err
}

// add starts one more process, and returns where it listens.
func (p *serverProcess) add(command []string) (address string, err error) {
	c, err := start(command...)
	if err != nil {
		return "", err
	}
	p.children = append(p.children, c)
	var said struct{ Address string }
	err = c.read(&said)
	return said.Address, err
}

// end has the server end, and its Redis.
func (p *serverProcess) end() (err error) {
	for _, c := range p.children {
		err = errors.Join(err, c.end())
	}
	if p.redis != nil {
		p.redis.Stop()
	}
	if p.dir != "" {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return err
}

// figures asks the server what it knows of itself, all its processes together: "figures", or "collect", after a collection of garbage.
func (p *serverProcess) figures(line string) (sum peers.Figures, err error) {
	for _, c := range p.children {
		var f peers.Figures
		if err := c.ask(line, &f); err != nil {
			return sum, err
		}
		sum.CPU += f.CPU
		sum.Mallocs += f.Mallocs
		sum.Bytes += f.Bytes
		sum.Goroutines += f.Goroutines
		sum.Reads += f.Reads
	}
	return sum, nil
}

// cpu is the processor time that it has used so far, with its Redis, in seconds.
func (p *serverProcess) cpu() (sum float64) {
	for _, c := range p.children {
		sum += c.pid().cpu()
	}
	return sum + p.store().cpu()
}

// resident is how much memory it has, without its Redis, in bytes.
func (p *serverProcess) resident() (sum int) {
	for _, c := range p.children {
		sum += c.pid().resident()
	}
	return sum
}

// store is the process of its Redis; 0, of which nothing is known, if it has none.
func (p *serverProcess) store() pid {
	if p.redis == nil {
		return 0
	}
	return pid(p.redis.PID())
}
