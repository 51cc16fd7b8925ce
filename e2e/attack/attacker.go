package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"time"
)

// attack is a way to take what belongs to all. It goes on until ctx ends, and counts what it did, and what it was told.
type attack struct {
	name string
	what string
	run  func(ctx context.Context, t target, c *counts)
}

var attacks = []attack{
	{"deaf", "200 WebSockets and 200 event streams subscribe to the news and never read", deaf},
	{"slow", "the same, reading a byte a second; and 200 POSTs whose bodies come a byte a second", slow},
	{"crowd", "10,000 hellos with fresh keys: half of one session, half of one address", crowd},
	{"crowd-unknown", "10,000 hellos with fresh keys, of no session and no address", crowdUnknown},
	{"goodbyes", "sockets that are opened and left at once, eight at a time, of one session", goodbyes},
	{"topics", "one socket subscribes to 10,000 topics; eight subscribe to made-up names and unsubscribe again", topics},
	{"volatile-ws", "one WebSocket, volatile calls as fast as it can write them", volatileSocket},
	{"volatile-post", "POSTs of 256 volatile calls, eight at a time", volatilePosts},
	{"rubbish", "1 MiB of |, of line breaks, of calls without a name: four WebSockets, four connections with POSTs", rubbish},
}

func names() []string {
	var names []string
	for _, a := range attacks {
		names = append(names, a.name)
	}
	return names
}

// choose returns the attack of that name; all of them if it is empty.
func choose(name string) ([]attack, error) {
	if name == "" {
		return attacks, nil
	}
	for _, a := range attacks {
		if a.name == name {
			return []attack{a}, nil
		}
	}
	return nil, fmt.Errorf("there is no attack %q; there are %s", name, strings.Join(names(), ", "))
}

// attackUntilTold makes an attack until the standard input ends, and then writes the counts to the standard output.
func attackUntilTold(ctx context.Context, name, host string) error {
	chosen, err := choose(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		untilEnd(os.Stdin)
		cancel()
	}()
	var c counts
	chosen[0].run(ctx, target(host), &c)
	return json.NewEncoder(os.Stdout).Encode(c.all())
}

// counts are how often what happened. Its methods may be called at once.
type counts struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counts) add(what string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what] += n
}

func (c *counts) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

// failing is how long an attacker waits after an error: nothing is learnt from failing faster.
const failing = 100 * time.Millisecond

// each runs f so many times at once, again and again until ctx ends, and returns when all have returned. An error is counted.
func each(ctx context.Context, n int, c *counts, f func(n int) error) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				err := f(i)
				if err == nil || ctx.Err() != nil {
					continue
				}
				c.add(reason(err), 1)
				_ = wait(ctx, failing)
			}
		})
	}
	all.Wait()
}
