package redistest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"
)

const slots = 16384

// StartCluster starts a cluster of so many primaries for a test, and returns the URL of one of them. It ends, is skipped or fails as Start says.
func StartCluster(t testing.TB, nodes int) (url string) {
	t.Helper()
	var all []*Server
	var bus []int
	for i := range nodes {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		s := StartT(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(port))
		all, bus = append(all, s), append(bus, port)
		from, to := i*slots/nodes, (i+1)*slots/nodes-1
		if !s.ask(fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d\r\n", from, to), "+OK") {
			t.Fatal("redistest: a server does not take its slots")
		}
		if i > 0 && !s.ask(fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d %d\r\n", all[0].port, bus[0]), "+OK") {
			t.Fatal("redistest: a server does not meet the first")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, s := range all {
		if err := s.joined(ctx, nodes); err != nil {
			t.Fatal(err)
		}
	}
	return all[0].URL()
}

// joined returns nil when the server knows all nodes, and that they have all slots.
func (s *Server) joined(ctx context.Context, nodes int) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	size := "cluster_size:" + strconv.Itoa(nodes) + "\r\n"
	for {
		if s.ask("CLUSTER INFO\r\n", "cluster_state:ok") && s.ask("CLUSTER INFO\r\n", size) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redistest: the cluster does not come together: %w", ctx.Err())
		case <-retry.C:
		}
	}
}
