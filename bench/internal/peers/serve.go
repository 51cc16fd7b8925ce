package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// Figures are what a server knows of itself.
type Figures struct {
	CPU        float64 // seconds of processor time, so far
	Mallocs    uint64  // allocations, so far; 0 where they are not counted
	Bytes      uint64  // of them
	Goroutines int     // 0 where there are none
	Reads      uint64  // of topics' entries, from the store, so far; only of servers that count them
}

// queued is how many messages wait to be published: who posts more waits.
const queued = 64

// Serve runs a server until in ends. It writes where it listens, as a line of JSON, {"Address":"127.0.0.1:1234"}, and answers each line that comes: "figures" with
// Figures; "collect", after a collection of garbage, with the same. Node's servers do the same: bench/node/serve.js.
func Serve(name string, o Options, in io.Reader, out io.Writer) error {
	p, err := find(name)
	if err != nil {
		return err
	}
	s, err := p.make(o)
	if err != nil {
		return fmt.Errorf("peers: %s: %w", name, err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("peers: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mux := http.NewServeMux()
	publish := publisher(ctx, name, s)
	mux.Handle("POST /publish", publish)
	if s.publishTo != nil {
		mux.Handle("POST /publish/{topic}", publish)
	}
	mux.Handle("/", s)
	httpServer := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go httpServer.Serve(ln)
	defer httpServer.Close()
	answer := json.NewEncoder(out)
	if err := answer.Encode(map[string]string{"Address": ln.Addr().String()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if lines.Text() == "collect" {
			debug.FreeOSMemory()
		}
		if err := answer.Encode(figures(s)); err != nil {
			return err
		}
	}
	cancel() // what is being published need not succeed
	if s.close != nil {
		s.close()
	}
	return nil
}

// publisher queues what is posted for the one goroutine that publishes.
func publisher(ctx context.Context, name string, s server) http.HandlerFunc {
	type message struct {
		topic   string // "": there is one only
		payload []byte
	}
	messages := make(chan message, queued)
	publish := func(m message) error {
		if m.topic == "" {
			return s.publish(m.payload)
		}
		return s.publishTo(m.topic, m.payload)
	}
	go func() {
		for {
			select {
			case m := <-messages:
				if err := publish(m); err != nil && ctx.Err() == nil {
					log.Fatalf("peers: %s: publishing: %v", name, err)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case messages <- message{r.PathValue("topic"), b}:
			w.WriteHeader(http.StatusNoContent)
		case <-ctx.Done():
		}
	}
}

func figures(s server) Figures {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f := Figures{CPU: float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, Mallocs: m.Mallocs, Bytes: m.TotalAlloc, Goroutines: runtime.NumGoroutine()}
	if s.reads != nil {
		f.Reads = s.reads()
	}
	return f
}
