package ws

import "sync"

// flusher has connections written to by some goroutines, which are there only while there are such connections: to wake one for each of ten thousand followers would cost more
// than what they are told. None of them waits for a client.
type flusher struct {
	most int // goroutines

	mu      sync.Mutex
	queue   []*conn
	working int
}

// add has a connection written to by and by. Who adds it holds the right to write to it, and passes that on.
func (f *flusher) add(c *conn) {
	f.mu.Lock()
	f.queue = append(f.queue, c)
	start := f.working < f.most
	if start {
		f.working++
	}
	f.mu.Unlock()
	if start {
		go f.work()
	}
}

func (f *flusher) work() {
	var mine []*conn
	for {
		f.mu.Lock()
		n := min(len(f.queue), 1+len(f.queue)/(2*f.most)) // so that all end at the same time
		if n == 0 {
			f.working--
			f.mu.Unlock()
			return
		}
		mine = append(mine[:0], f.queue[:n]...)
		clear(f.queue[:n])
		if f.queue = f.queue[n:]; len(f.queue) == 0 {
			f.queue = nil
		}
		f.mu.Unlock()
		for _, c := range mine {
			c.write()
		}
	}
}
