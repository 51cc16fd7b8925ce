package work

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/bench/internal/dialect"
	"github.com/sojourn-go/sojourn/bench/internal/peers"
)

// serving, in the environment, names the server that this process is: some leave goroutines behind, which is not what is tested here.
const serving = "BENCH_SERVING"

func TestMain(m *testing.M) {
	if name := os.Getenv(serving); name != "" {
		if err := peers.Serve(name, peers.Options{}, os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// clients is how many speak with each server.
const clients = 3

// start starts a server and returns where it listens.
func start(t *testing.T, s speaker) (address string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), serving+"="+s.peer)
	if s.script != "" {
		cmd = nodeCommand(t, s.script)
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var said struct{ Address string }
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said.Address
}

func nodeCommand(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("../../node/node_modules")
	}
	if err != nil {
		t.Skip("no node, or not its packages; in bench/node: npm ci")
	}
	return exec.Command(node, "--expose-gc", filepath.Join("../../node", script))
}

// client is a session on a connection that is read as it comes.
type client struct {
	t       *testing.T
	session dialect.Session
	address string
	conn    net.Conn
	opened  chan struct{}
	came    chan string
	closed  chan struct{} // when nothing is read any more
}

func connectTo(t *testing.T, address string, s speaker, follow bool) *client {
	t.Helper()
	return connectWith(t, s, dialect.Setting{Host: address, Follow: follow})
}

func connectWith(t *testing.T, s speaker, setting dialect.Setting) *client {
	t.Helper()
	address := setting.Host
	session, err := dialect.New(s.dialect, setting)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t, session, address, conn, make(chan struct{}, 1), make(chan string, 1000), make(chan struct{})}
	var hello []byte
	session.Open(&hello)
	if _, err := conn.Write(hello); err != nil {
		t.Fatal(err)
	}
	go c.read()
	t.Cleanup(func() {
		conn.Close()
		<-c.closed
	})
	select {
	case <-c.opened:
	case <-c.closed:
		t.Fatal("the connection has ended")
	}
	return c
}

// read reads until the end. Nothing else may write meanwhile.
func (c *client) read() {
	defer close(c.closed)
	var kept, out []byte
	buffer := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buffer)
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				c.t.Error(err)
			}
			return
		}
		kept = append(kept, buffer[:n]...)
		out = out[:0]
		taken, err := c.session.Read(kept, &out, c)
		if err != nil {
			c.t.Error(err)
			return
		}
		kept = kept[taken:]
		if _, err := c.conn.Write(out); len(out) > 0 && err != nil && !errors.Is(err, net.ErrClosed) {
			c.t.Error(err)
			return
		}
	}
}

func (c *client) Opened()             { c.opened <- struct{}{} }
func (c *client) Came(payload []byte) { c.came <- string(payload) }

func (c *client) Lost() { c.t.Error("something was lost") }

func (c *client) Post(path string, body []byte) { post(c.t, c.address, path, body) }

func post(t *testing.T, address, path string, body []byte) {
	r, err := http.Post("http://"+address+path, "text/plain", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	defer r.Body.Close()
	if text, _ := io.ReadAll(r.Body); r.StatusCode/100 != 2 {
		t.Errorf("POST %s: %s %s", path, r.Status, text)
	}
}

// next waits for what comes next.
func (c *client) next() string {
	select {
	case payload := <-c.came:
		return payload
	case <-c.closed:
		c.t.Fatal("the connection has ended")
		return ""
	}
}

// Each server that is measured by calls answers them all with what it was given.
func TestServersEcho(t *testing.T) {
	for _, name := range names(callers, connectors, []string{"sojourn-stack"}) {
		t.Run(name, func(t *testing.T) {
			address := start(t, speakers[name])
			var all []*client
			for range clients {
				all = append(all, connectTo(t, address, speakers[name], false))
			}
			for n := range 600 { // more than what may be left unacknowledged
				for i, c := range all {
					payload := fmt.Sprintf(`{"n":%d,"t":%d,"x":"text"}`, n, i)
					var out []byte
					c.session.Call(&out, []byte(payload))
					if _, err := c.conn.Write(out); err != nil {
						t.Fatal(err)
					}
					if got := c.next(); got != payload {
						t.Fatalf("%s was answered with %s", payload, got)
					}
				}
			}
		})
	}
}

// Each server that is measured by a fan-out sends all that is published, in order, to all who follow.
func TestServersFanOut(t *testing.T) {
	for _, name := range names(followers, streamers, pollers) {
		t.Run(name, func(t *testing.T) {
			address := start(t, speakers[name])
			var all []*client
			var last [clients]int
			for i := range last {
				all = append(all, connectTo(t, address, speakers[name], true))
				last[i] = -1
			}
			got := func(i int, payload string, n int) {
				if payload != fmt.Sprintf(`{"n":%d}`, n) {
					t.Fatalf("client %d was sent %s where number %d is expected", i, payload, n)
				}
				last[i] = n
			}
			for n := 0; n < 5 || slices.Contains(last[:], -1); n++ { // some are answered before they quite follow
				post(t, address, "/publish", fmt.Appendf(nil, `{"n":%d}`, n))
				for i, c := range all {
					for last[i] >= 0 && last[i] < n {
						got(i, c.next(), last[i]+1)
					}
					if last[i] < 0 {
						select {
						case payload := <-c.came:
							var first struct{ N int }
							if err := json.Unmarshal([]byte(payload), &first); err != nil {
								t.Fatal(err)
							}
							got(i, payload, first.N)
						default:
						}
					}
				}
			}
		})
	}
}

// Each server that is measured with topics sends what is published in one to those who follow it, and to nobody else.
func TestServersHaveTopics(t *testing.T) {
	var all []string
	for _, w := range All {
		for _, c := range w.Cases {
			if c.Spec.Topics > 0 {
				all = append(all, c.Servers...)
			}
		}
	}
	for _, name := range names(all) {
		s := speakers[name]
		if s.redis { // the same program, on another store
			continue
		}
		t.Run(name, func(t *testing.T) {
			address := start(t, s)
			var followers []*client
			for _, topic := range []string{"0", "1", "1"} {
				followers = append(followers, connectWith(t, s, dialect.Setting{Host: address, Follow: true, Topic: topic}))
			}
			first := map[*client]bool{}
			for n := 0; n < 5 || len(first) < len(followers); n++ { // some are answered before they quite follow
				if n == 1000 {
					t.Fatalf("after %d messages in each topic %d of %d followers have got one", n, len(first), len(followers))
				}
				for _, topic := range []string{"0", "1"} {
					post(t, address, "/publish/"+topic, fmt.Appendf(nil, `{"topic":%s,"n":%d}`, topic, n))
				}
				for i, c := range followers {
					want := fmt.Sprintf(`{"topic":%d,"n":%d}`, min(i, 1), n)
					if !first[c] {
						select {
						case payload := <-c.came:
							first[c] = true
							if payload == want {
								continue
							}
						default:
							continue
						}
					}
					for got := ""; got != want; {
						if got = c.next(); !strings.HasPrefix(got, fmt.Sprintf(`{"topic":%d,`, min(i, 1))) {
							t.Fatalf("client %d was sent %s where %s is expected", i, got, want)
						}
					}
				}
			}
		})
	}
}

// names returns each name of some lists once.
func names(lists ...[]string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(lists...)))
	return slices.Compact(all)
}

// Every server of every table exists, and no name is without use.
func TestServersAreNamed(t *testing.T) {
	var used []string
	for _, w := range All {
		for _, c := range w.Cases {
			used = append(used, c.Servers...)
		}
	}
	used = names(used)
	for _, name := range used {
		if _, err := Server("bench", name); err != nil {
			t.Error(err)
		}
	}
	for name, s := range speakers {
		if !slices.Contains(used, name) {
			t.Errorf("%s is in no table", name)
		}
		if _, err := dialect.New(s.dialect, dialect.Setting{}); err != nil {
			t.Error(err)
		}
	}
}

// Who asks for a server that cannot be had is told why.
func TestMissingServersSayWhy(t *testing.T) {
	for name := range peers.Missing {
		if _, err := Server("bench", name); err == nil || !strings.Contains(err.Error(), "not measured") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A part is of a figure and of servers that its case has.
func TestParts(t *testing.T) {
	for _, w := range All {
		for _, c := range w.Cases {
			for _, p := range c.Parts {
				has := slices.ContainsFunc(c.Figures, func(f Figure) bool { return f.Name == p.Figure.Name && !f.Relative })
				if !has || !slices.Contains(c.Servers, p.Server) || !slices.Contains(c.Servers, p.Less) {
					t.Errorf("%s %s: %s is a part of nothing", w.Name, c.Name, p.Name)
				}
			}
		}
	}
}

// A bar names a case of its work, servers that this has, and says so in its own name.
func TestBars(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range All {
		for _, b := range w.Bars {
			i := slices.IndexFunc(w.Cases, func(c Case) bool { return c.Name == b.Case })
			if i < 0 || !slices.Contains(w.Cases[i].Servers, b.Server) || b.Against != "" && !slices.Contains(w.Cases[i].Servers, b.Against) {
				t.Errorf("%s is about nothing: %+v", b.Name, b)
			}
			if seen[b.Name] || !strings.HasPrefix(b.Name, w.Name+"-") || b.Limit <= 0 {
				t.Errorf("%s is no good name, or has no limit", b.Name)
			}
			seen[b.Name] = true
		}
	}
}
