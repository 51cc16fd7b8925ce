package redistest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const slots = 16384

// Cluster is a Redis Cluster of primaries, with the slots in equal parts.
type Cluster struct {
	testing.TB
	Nodes []*Server
	ids   []string // of the nodes
}

// StartCluster starts a cluster of so many nodes for a test. It ends, is skipped or fails as Start says.
func StartCluster(t testing.TB, nodes int) *Cluster {
	t.Helper()
	c := &Cluster{TB: t}
	for range nodes {
		c.Nodes = append(c.Nodes, c.start())
	}
	for i, node := range c.Nodes {
		c.ids = append(c.ids, strings.TrimSpace(c.do(node, "CLUSTER", "MYID").first))
		c.do(node, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/nodes), strconv.Itoa((i+1)*slots/nodes-1))
		for _, other := range c.Nodes[:i] {
			c.do(node, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port), strconv.Itoa(other.bus))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, node := range c.Nodes {
		if err := node.joined(ctx, nodes); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// start starts a node. Its second port may be taken by somebody else before it is: then another one.
func (c *Cluster) start() *Server {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	for range 5 {
		var bus int
		if bus, err = freePort(); err != nil {
			break
		}
		var s *Server
		s, err = StartServer(ctx, c.TempDir(), "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus))
		if err == nil {
			s.bus = bus
			c.Cleanup(s.Stop)
			return s
		}
		if err == ErrNotInstalled {
			break
		}
	}
	skipOrFail(c, err)
	return nil
}

// joined returns nil when the server knows all nodes, and that they have all slots.
func (s *Server) joined(ctx context.Context, nodes int) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	size := "cluster_size:" + strconv.Itoa(nodes) + "\r\n"
	for {
		info, err := s.Do("CLUSTER", "INFO")
		if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, size) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redistest: the cluster does not come together: %w", ctx.Err())
		case <-retry.C:
		}
	}
}

// do sends a command to a node, which must not answer with an error.
func (c *Cluster) do(node *Server, words ...string) value {
	c.Helper()
	v, err := node.send(words...)
	if err == nil && strings.HasPrefix(string(v.raw), "-") {
		err = fmt.Errorf("%s", strings.TrimSpace(string(v.raw)))
	}
	if err != nil {
		c.Fatalf("redistest: %v: %v", words, err)
	}
	return v
}

// URL is where one of the nodes listens.
func (c *Cluster) URL() string { return c.Nodes[0].URL() }

// Migration is a slot on its way from one node to another.
type Migration struct {
	c        *Cluster
	slot     string
	from, to int
}

// Migrate begins to move the slot of a key to the node after the one that has it. No key has moved yet; what is not there is
// looked for at the other node already.
func (c *Cluster) Migrate(key string) *Migration {
	c.Helper()
	m := &Migration{c: c, slot: strings.Trim(string(c.do(c.Nodes[0], "CLUSTER", "KEYSLOT", key).raw), ":\r\n")}
	for i, node := range c.Nodes {
		if v, err := node.send("GET", key); err == nil && !strings.HasPrefix(string(v.raw), "-MOVED") {
			m.from, m.to = i, (i+1)%len(c.Nodes)
		}
	}
	c.do(c.Nodes[m.to], "CLUSTER", "SETSLOT", m.slot, "IMPORTING", c.ids[m.from])
	c.do(c.Nodes[m.from], "CLUSTER", "SETSLOT", m.slot, "MIGRATING", c.ids[m.to])
	return m
}

// Some moves up to n keys, and tells whether there were any.
func (m *Migration) Some(n int) bool {
	m.c.Helper()
	keys := m.c.do(m.c.Nodes[m.from], "CLUSTER", "GETKEYSINSLOT", m.slot, strconv.Itoa(n)).list
	if len(keys) > 0 {
		m.Keys(keys...)
	}
	return len(keys) > 0
}

// Keys moves keys, one at least. Those that do not exist are left out.
func (m *Migration) Keys(keys ...string) {
	m.c.Helper()
	to := strconv.Itoa(m.c.Nodes[m.to].port)
	m.c.do(m.c.Nodes[m.from], append([]string{"MIGRATE", "127.0.0.1", to, "", "0", "5000", "KEYS"}, keys...)...)
}

// End moves what is left, and gives the slot to the new node.
func (m *Migration) End() {
	m.c.Helper()
	for m.Some(100) {
	}
	for i := range m.c.Nodes { // the new one first
		node := m.c.Nodes[(m.to+i)%len(m.c.Nodes)]
		m.c.do(node, "CLUSTER", "SETSLOT", m.slot, "NODE", m.c.ids[m.to])
	}
}

// Abort leaves the slot where it was. No key may have moved.
func (m *Migration) Abort() {
	m.c.Helper()
	for _, node := range []*Server{m.c.Nodes[m.to], m.c.Nodes[m.from]} {
		m.c.do(node, "CLUSTER", "SETSLOT", m.slot, "STABLE")
	}
}
