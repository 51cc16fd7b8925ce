// Demo shows that a conversation outlives its servers: three instances of examples/chat share a Redis behind a balancer without
// affinity, and every 5 seconds one of them is killed, while people talk over every transport, by Go clients and by pages in a
// headless Chromium. It counts: every line of everybody must reach everybody once, in order.
//
//	go run ./e2e/demo -duration 60s
//
// Its last line is the summary; its exit status is 0 if nothing is missing or repeated, every call and every question was answered once,
// every transport was in use, and enough instances were killed. It needs redis-server, and Chromium unless -browser=false.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	instances   = 3
	killEvery   = 5 * time.Second
	askEvery    = 300 * time.Millisecond
	settleTime  = time.Minute // for what is under way at the end
	closingTime = 10 * time.Second
)

var transports = []string{"ws", "sse", "longpoll"}

// conversations are those that are held by Go clients, and by pages: each over its transports.
var conversations = [][]string{{"ws"}, {"sse"}, {"longpoll"}, transports}

func main() {
	duration := flag.Duration("duration", time.Minute, "how long people talk")
	rate := flag.Float64("rate", 5, "lines that each of them says in a second")
	pages := flag.Bool("browser", true, "let pages in headless Chromium take part")
	addr := flag.String("addr", "127.0.0.1:0", "where the balancer listens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &demo{tally: newTally(), duration: *duration, every: time.Duration(float64(time.Second) / *rate), pages: *pages}
	summary, ok := d.run(ctx, *addr)
	if ctx.Err() == nil {
		d.tally.explain(os.Stdout)
	}
	fmt.Println(summary)
	if !ok {
		os.Exit(1)
	}
}

type demo struct {
	tally    *tally
	duration time.Duration
	every    time.Duration // somebody says something
	pages    bool

	cluster *cluster
	all     []participant
	host    *host
}

// run returns the summary, and whether all was as it must be.
func (d *demo) run(ctx context.Context, addr string) (summary string, ok bool) {
	failed := func(err error) (string, bool) {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		return "FAILED: " + err.Error(), false
	}
	var browser context.Context
	if d.pages {
		var stop func()
		var err error
		if browser, stop, err = newBrowser(ctx); err != nil {
			return failed(err)
		}
		defer stop()
	}
	var err error
	d.cluster, err = newCluster(ctx, addr, instances, func(why string) { d.tally.problem("%s", why) })
	defer d.cluster.stop()
	if err != nil {
		return failed(err)
	}
	if err := d.enter(ctx, browser); err != nil {
		return failed(err)
	}
	fmt.Printf("watch, or join: %s/#%s\n", d.cluster.URL, room)
	d.tally.begun = time.Now()
	d.talk(ctx)
	d.settle(ctx)
	if err := d.leave(ctx); err != nil {
		d.tally.problem("%v", err)
	}
	if ctx.Err() != nil {
		return failed(ctx.Err())
	}
	return d.tally.verdict(transports, int(d.duration/(6*time.Second)))
}

// enter brings everybody into the room; pages only if there is a browser.
func (d *demo) enter(ctx, browser context.Context) (err error) {
	if d.host, err = newHost(ctx, d.cluster.URL, d.tally); err != nil {
		return err
	}
	for _, ways := range conversations {
		s, err := newSpeaker(ctx, d.cluster.URL, "go "+nameOf(ways), ways, d.tally)
		if err != nil {
			return err
		}
		d.all = append(d.all, s)
	}
	for _, ways := range conversations {
		if browser == nil {
			break
		}
		p, err := newPage(browser, d.cluster.URL, "page "+nameOf(ways), ways, d.tally)
		if err != nil {
			return err
		}
		d.all = append(d.all, p)
	}
	return nil
}

func nameOf(ways []string) string {
	if len(ways) > 1 {
		return "roaming"
	}
	return ways[0]
}

// talk lets everybody talk, while instances are killed.
func (d *demo) talk(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.duration)
	defer cancel()
	var busy sync.WaitGroup
	for _, one := range d.all {
		busy.Go(func() { one.talk(ctx, d.every) })
	}
	busy.Go(func() { d.host.question(ctx, d.all, askEvery) })
	busy.Go(func() { d.host.report(ctx) })
	kill := time.NewTicker(killEvery)
	defer kill.Stop()
	for {
		select {
		case <-kill.C:
			d.cluster.kill(ctx)
			d.tally.kill()
			s := d.tally.stats()
			fmt.Printf("%4d s  %d kills, %d lines sent, %d seen, %d missing, %d repeated, %d of %d questions answered\n",
				s.Seconds, s.Kills, s.Sent, s.Seen, s.Missing, s.Repeated, s.Answered, s.Asked)
		case <-ctx.Done():
			busy.Wait()
			return
		}
	}
}

// settle waits until everything has arrived.
func (d *demo) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		pending := d.tally.pending()
		for _, one := range d.all {
			p, ok := one.(*page)
			if !ok {
				continue
			}
			if err := p.look("", ""); err != nil {
				d.tally.problem("%v", err)
				return
			}
			if p.last.Waiting > 0 {
				pending = append(pending, fmt.Sprintf("%s waits for %d of its own lines", p.name, p.last.Waiting))
			}
		}
		if len(pending) == 0 {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			for _, what := range pending {
				d.tally.problem("%s", what)
			}
			return
		}
	}
}

// leave says goodbye for everybody, and sees to it that nobody is left in the room.
func (d *demo) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closingTime)
	defer cancel()
	for _, one := range d.all {
		if err := one.close(ctx); err != nil {
			return err
		}
	}
	for _, one := range d.all {
		for d.host.nameOf(one.socket()) != "" {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("%s said goodbye and is still in the room", d.host.nameOf(one.socket()))
			}
		}
	}
	return d.host.close(ctx)
}
