package redistest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// alive tells whether a process exists.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.Signal(syscall.Signal(0)) == nil
}

func TestServer(t *testing.T) {
	s := redistest.StartT(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	first, addr := s.PID(), s.Addr()
	for command, want := range map[string]string{"PING": "+PONG\r\n", "GET none": "$-1\r\n", "GET": "-ERR", "ECHO hello": "hello"} {
		if got, err := s.Do(strings.Fields(command)...); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
	if !alive(t, first) {
		t.Fatal("a server that was started is not there")
	}
	s.Kill()
	if alive(t, first) || s.PID() != 0 {
		t.Fatal("a server that was killed is there")
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Fatal("the port of a server that was killed answers")
	}
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if s.Addr() != addr || s.PID() == first {
		t.Fatal("a server that was started again is not another process on the same port")
	}
	second := s.PID()
	s.Stop()
	s.Stop()
	if alive(t, second) {
		t.Fatal("a server that was stopped is there")
	}
}

func TestServerThatCannotStart(t *testing.T) {
	redistest.StartT(t) // skips where there is none
	_, err := redistest.StartServer(t.Context(), t.TempDir(), "--no-such-option", "1")
	if err == nil || errors.Is(err, redistest.ErrNotInstalled) {
		t.Fatalf("a server that ended at its start: %v", err)
	}
}

func TestCluster(t *testing.T) {
	c := redistest.StartCluster(t, 3)
	owner := func() (owner int) {
		t.Helper()
		owners := 0
		for i, node := range c.Nodes {
			if answer, err := node.Do("GET", "{x}key"); err != nil {
				t.Fatal(err)
			} else if !strings.HasPrefix(answer, "-MOVED") {
				owner, owners = i, owners+1
			}
		}
		if owners != 1 {
			t.Fatalf("%d nodes have the slot", owners)
		}
		return owner
	}
	from := owner()
	for _, key := range []string{"{x}key", "{x}another key"} {
		c.Nodes[from].Do("SET", key, "value of "+key)
	}
	c.Migrate("{x}key").Abort()
	if answer, _ := c.Nodes[from].Do("GET", "{x}none"); answer != "$-1\r\n" {
		t.Fatalf("after a migration that was aborted: %q", answer)
	}
	m := c.Migrate("{x}key")
	if !m.Some(1) {
		t.Fatal("there was no key to move")
	}
	m.End()
	to := owner()
	if answer, _ := c.Nodes[to].Do("GET", "{x}another key"); to == from || !strings.Contains(answer, "value of {x}another key") {
		t.Fatalf("after the migration from %d node %d answers %q", from, to, answer)
	}
}
