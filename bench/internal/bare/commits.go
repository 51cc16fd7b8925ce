// Package bare does to a Redis what an instance does for each numbered call, without clients, frames and handlers: it commits. It runs in the place of the load generator,
// takes its spec, and reports as it does.
package bare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
)

// Commits has as many callers as the spec has connections, each of whom commits answers for a socket of its own, one after the other.
func Commits(in io.Reader, out io.Writer) error {
	var spec generate.Spec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return fmt.Errorf("bare: the spec: %w", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	st, err := redis.Open(ctx, spec.Addresses[0], redis.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	say := json.NewEncoder(out)
	var done atomic.Int64
	var callers, opened sync.WaitGroup
	opened.Add(spec.Connections)
	for n := range spec.Connections {
		callers.Go(func() {
			if err := call(ctx, st, fmt.Sprint("socket", n), spec.Bytes, opened.Done, &done); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	opened.Wait()
	_ = say.Encode(generate.Event{What: "open"})
	<-time.After(spec.Warm)
	_ = say.Encode(generate.Event{What: "begin"})
	before, cpu, begin := done.Load(), processorTime(), time.Now()
	<-time.After(spec.Measure)
	r := generate.Result{Seconds: time.Since(begin).Seconds(), CPU: processorTime() - cpu, Messages: int(done.Load() - before)}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("bare: %w", err)
	}
	_ = say.Encode(generate.Event{What: "end", Result: &r})
	cancel(nil)
	callers.Wait()
	_, err = io.Copy(io.Discard, in)
	return err
}

// call commits until the context ends: each turn acknowledges the answer of the one before.
func call(ctx context.Context, st store.Store, socket string, size int, opened func(), done *atomic.Int64) error {
	open := store.Open{Attach: 1, Inbox: "elsewhere", TTL: time.Hour}
	out, err := st.Commit(ctx, store.Turn{Cause: store.Cause{Socket: socket}, Attempt: socket, Effects: []store.Effect{open}})
	opened()
	data := make([]byte, size)
	for n := uint64(1); err == nil && out.Status == store.Applied; n++ {
		out, err = st.Commit(ctx, store.Turn{
			Cause: store.Cause{Socket: socket, Number: n}, Attempt: fmt.Sprint(socket, n), Ack: out.Top,
			Effects: []store.Effect{store.Append{Socket: socket, Data: data}},
		})
		done.Add(1)
	}
	if err == nil {
		err = fmt.Errorf("a commit was not applied: %v", out.Status)
	}
	return err
}

// processorTime is what the process has used so far, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
