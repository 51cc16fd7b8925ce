// Package redistest starts real Redis servers for tests and demonstrations: on a free port of the loopback interface,
// in a directory of their own, stopped by the process id.
package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrNotInstalled is returned where there is no redis-server.
var ErrNotInstalled = errors.New("redistest: no redis-server on this machine; on Debian and Ubuntu: apt-get install redis-server")

// Server is a redis-server process, or a place where one ran and can again. Its methods are for one goroutine at a time.
type Server struct {
	dir  string
	port int
	bus  int // of a node of a cluster, the port for the others
	args []string
	cmd  *exec.Cmd     // nil while none runs
	done chan struct{} // closed when cmd has ended
}

// StartServer starts a redis-server that keeps its files in dir and writes nothing to disk unless args, more arguments for its command line,
// say so. It returns when the server answers.
func StartServer(ctx context.Context, dir string, args ...string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrNotInstalled
	}
	// Between the look for a free port and its use somebody else may take it: then another one.
	var err error
	for range 5 {
		s := &Server{dir: dir, args: args}
		if s.port, err = freePort(); err != nil {
			return nil, fmt.Errorf("redistest: %w", err)
		}
		if err = s.Restart(ctx); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// URL is where the server listens: "redis://127.0.0.1:<port>/0".
func (s *Server) URL() string { return "redis://" + s.Addr() + "/0" }

// Addr is the server's host and port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// PID is the process id of the server that runs, 0 if none does.
func (s *Server) PID() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Restart starts the server again, after Stop or Kill, on the same port and with the same files. It returns when the
// server answers.
func (s *Server) Restart(ctx context.Context) error {
	if s.cmd != nil {
		return errors.New("redistest: the server runs already")
	}
	args := append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
	cmd := exec.Command("redis-server", args...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("redistest: %w", err)
	}
	s.cmd, s.done = cmd, make(chan struct{})
	go func(done chan struct{}) {
		cmd.Wait()
		close(done)
	}(s.done)
	if err := s.answers(ctx); err != nil {
		s.Kill()
		return fmt.Errorf("redistest: %w", err)
	}
	return nil
}

// answers returns nil when the server that was started, and not another one on its port, takes commands. (One that asks for a password
// does not say who it is.)
func (s *Server) answers(ctx context.Context) error {
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		if s.ask("INFO server", "process_id:"+strconv.Itoa(s.PID())+"\r\n", "-NOAUTH") {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			return fmt.Errorf("redis-server ended at its start: %s", log)
		case <-retry.C:
		}
	}
}

// ask sends a command and tells whether the answer contains one of some texts.
func (s *Server) ask(command string, texts ...string) bool {
	answer, err := s.Do(strings.Fields(command)...)
	return err == nil && slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(answer, text) })
}

// Do sends a command on a connection of its own, and returns the answer as it came: "+OK\r\n", or what begins with
// "-" for an error of the server's. It is for what the clients of tests do not do: they may not even begin with a server that is loading.
func (s *Server) Do(words ...string) (answer string, err error) {
	v, err := s.send(words...)
	return string(v.raw), err
}

func (s *Server) send(words ...string) (value, error) {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return value{}, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	command := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, word := range words {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := conn.Write(command); err != nil {
		return value{}, err
	}
	return readValue(bufio.NewReader(conn))
}

// Stop ends the server as an operator would, with SIGTERM, and returns when it has ended. Without a server it does nothing.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server as a power cut would, with SIGKILL, and returns when it has ended. Without a server it does nothing.
func (s *Server) Kill() { s.end(os.Kill) }

func (s *Server) end(signal os.Signal) {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(signal)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
	s.cmd = nil
}

// Start starts a redis-server for a test and returns its URL. The server ends with the test. Where redis-server is not
// installed the test is skipped; if SOJOURN_NO_SKIP=1 is in the environment it fails.
func Start(t testing.TB, args ...string) (url string) {
	t.Helper()
	return StartT(t, args...).URL()
}

// StartT is Start for tests that do more with the server.
func StartT(t testing.TB, args ...string) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := StartServer(ctx, t.TempDir(), args...)
	skipOrFail(t, err)
	t.Cleanup(s.Stop)
	return s
}

// skipOrFail ends a test whose server did not start. Without an error it does nothing.
func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrNotInstalled) && os.Getenv("SOJOURN_NO_SKIP") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
