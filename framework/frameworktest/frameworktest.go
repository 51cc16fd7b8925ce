// Package frameworktest tests services without a network: a program in memory, with clients that speak the real protocol to it.
//
//	rt := frameworktest.New(t, framework.Config{Services: []framework.Service{chat}})
//	ann, bob := rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"})
//	heard := frameworktest.Topic[Line](bob, "room/lobby")
//	ann.Call("chat.say", "hello", nil)
//	if line := heard.Next(); line.Text != "hello" {
//		t.Errorf("bob heard %+v", line)
//	}
//
// Everything but the network is what a program in production has: the server, its store, the clients of package client. What must come is waited for, and
// the test fails if it does not.
//
// In a bubble of testing/synctest a day passes in no time: time.Sleep, and timers are due, credentials run out, who went away is said goodbye
// to. Everything must be made in the bubble then.
//
// What production does to a program, [Program.Restart] does, which kills the instance in the midst of what it is doing, and [Program.Twice], which runs each handler twice. A service whose
// tests succeed with both keeps its word there.
//
// All functions are for the test's goroutine, unless they say otherwise.
package frameworktest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// patience is how long is waited for what must come: not long for somebody whose test has failed, and no time at all in a bubble.
const patience = 10 * time.Second

// Program is a program that runs on one instance at a time, and ends with the test.
type Program struct {
	t     testing.TB
	cfg   framework.Config
	store store.Store
	twice atomic.Bool
	ended sync.WaitGroup // of what instances have begun

	identifies bool // by an Identify of its own

	mu       sync.Mutex
	instance *instance
	users    []framework.User // the nth has the nth token
}

// New starts a program. What the config leaves open is made for the test: a memory store, WebSockets as transport, a log that is the
// test's, from warnings on, and an Identify that knows the users of [Program.Connect].
func New(t testing.TB, cfg framework.Config) *Program {
	t.Helper()
	p := &Program{t: t, cfg: cfg, identifies: true}
	if cfg.Transports == nil {
		p.cfg.Transports = []transports.Transport{ws.Transport{}}
	}
	if p.cfg.Identify == nil {
		p.cfg.Identify, p.identifies = p.identify, false
	}
	if p.store = cfg.Store; p.store == nil {
		p.store = memory.New(memory.Options{})
		t.Cleanup(func() { p.store.Close() })
	}
	p.instance = p.start()
	t.Cleanup(func() {
		p.current().end()
		p.wait()
	})
	return p
}

// wait waits for what instances have begun.
func (p *Program) wait() {
	over := make(chan struct{})
	go func() {
		p.ended.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(patience):
		p.t.Errorf("frameworktest: %v after the end of its turn a handler still runs: it must return when the turn, which is a context, is done", patience)
	}
}

// Server returns the server of the instance that runs now: see [Program.Restart]. It may be called by any goroutine.
func (p *Program) Server() *framework.Server { return p.current().rt }

// Do runs a turn for the program's own code, which must be committed: to see what the program keeps, and to do what is not asked for by a
// client.
func (p *Program) Do(f func(*framework.Turn) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := p.Server().Do(ctx, f); err != nil {
		p.t.Fatalf("Do: %v", err)
	}
}

// Restart kills the instance, and starts another one with the same store. Nothing that the killed one does from now on has an effect, its handlers that still
// run included; the clients go on where they were. It may be called by any goroutine: by a handler in its first run, for a kill in the middle.
func (p *Program) Restart() {
	next := p.start()
	p.mu.Lock()
	killed := p.instance
	p.instance = next
	p.mu.Unlock()
	killed.kill()
	p.ended.Go(killed.end)
}

// Twice has each turn run twice from now on, as after a conflict with another instance: the first run comes to nothing, as late as can be. So what a
// handler does beside its turn, or remembers between turns, or makes up in each run (an id that is not [framework.Turn.NewID]'s) is found out. Volatile calls
// and turns without effects run once.
func (p *Program) Twice() { p.twice.Store(true) }

// Auth returns the [client.Options.Auth] of a user, for [Program.Dial].
func (p *Program) Auth(user framework.User) func(context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users = append(p.users, user)
	return client.Token(fmt.Sprint(len(p.users) - 1))
}

// identify knows users by their tokens.
func (p *Program) identify(r *http.Request) (framework.User, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return framework.User{}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var n int
	if _, err := fmt.Sscan(token, &n); err != nil || n < 0 || n >= len(p.users) {
		return framework.User{}, errors.New("frameworktest: a token that Program.Auth has not made")
	}
	if user := p.users[n]; user.Expires.IsZero() || time.Now().Before(user.Expires) {
		return user, nil
	}
	return framework.User{}, framework.ErrExpired
}

// Connect connects a client as a user, the zero User for nobody in particular; that must succeed. The client is abandoned with the test, if it is not closed before.
func (p *Program) Connect(user framework.User) *Client {
	p.t.Helper()
	if p.identifies {
		p.t.Fatal("frameworktest: the program has an Identify of its own: Dial with what it wants to see")
	}
	c, err := p.Dial(client.Options{Auth: p.Auth(user)})
	if err != nil {
		p.t.Fatalf("%s cannot connect: %v", nameOf(user), err)
	}
	c.name = nameOf(user)
	return c
}

// Dial connects a client with options of its own: a token for the program's Identify, handlers of questions that come at once, another transport of the program's. Its network is
// always the memory. An error is that of [client.Dial].
func (p *Program) Dial(o client.Options) (*Client, error) {
	p.t.Helper()
	o.DialContext = p.dial
	if o.Transports == nil {
		for _, t := range p.cfg.Transports {
			o.Transports = append(o.Transports, t.Name())
		}
	}
	if o.Reconnect.Min == 0 {
		o.Reconnect.Min = time.Millisecond
	}
	c := &Client{t: p.t, name: "the client"}
	if o.Fallback == nil {
		o.Fallback = c.told.fallback
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	var err error
	if c.Client, err = client.Dial(ctx, "http://localhost/rt", &o); err != nil { // a name for which no proxy is asked
		return nil, err
	}
	p.t.Cleanup(c.Abandon)
	return c, nil
}

func (p *Program) current() *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.instance
}

// dial connects to the instance that runs now.
func (p *Program) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return p.current().pipes.dial(ctx)
}
