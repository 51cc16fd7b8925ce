package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/e2e/balancer"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

var binaryDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "sojourn-e2e-") }) // of the programs, once one is built

// binary is a program, which is built when it is first asked for.
type binary func() (path string, err error)

var (
	chat = built("chat", "examples/chat")
	todo = built("todo", "examples/todo")
)

// built is a package's binary.
func built(name, pkg string, flags ...string) binary {
	return sync.OnceValues(func() (string, error) {
		dir, err := binaryDir()
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, name)
		args := append([]string{"build", "-o", path}, append(flags, "github.com/sojourn-go/sojourn/"+pkg)...)
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
		return path, nil
	})
}

// cluster is instances of a program, each a process, behind a balancer that gives every request to the next of them.
type cluster struct {
	t      *testing.T
	binary binary
	URL    string   // where browsers find it
	Store  string   // what the instances' -store is
	args   []string // the instances' others
	lb     *balancer.Balancer

	running []*instance
}

// startChat starts a chat for a test: n instances with a store ("memory", or the URL of a Redis), and the front that browsers
// reach them through, if any.
func startChat(t *testing.T, store string, n int, front func(http.Handler) http.Handler) *cluster {
	t.Helper()
	return start(t, chat, store, n, front)
}

func start(t *testing.T, p binary, store string, n int, front func(http.Handler) http.Handler) *cluster {
	t.Helper()
	c := &cluster{t: t, binary: p, Store: store, lb: balancer.New("/rt/ready")}
	t.Cleanup(c.lb.Close)
	for range n {
		c.add()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = c.lb
	if front != nil {
		handler = front(handler)
	}
	c.URL = c.serve(ln, handler)
	return c
}

// serve serves browsers at a listener, until the test ends, and returns the URL.
func (c *cluster) serve(ln net.Listener, handler http.Handler) string {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	var served sync.WaitGroup
	served.Go(func() { server.Serve(ln) })
	c.t.Cleanup(func() {
		server.Close()
		served.Wait()
	})
	return "http://" + ln.Addr().String()
}

// redisChat is a chat of three instances with a Redis of their own.
func redisChat(t *testing.T, front func(http.Handler) http.Handler) *cluster {
	t.Helper()
	return startChat(t, redistest.Start(t), 3, front)
}

// memoryChat is a chat of one instance, which has its memory for a store.
func memoryChat(t *testing.T, front func(http.Handler) http.Handler) *cluster {
	t.Helper()
	return startChat(t, "memory", 1, front)
}

// add starts another instance.
func (c *cluster) add() *instance {
	c.t.Helper()
	// Between the look for a free port and its use somebody else may take it: then another one.
	var err error
	for range 5 {
		var i *instance
		if i, err = startInstance(c.t, c.binary, c.Store, c.args...); err == nil {
			c.running = append(c.running, i)
			c.lb.Add(i.addr)
			return i
		}
	}
	c.t.Fatal(err)
	return nil
}

// kill kills an instance, as a power cut would. The balancer finds out by itself.
func (c *cluster) kill(i *instance) {
	i.kill()
	c.running = slices.DeleteFunc(c.running, func(each *instance) bool { return each == i })
}

// instance is one process of a program.
type instance struct {
	addr  string
	cmd   *exec.Cmd
	log   bytes.Buffer  // to be read when ended is closed
	ended chan struct{} // closed when the process has ended
	err   error         // its exit status, then
}

// startInstance starts an instance at a free address: see launch.
func startInstance(t *testing.T, p binary, store string, args ...string) (*instance, error) {
	t.Helper()
	path, err := p()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	ln.Close()
	return launch(t, addr, exec.Command(path, append([]string{"-addr", addr, "-store", store}, args...)...))
}

// launch starts a program that listens at an address, and returns when it is ready. It ends with the test.
func launch(t *testing.T, addr string, cmd *exec.Cmd) (*instance, error) {
	t.Helper()
	i := &instance{addr: addr, cmd: cmd, ended: make(chan struct{})}
	i.cmd.Env = append(os.Environ(), "PORT=")
	i.cmd.Stdout, i.cmd.Stderr = &i.log, &i.log
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		i.err = i.cmd.Wait()
		close(i.ended)
	}()
	t.Cleanup(func() {
		i.kill()
		if t.Failed() {
			t.Logf("instance %s:\n%s", i.addr, i.log.String())
		}
	})
	return i, i.wait()
}

// wait returns when the instance is ready.
func (i *instance) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		if status, _ := i.ready(ctx); status == http.StatusOK {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-i.ended:
			return fmt.Errorf("an instance ended at its start: %w", i.err)
		case <-ctx.Done():
			return errors.New("an instance did not get ready")
		}
	}
}

// ready asks the instance itself whether it is, and returns the status of its answer.
func (i *instance) ready(ctx context.Context) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.addr+"/rt/ready", nil)
	if err != nil {
		return 0, err
	}
	r.Close = true // no connection is left over
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	response.Body.Close()
	return response.StatusCode, nil
}

// kill ends the process, if it runs, as a power cut would.
func (i *instance) kill() {
	i.cmd.Process.Kill()
	<-i.ended
}
