package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/sojourn/e2e/balancer"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

const (
	chatPackage = "github.com/sojourn-go/sojourn/examples/chat"
	startTime   = 10 * time.Second
)

// cluster is instances of the chat that share a Redis, behind a balancer.
type cluster struct {
	URL string // of the balancer

	dir    string
	binary string
	redis  *redistest.Server
	lb     *balancer.Balancer
	front  *http.Server
	died   func(string) // an instance ended by itself
	number atomic.Int32 // of instances so far

	mu      sync.Mutex
	running []*instance
	starts  sync.WaitGroup
}

// instance is one process.
type instance struct {
	cmd     *exec.Cmd
	addr    string
	log     string
	stopped atomic.Bool
	ended   chan struct{}
}

// newCluster builds the chat and starts it, n times, with all that it needs. Whatever the error, the cluster is to be stopped.
func newCluster(ctx context.Context, addr string, n int, died func(string)) (*cluster, error) {
	c := &cluster{died: died, lb: balancer.New("/rt/ready")}
	var err error
	if c.dir, err = os.MkdirTemp("", "sojourn-demo-"); err != nil {
		return c, err
	}
	c.binary = filepath.Join(c.dir, "chat")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", c.binary, chatPackage).CombinedOutput(); err != nil {
		return c, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if c.redis, err = redistest.StartServer(ctx, c.dir); err != nil {
		return c, err
	}
	for range n {
		if err := c.add(ctx); err != nil {
			return c, err
		}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return c, err
	}
	c.URL = "http://" + ln.Addr().String()
	c.front = &http.Server{Handler: c.lb, ReadHeaderTimeout: 10 * time.Second}
	go c.front.Serve(ln)
	return c, nil
}

// stop ends all processes.
func (c *cluster) stop() {
	c.starts.Wait()
	if c.front != nil {
		c.front.Close()
	}
	c.lb.Close()
	for _, i := range c.running {
		i.kill()
	}
	if c.redis != nil {
		c.redis.Stop()
	}
	if c.dir != "" {
		os.RemoveAll(c.dir)
	}
}

// kill kills the oldest instance, and starts another one meanwhile. The balancer finds out by itself.
func (c *cluster) kill(ctx context.Context) {
	c.mu.Lock()
	i := c.running[0]
	c.running = c.running[1:]
	c.mu.Unlock()
	i.kill()
	c.starts.Go(func() {
		if err := c.add(ctx); err != nil && ctx.Err() == nil {
			c.died(err.Error())
		}
		c.lb.Remove(i.addr)
	})
}

// add starts an instance and gives it to the balancer when it is ready.
func (c *cluster) add(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	// Between the look for a free port and its use somebody else may take it: then another one.
	for {
		i, err := c.start()
		if err != nil {
			return err
		}
		if err = i.ready(ctx); err == nil {
			c.mu.Lock()
			c.running = append(c.running, i)
			c.mu.Unlock()
			c.lb.Add(i.addr)
			go func() {
				if <-i.ended; !i.stopped.Load() {
					log, _ := os.ReadFile(i.log)
					c.died(fmt.Sprintf("instance %d ended by itself: %.2000s", i.cmd.Process.Pid, log))
				}
			}()
			return nil
		}
		i.kill()
		if ctx.Err() != nil {
			log, _ := os.ReadFile(i.log)
			return fmt.Errorf("an instance was not ready: %w\n%.2000s", err, log)
		}
	}
}

func (c *cluster) start() (*instance, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{addr: ln.Addr().String(), ended: make(chan struct{})}
	ln.Close()
	i.log = filepath.Join(c.dir, fmt.Sprintf("chat-%d.log", c.number.Add(1)))
	log, err := os.Create(i.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	i.cmd = exec.Command(c.binary, "-addr", i.addr, "-store", c.redis.URL(), "-demo")
	i.cmd.Env = append(os.Environ(), "PORT=")
	i.cmd.Stdout, i.cmd.Stderr = log, log
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		i.cmd.Wait()
		close(i.ended)
	}()
	return i, nil
}

// ready waits until the instance is.
func (i *instance) ready(ctx context.Context) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.addr+"/rt/ready", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-i.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// kill ends the process as a power cut would.
func (i *instance) kill() {
	i.stopped.Store(true)
	i.cmd.Process.Kill()
	<-i.ended
}
