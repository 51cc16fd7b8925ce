package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	listeners  = 200 // of each kind
	slowBodies = 200
)

func deaf(ctx context.Context, t target, c *counts) {
	all := subscribe(ctx, t, c)
	<-ctx.Done()
	var ends sync.WaitGroup
	for _, w := range all {
		ends.Go(func() {
			_ = w.SetDeadline(time.Now().Add(lull))
			var err error
			for b := make([]byte, 64<<10); err == nil; {
				_, err = w.Read(b)
			}
			countEnd(c, "listeners", err)
			w.Close()
		})
	}
	ends.Wait()
}

func slow(ctx context.Context, t target, c *counts) {
	all := subscribe(ctx, t, c)
	bodies := unfinished(ctx, t, c)
	one := []byte{'x'}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		all = keep(all, func(w *wire) error {
			_ = w.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := w.Read(one)
			return c.unlessLate("listeners", err)
		})
		bodies = keep(bodies, func(w *wire) error {
			_, err := w.Write(one)
			return c.unlessLate("bodies", err)
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	c.add("listeners still connected", len(all))
	c.add("bodies still connected", len(bodies))
	for _, w := range append(all, bodies...) {
		w.Close()
	}
}

// subscribe opens WebSockets and event streams, all subscribed to the news.
func subscribe(ctx context.Context, t target, c *counts) []*wire {
	var all []*wire
	for n := 0; n < listeners && ctx.Err() == nil; n++ {
		key := randomKey()
		w, err := t.websocket(ctx, append(hello(key, 1), "\nS1,news/all"...))
		if err == nil {
			all = append(all, w)
		} else {
			c.add(reason(err), 1)
		}
		if w, err = t.stream(ctx); err == nil {
			all = append(all, w)
		} else {
			c.add(reason(err), 1)
		}
	}
	c.add("listeners connected", len(all))
	return all
}

// stream opens an event stream of a socket that has subscribed to the news.
func (t target) stream(ctx context.Context) (*wire, error) {
	w, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	key := randomKey()
	if _, err = w.post("lp", hello(key, 1)); err == nil {
		_, err = w.post("up", []byte("K"+key+",,0\nS1,news/all"))
	}
	if err == nil {
		_, err = w.Write(request("sse", hello(key, 2)))
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// unfinished begins POSTs whose bodies are to come.
func unfinished(ctx context.Context, t target, c *counts) []*wire {
	var all []*wire
	head := request("up", make([]byte, 4096))
	head = head[:len(head)-4096]
	for n := 0; n < slowBodies && ctx.Err() == nil; n++ {
		w, err := t.dial(ctx)
		if err == nil {
			_, err = w.Write(head)
		}
		if err != nil {
			c.add(reason(err), 1)
			continue
		}
		all = append(all, w)
	}
	c.add("bodies begun", len(all))
	return all
}

// keep returns those for which f has no error; the others are closed.
func keep(all []*wire, f func(*wire) error) []*wire {
	kept := all[:0]
	for _, w := range all {
		if f(w) == nil {
			kept = append(kept, w)
		} else {
			w.Close()
		}
	}
	return kept
}

// unlessLate counts an error, and returns it, unless it is that there was nothing to read in time.
func (c *counts) unlessLate(what string, err error) error {
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return nil
	}
	if err != nil {
		c.add(what+" "+reason(err), 1)
	}
	return err
}

// countEnd counts what became of a connection that was read until nothing came any more.
func countEnd(c *counts, what string, err error) {
	if c.unlessLate(what, err) == nil {
		c.add(what+" still connected", 1)
	}
}
