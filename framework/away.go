package framework

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// awayAfter is how long a socket has no connection before it counts as away. A change of connection, also to another instance, takes less.
const awayAfter = 15 * time.Second

// aways runs the Away hooks. It remembers the sockets whose last connection here has just ended, in this instance alone: one that is killed meanwhile
// says of nobody that he is away. Their goodbyes do not depend on it.
type aways struct {
	srv *Server

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	timers map[string]*time.Timer // by socket
}

func (a *aways) init(s *Server) {
	a.srv, a.timers = s, map[string]*time.Timer{}
	a.ctx, a.cancel = context.WithCancel(context.Background())
}

// wanted tells whether there is anything to run.
func (a *aways) wanted() bool { return len(a.srv.reg.away.all) > 0 }

// left begins to wait for a socket whose connection has ended.
func (a *aways) left(l *link) {
	if !a.wanted() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		return
	}
	sock, attach := l.sock, l.attach // the link is let go
	a.stopLocked(sock.id)
	a.running.Add(1)
	a.timers[sock.id] = time.AfterFunc(awayAfter, func() {
		defer a.running.Done()
		a.mu.Lock()
		delete(a.timers, sock.id)
		a.mu.Unlock()
		a.tell(sock, attach)
	})
}

// came ends the waiting: the socket has a connection here.
func (a *aways) came(socket string) {
	if !a.wanted() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopLocked(socket)
}

func (a *aways) stopLocked(socket string) {
	if t := a.timers[socket]; t != nil && t.Stop() {
		delete(a.timers, socket)
		a.running.Done()
	}
}

func (a *aways) stop() {
	a.cancel()
	a.mu.Lock()
	for socket := range a.timers {
		a.stopLocked(socket)
	}
	a.mu.Unlock()
	a.running.Wait()
}

// tell runs the hooks, unless the socket has had another connection since, on whatever instance, or has ended.
func (a *aways) tell(sock *socket, attach uint64) {
	replies, err := a.srv.store.Read(a.ctx, []store.Query{{Socket: sock.id}})
	if err != nil || replies[0].Status != store.Applied || replies[0].Sock.Attach != attach {
		return
	}
	j := job{
		id:    turnID(sock.id+" away", attach),
		cause: store.Cause{Key: fmt.Sprintf("away/%s/%d", sock.id, attach)},
		sock:  sock, user: sock.user, handler: a.srv.reg.away.turn, idle: true,
	}
	if _, failed, err := a.srv.execute(a.ctx, j); err != nil || failed != nil {
		a.srv.turnLog(j).Info("nobody is told that a socket is away", "error", failed, "store", err)
	}
}
