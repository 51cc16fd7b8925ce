package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/sojourn-go/sojourn/protocol"
)

const (
	manyTopics = 10_000
	inventors  = 8
	batch      = 100 // messages in a WebSocket message
)

func topics(ctx context.Context, t target, c *counts) {
	var both sync.WaitGroup
	both.Go(func() {
		each(ctx, 1, c, func(int) error {
			return t.number(ctx, c, func(n int) []byte {
				if n > manyTopics {
					return nil
				}
				return fmt.Appendf(nil, "S%d,room/%d", n, n)
			})
		})
	})
	both.Go(func() {
		each(ctx, inventors, c, func(int) error {
			name := randomKey()
			return t.number(ctx, c, func(n int) []byte {
				kind := "US"[n%2]
				return fmt.Appendf(nil, "%c%d,room/%s%d", kind, n, name, (n+1)/2)
			})
		})
	})
	both.Wait()
}

// number opens a WebSocket and says message 1, 2, 3 ... in batches, each when that before it was answered, until there is none; then it
// waits for the end.
func (t target) number(ctx context.Context, c *counts, message func(n int) []byte) error {
	w, err := t.websocket(ctx, hello(randomKey(), 1))
	if err != nil {
		return err
	}
	defer w.Close()
	cursor := []byte("0.")
	for n := 1; ctx.Err() == nil; n += batch {
		frames := append([]byte("A"), cursor...)
		for i := range batch {
			m := message(n + i)
			if m == nil {
				<-ctx.Done()
				return nil
			}
			frames = append(append(frames, '\n'), m...)
		}
		if _, err := w.Write(textMessage(frames)); err != nil {
			return err
		}
		for answers := 0; answers < batch; {
			reply, err := w.message()
			if err != nil {
				return err
			}
			for _, l := range protocol.Lines(reply) {
				if what := answer(l); what != "" {
					answers++
					c.add(what, 1)
					field, _, _ := bytes.Cut(l[1:], []byte(","))
					cursor = append(cursor[:0], field...)
				}
			}
		}
	}
	return nil
}

// answer names what an answer to a message says; "" if the frame is none.
func answer(l []byte) string {
	switch {
	case len(l) == 0:
		return ""
	case l[0] == 's':
		return "subscribed"
	case l[0] == 'u':
		return "unsubscribed"
	case l[0] == 'x':
		return "error " + code(l)
	}
	return ""
}

// code returns the code of a frame that is an error.
func code(l []byte) string {
	_, after, _ := bytes.Cut(l, []byte(`"code":"`))
	name, _, _ := bytes.Cut(after, []byte(`"`))
	return string(name)
}
