package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sojourn-go/sojourn/protocol"
)

const floodFrames = 256

// volatileCalls is a message full of volatile calls.
func volatileCalls() []byte {
	var b []byte
	for n := range floodFrames {
		b = fmt.Appendf(b, "W%d,work.typed|\"somebody\"\n", n+1)
	}
	return b
}

func volatileSocket(ctx context.Context, t target, c *counts) {
	flood := textMessage(volatileCalls())
	each(ctx, 1, c, func(int) error {
		w, err := t.websocket(ctx, hello(randomKey(), 1))
		if err != nil {
			return err
		}
		var writing sync.WaitGroup
		writing.Go(func() {
			for err := error(nil); err == nil; {
				if _, err = w.Write(flood); err == nil {
					c.add("calls written", floodFrames) // most of them to be thrown away with the connection, unread
				}
			}
		})
		defer writing.Wait()
		defer w.Close()
		for {
			message, err := w.message()
			if err != nil {
				return err
			}
			countCalls(c, message)
		}
	})
}

func volatilePosts(ctx context.Context, t target, c *counts) {
	key := randomKey()
	var attaches atomic.Int32
	each(ctx, atOnce, c, func(int) error {
		w, err := t.dial(ctx)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.post("lp", hello(key, int(attaches.Add(1)))); err != nil && !isClose(err) { // one that was overtaken is as good
			return err
		}
		flood := append([]byte("K"+key+",,0\n"), volatileCalls()...)
		for ctx.Err() == nil {
			answer, err := w.post("up", flood)
			if err != nil {
				return err
			}
			c.add("calls written", floodFrames)
			countCalls(c, answer)
		}
		return nil
	})
}

// countCalls counts the answers to volatile calls.
func countCalls(c *counts, frames []byte) {
	told := map[string]int{}
	for _, l := range protocol.Lines(frames) {
		switch {
		case len(l) == 0:
		case l[0] == 'v':
			told["answered"]++
		case l[0] == 'y':
			told["error "+code(l)]++
		}
	}
	for what, n := range told {
		c.add(what, n)
	}
}

// rubbish is sent in turn, with as much of it as a message may have.
func rubbish(ctx context.Context, t target, c *counts) {
	const size = 1 << 20
	kinds := [][]byte{
		bytes.Repeat([]byte("|"), size), bytes.Repeat([]byte("\n"), size), bytes.Repeat([]byte("C1,\n"), size/4),
	}
	each(ctx, atOnce, c, func(i int) error {
		key := randomKey()
		for n := 1; ctx.Err() == nil; n++ {
			kind := kinds[n%len(kinds)]
			var err error
			if i%2 == 0 {
				err = t.rubbishMessage(ctx, hello(key, n), kind)
			} else {
				err = t.rubbishPost(ctx, kind)
			}
			if !isClose(err) {
				return err
			}
			c.add([]string{"WebSocket ", "POST "}[i%2]+reason(err), 1)
		}
		return nil
	})
}

func (t target) rubbishMessage(ctx context.Context, first, kind []byte) error {
	w, err := t.websocket(ctx, first)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.Write(textMessage(kind)); err != nil {
		return err
	}
	for {
		if _, err := w.message(); err != nil {
			return err
		}
	}
}

func (t target) rubbishPost(ctx context.Context, kind []byte) error {
	w, err := t.dial(ctx)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.post("up", kind)
	return err
}

func isClose(err error) bool {
	_, ok := errors.AsType[*protocol.Close](err)
	return ok
}
