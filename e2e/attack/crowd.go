package main

import (
	"context"
	"sync/atomic"

	"github.com/sojourn-go/sojourn/framework"
)

const (
	crowdSize = 10_000
	atOnce    = 8
)

func crowd(ctx context.Context, t target, c *counts) {
	one := []string{
		"Cookie: " + framework.SessionCookie + "=" + randomKey(),
		"X-Forwarded-For: 203.0.113.9",
	}
	open(ctx, t, c, func(n int) []string { return one[n%2 : n%2+1] })
}

func crowdUnknown(ctx context.Context, t target, c *counts) {
	open(ctx, t, c, func(int) []string { return nil })
}

// open opens sockets by long-polling until there are as many as wanted.
func open(ctx context.Context, t target, c *counts, headers func(n int) []string) {
	var opened atomic.Int32
	each(ctx, atOnce, c, func(int) error {
		w, err := t.dial(ctx)
		if err != nil {
			return err
		}
		defer w.Close()
		for ctx.Err() == nil {
			n := int(opened.Add(1))
			if n > crowdSize {
				<-ctx.Done()
				return nil
			}
			if _, err := w.post("lp", hello(randomKey(), 1), headers(n)...); err == nil {
				c.add("opened", 1)
			} else if !isClose(err) {
				return err
			} else {
				c.add(reason(err), 1)
			}
		}
		return nil
	})
}

// goodbyes opens a socket and says goodbye, again and again: no more than a few live at a time.
func goodbyes(ctx context.Context, t target, c *counts) {
	session, address := "Cookie: "+framework.SessionCookie+"="+randomKey(), "X-Forwarded-For: 203.0.113.9"
	each(ctx, atOnce, c, func(int) error {
		w, err := t.dial(ctx)
		if err != nil {
			return err
		}
		defer w.Close()
		for ctx.Err() == nil {
			key := randomKey()
			if _, err := w.post("lp", hello(key, 1), session, address); isClose(err) {
				c.add(reason(err), 1)
				continue
			} else if err != nil {
				return err
			}
			if _, err := w.post("up", []byte("K"+key+",,0\nB1"), session, address); err != nil {
				return err
			}
			c.add("opened and left", 1)
		}
		return nil
	})
}
