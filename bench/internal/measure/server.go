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
}

// serverProcess is a server that runs.
type serverProcess struct {
	*child
	address string
	redis   *redistest.Server // nil: it has none
	dir     string            // of its Redis
}

func (s Server) start() (*serverProcess, error) {
	p := &serverProcess{}
	command := s.Command
	if s.Redis {
		var err error
		if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
			return nil, err
		}
		if p.redis, err = redistest.StartServer(context.Background(), p.dir); err != nil {
			return nil, errors.Join(err, os.RemoveAll(p.dir))
		}
		command = append(command[:len(command):len(command)], "-redis", p.redis.URL())
	}
	var err error
	if p.child, err = start(command...); err != nil {
		return nil, errors.Join(err, p.endRedis())
	}
	var said struct{ Address string }
	if err := p.read(&said); err != nil {
		return nil, errors.Join(err, p.end())
	}
	p.address = said.Address
	return p, nil
}

// end has the server end, and its Redis.
func (p *serverProcess) end() error { return errors.Join(p.child.end(), p.endRedis()) }

func (p *serverProcess) endRedis() error {
	if p.redis == nil {
		return nil
	}
	p.redis.Stop()
	return os.RemoveAll(p.dir)
}

// figures asks the server what it knows of itself: "figures", or "collect", after a collection of garbage.
func (p *serverProcess) figures(line string) (f peers.Figures, err error) { return f, p.ask(line, &f) }

// store is the process of its Redis; 0, of which nothing is known, if it has none.
func (p *serverProcess) store() pid {
	if p.redis == nil {
		return 0
	}
	return pid(p.redis.PID())
}
