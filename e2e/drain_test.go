package e2e

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/protocol"
)

// goneIn is how long an instance may take to end: Cloud Run kills it after as much.
const goneIn = 10 * time.Second

// An instance that is told to end says that it is not ready, tells its clients to move, and is gone in time; nothing is lost.
func TestTerminate(t *testing.T) {
	t.Parallel()
	const n, every = 60, 60 * time.Millisecond
	c := startChat(t, redistest.Start(t), 1, nil)
	first := c.running[0] // everybody is connected to it
	pages := enterAll(t, c.URL)
	var programs []*program
	for _, transport := range transports {
		programs = append(programs, newProgram(t, c.URL, transport, func() {
			if status, _ := first.ready(t.Context()); status == http.StatusOK {
				t.Error("clients are told to move, and the balancer is not")
			}
		}))
	}
	c.add()
	for _, p := range pages {
		p.talks(n, every)
	}
	var talking sync.WaitGroup
	for _, p := range programs {
		talking.Go(func() { p.talks(n, every) })
	}
	pages[0].sees("somebody", func(v view) bool { return len(v.Lines) > n/2 })
	c.terminate(first)
	talking.Wait()
	names := slices.Clone(people)
	for _, p := range programs {
		names = append(names, p.name)
		if moves := p.moves.Load(); moves != 1 && p.transport != "longpoll" { // a poll just ends
			t.Errorf("%s was told to move %d times", p.name, moves)
		}
	}
	agree(t, n, names, pages...)
}

// A turn that cannot end, because the instance has lost its store, is given back: another instance runs it. What the first one had sent to the
// store then takes no effect, should it arrive.
func TestTerminateInMidTurn(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			redis := redistest.StartT(t)
			way := redistest.StartProxy(t, redis.Addr())
			c := startChat(t, way.URL(), 1, nil)
			first := c.running[0]
			ann := visit(t, "Ann", c.URL).enter().via(transport).listens("lobby")
			ann.run(`ear.rt.use(%q)`, transport)
			ann.say("one")
			ann.shows("Ann: one")
			c.Store = redis.URL()
			c.add()
			release := way.Stall()
			t.Cleanup(release)
			ann.say("two")
			ann.calls("lobby")
			ann.sees("that the line waits", func(v view) bool { return slices.Equal(v.Pending, []string{"two"}) })
			c.terminate(first)
			ann.shows("Ann: one", "Ann: two")
			release()
			ann.say("three")
			ann.shows("Ann: one", "Ann: two", "Ann: three")
			ann.hears("Ann: one", "Ann: two", "Ann: three")
			ann.sees("both", func(v view) bool { return slices.Equal(v.People, []string{"Ann (you)", "Ear"}) })
			ann.answered("welcome")
		})
	}
}

// terminate tells an instance to end, as a platform does before it takes it away, and fails if it is not gone in time, or not in order.
func (c *cluster) terminate(i *instance) {
	c.t.Helper()
	late := time.After(goneIn)
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	select {
	case <-i.ended:
	case <-late:
		c.t.Fatalf("the instance has not ended after %v", goneIn)
	}
	if i.err != nil {
		c.t.Errorf("the instance ended with: %v", i.err)
	}
	c.running = slices.DeleteFunc(c.running, func(each *instance) bool { return each == i })
}

// program is somebody who talks by a Go client.
type program struct {
	*client.Client
	t         *testing.T
	name      string
	transport string
	moves     atomic.Int32 // how often it was told to
}

// newProgram brings a Go client into the lobby. It calls onMove when the client is told to move, before it does.
func newProgram(t *testing.T, url, transport string, onMove func()) *program {
	t.Helper()
	p := &program{t: t, name: "Go " + transport, transport: transport}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	p.Client, err = client.Dial(ctx, url+"/rt", &client.Options{Transports: []string{transport}, Trace: func(direction string, frame []byte) {
		if direction == "down" && frame[0] == byte(protocol.Move) {
			p.moves.Add(1)
			onMove()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Abandon)
	if err := p.Call(ctx, "chat.enter", map[string]string{"room": "lobby", "name": p.name}, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// talks says the numbers from 1 to n, one each so often, and returns when the last has been heard of.
func (p *program) talks(n int, every time.Duration) {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for _, text := range numbers(n) {
		if err := p.Call(ctx, "chat.say", text, nil); err != nil {
			p.t.Errorf("%s: saying %s: %v", p.name, text, err)
			return
		}
		<-tick.C
	}
}
