package measure

import "testing"

// As many processes are started as it takes for each to have the files.
func TestConnectionsAreSharedWhereFilesAreFew(t *testing.T) {
	for _, c := range []struct{ connections, most, want int }{
		{0, 10, 1}, {1, 10, 1}, {10, 10, 1}, {11, 10, 2}, {100_000, 19_800, 6}, {100_000, 1 << 30, 1},
	} {
		if got := split(c.connections, c.most); got != c.want {
			t.Errorf("%d connections, of which a process may have %d, take %d processes, want %d", c.connections, c.most, got, c.want)
		}
	}
	for processes, connections := range map[int]int{1: 7, 2: 7, 3: 7, 6: 100_000} {
		sum := 0
		for i := range processes {
			n := share(connections, processes, i)
			if sum += n; n < connections/processes || n > connections/processes+1 {
				t.Errorf("of %d connections in %d processes one has %d", connections, processes, n)
			}
		}
		if sum != connections {
			t.Errorf("of %d connections in %d processes there are %d", connections, processes, sum)
		}
	}
}
