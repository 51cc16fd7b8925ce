package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sojourn-go/sojourn/client"
)

const (
	callEvery  = 100 * time.Millisecond
	settleTime = 30 * time.Second // for what is under way at the end
)

// honest is a client that says a line at a steady pace, and listens to everybody's, and to the news.
type honest struct {
	*client.Client
	name  string
	tally *tally
	times *times
}

// enter makes the honest clients: two for each transport. Those that were made are returned, whatever the error.
func enter(ctx context.Context, host string, t *tally, times *times) ([]*honest, error) {
	var all []*honest
	for n := range 2 {
		for _, transport := range []string{"ws", "sse", "longpoll"} {
			h := &honest{name: fmt.Sprint(transport, n+1), tally: t, times: times}
			if err := h.dial(ctx, host, transport); err != nil {
				return all, fmt.Errorf("%s: %w", h.name, err)
			}
			all = append(all, h)
		}
	}
	return all, nil
}

func (h *honest) dial(ctx context.Context, host, transport string) (err error) {
	h.Client, err = client.Dial(ctx, "http://"+host+"/rt", &client.Options{
		Transports: []string{transport},
		OnLost: func(stream, why string) {
			h.tally.problem("%s: told that entries of %q are lost: %s", h.name, stream, why)
		},
	})
	if err != nil {
		return err
	}
	h.tally.join(h.name)
	if _, err = h.Subscribe(ctx, "lines/all", h.hearLine); err != nil {
		return err
	}
	if _, err = h.Subscribe(ctx, "news/all", h.hearNews); err != nil {
		return err
	}
	_, err = h.Subscribe(ctx, "typing/all", func(client.Entry) {}) // may be lost
	return err
}

func (h *honest) hearLine(e client.Entry) {
	var in line
	if err := e.JSON(&in); err != nil || e.Lost != "" {
		h.tally.problem("%s: a line: %v, lost %q", h.name, err, e.Lost)
		return
	}
	h.tally.hear(h.name, in.From, in.N)
}

func (h *honest) hearNews(e client.Entry) {
	var in item
	if err := e.JSON(&in); err != nil || e.Lost != "" {
		h.tally.problem("%s: news: %v, lost %q", h.name, err, e.Lost)
		return
	}
	h.tally.hear(h.name, newsroom, in.N)
	h.times.event(in.At)
}

// talk says lines until ctx ends, and returns when all were answered.
func (h *honest) talk(ctx context.Context) {
	tick := time.NewTicker(callEvery)
	defer tick.Stop()
	type call struct {
		*client.Pending
		n    int
		sent time.Time
	}
	calls := make(chan call, 10_000) // more than any pace makes
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for c := range calls {
			var n int
			wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
			if err := c.Wait(wait, &n); err != nil || n != c.n {
				h.tally.problem("%s: call %d was answered with %d, %v", h.name, c.n, n, err)
			}
			cancel()
			h.times.call(c.sent)
		}
	}()
	for {
		select {
		case <-tick.C:
			n := h.tally.say(h.name)
			calls <- call{h.Send("work.say", line{h.name, n}), n, time.Now()}
		case <-ctx.Done():
			close(calls)
			<-answered
			return
		}
	}
}
