package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

// Guests are clients of protocols that were made elsewhere, as npm has them.

// clients is a folder that has what e2e/clients has, and what its package.json wants.
var clients = sync.OnceValues(func() (string, error) {
	dir, err := binaryDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "clients")
	if err := os.CopyFS(dir, os.DirFS("clients")); err != nil {
		return "", err
	}
	npm := exec.Command("npm", "ci", "--prefix", dir, "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm cannot install the clients here: %w\n%s", err, out)
	}
	return dir, nil
})

// guestClient returns a command that runs a script of e2e/clients.
func guestClient(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	node := nodetest.Find(t)
	dir, err := clients()
	if err != nil {
		missing(t, err.Error())
	}
	cmd := exec.CommandContext(t.Context(), node, args...)
	cmd.Dir = dir
	return cmd
}

var echoserver = built("echoserver", "e2e/echoserver")

// echoes are echo servers behind a balancer.
type echoes struct {
	*cluster
	args []string
}

// startEchoes starts some, and the front that they are reached through, if any.
func startEchoes(t *testing.T, n int, store string, front func(http.Handler) http.Handler, args ...string) *echoes {
	t.Helper()
	e := &echoes{start(t, echoserver, store, 0, front), args}
	for range n {
		e.add()
	}
	return e
}

// add starts another one.
func (e *echoes) add() {
	e.t.Helper()
	path, err := e.binary()
	if err != nil {
		e.t.Fatal(err)
	}
	for range 5 { // as cluster.add
		var ln net.Listener
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			break
		}
		addr := ln.Addr().String()
		ln.Close()
		var i *instance
		if i, err = launch(e.t, addr, exec.Command(path, append([]string{"-engineio", addr, "-sockjs", addr, "-store", e.Store}, e.args...)...)); err == nil {
			e.running = append(e.running, i)
			e.lb.Add(i.addr)
			return
		}
	}
	e.t.Fatal(err)
}

// The clients that the world has find an echo server as they expect it, be it one instance or three.
func TestOfficialClients(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		n     int
		store func(*testing.T) string
	}{
		{"an instance", 1, func(*testing.T) string { return "memory" }},
		{"three instances", 3, func(t *testing.T) string { return redistest.Start(t) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			nodetest.Find(t)
			// Heartbeats that come soon, and time for a machine that has others to run as well.
			c := startEchoes(t, test.n, test.store(t), nil, "-max-payload", "2000000",
				"-ping-interval", "200ms", "-ping-timeout", "30s", "-heartbeat-delay", "200ms", "-disconnect-delay", "30s")
			for _, protocol := range []string{"engineio", "sockjs"} {
				t.Run(protocol, func(t *testing.T) {
					cmd := guestClient(t, "--test", "--test-reporter=tap", protocol+".test.js")
					cmd.Env = append(os.Environ(), strings.ToUpper(protocol)+"="+c.URL)
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
		})
	}
}
