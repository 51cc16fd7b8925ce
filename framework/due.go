package framework

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

const (
	claimMax   = 16
	claimLease = 30 * time.Second
	maxTake    = 10              // of one item, before it is given up
	newerAfter = 2 * time.Second // an item that waits for a newer build is due again
	keepBatch  = 200             // sockets in one round trip
	keepAgain  = time.Second

	passingTime = time.Second
)

// due sees to what has to be done by and by: goodbyes, timers, keeping the sockets whose connections are held. It runs only while there is a
// request to run in (a connection that is held is one); whatever it does not get round to, the next request on any instance does.
type due struct {
	srv *Server

	mu      sync.Mutex
	next    time.Time // when something is due; zero: nothing is known to be
	tending bool
	busy    bool          // somebody works
	soon    chan struct{} // the tending goroutine is to look again
	stopped bool
	cancel  context.CancelFunc
	ctx     context.Context
	done    sync.WaitGroup

	working sync.Mutex // held by whoever claims
}

func (d *due) init(s *Server) {
	d.srv = s
	d.soon = make(chan struct{}, 1)
	d.ctx, d.cancel = context.WithCancel(context.Background())
}

// hint takes a store's answer of when something is due.
func (d *due) hint(in time.Duration) {
	if in < 0 {
		return
	}
	at := time.Now().Add(in)
	d.mu.Lock()
	sooner := d.next.IsZero() || at.Before(d.next)
	if sooner {
		d.next = at
	}
	d.mu.Unlock()
	if sooner {
		d.poke()
	}
}

func (d *due) poke() {
	select {
	case d.soon <- struct{}{}:
	default:
	}
}

// keepSoon has held sockets' acknowledgements told to the store before their time.
func (d *due) keepSoon() { d.poke() }

// held is called when a connection is held: from now on somebody tends.
func (d *due) held() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tending || d.stopped {
		return
	}
	d.tending = true
	d.done.Go(d.tend)
}

// tend works while connections are held.
func (d *due) tend() {
	every := d.srv.cfg.TTL / 4
	kept := time.Now()
	checked := kept
	for {
		d.mu.Lock()
		if d.srv.hub.held() == 0 || d.stopped {
			d.tending = false
			d.mu.Unlock()
			return
		}
		wait := min(every, time.Until(checked.Add(checkTopics)))
		if !d.next.IsZero() && !d.busy {
			wait = min(wait, time.Until(d.next))
		}
		if time.Since(kept) >= every { // the store was away: when it is back there is a grace, and this must come within it
			wait = min(wait, keepAgain)
		}
		d.mu.Unlock()
		timer := time.NewTimer(max(wait, 10*time.Millisecond))
		select {
		case <-timer.C:
		case <-d.soon:
		case <-d.ctx.Done():
		}
		timer.Stop()
		all := time.Since(kept) >= every*9/10
		ok := d.srv.keep(d.ctx, all)
		if all && ok {
			kept = time.Now()
			d.srv.hub.sweep(d.ctx)
		}
		if time.Since(checked) >= checkTopics {
			checked = time.Now()
			d.done.Go(func() { d.srv.hub.check(d.ctx) })
		}
		if d.due() {
			d.done.Go(func() { d.work(d.ctx) }) // beside: connections are kept whatever a goodbye or a timer takes
		}
	}
}

// stop ends the tending and waits for it.
func (d *due) stop() {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.cancel()
	d.done.Wait()
}

// keep tells the store which connections are held: all of them, or those that have much to acknowledge. It tells whether the store has heard.
func (s *Server) keep(ctx context.Context, all bool) bool {
	var links []*link
	s.hub.each(func(l *link) {
		l.mu.Lock()
		if all || l.ack.Offset >= l.ackSaid.Offset+store.MaxEntries/8 {
			links = append(links, l)
		}
		l.mu.Unlock()
	})
	for batch := range slices.Chunk(links, keepBatch) {
		held := make([]store.Held, len(batch))
		for i, l := range batch {
			held[i] = store.Held{Socket: l.sock.id, Attach: l.attach, Inbox: s.hub.inbox(), TTL: s.cfg.TTL}
			l.mu.Lock()
			held[i].Ack = l.unsaidAckLocked()
			l.mu.Unlock()
		}
		kept, err := s.store.Keep(ctx, held)
		if err != nil {
			if ctx.Err() == nil {
				s.log.Warn("connections could not be kept", "error", err)
			}
			return false
		}
		for i, k := range kept {
			if k.Status == store.Applied {
				batch[i].saidAck(held[i].Ack)
			}
			batch[i].kept(k)
		}
	}
	return true
}

// kept takes what the store said of a held connection's socket.
func (l *link) kept(k store.Kept) {
	switch k.Status {
	case store.Applied:
		l.mu.Lock()
		behind := l.tip != k.Socket.Top
		l.mu.Unlock()
		if behind { // a notice was lost, or is on its way
			l.recheck()
		}
	case store.Replaced:
		l.end(&protocol.Close{Code: protocol.CodeReplaced})
	case store.Rewound:
		l.end(&protocol.Close{Code: protocol.CodeRewound, In: &k.Socket.Number})
	default:
		l.end(endOf(k.Socket))
	}
}

// acknowledge tells the store of an acknowledgement that came alone. It does not prolong the socket's life: only a connection does, for which
// the client said who it is.
func (s *Server) acknowledge(ctx context.Context, sock *socket, ack store.Cursor) {
	if _, err := s.store.Keep(ctx, []store.Held{{Socket: sock.id, Ack: ack}}); err != nil {
		s.log.Debug("an acknowledgement was lost", "error", err) // it comes again
	}
}

// work does what is due, if something is and nobody else is at it. A server that no client can reach leaves it to those that clients do: it may be a
// publisher, without the services whose goodbyes and timers these are.
func (d *due) work(ctx context.Context) {
	if d.srv.handler == nil || !d.working.TryLock() {
		return
	}
	d.setBusy(true)
	defer func() {
		d.setBusy(false)
		d.working.Unlock()
		d.poke()
	}()
	if _, _, _, err := d.claim(ctx); err != nil && ctx.Err() == nil {
		d.srv.log.Warn("what is due could not be claimed", "error", err)
	}
}

// due tells whether something is, as far as is known.
func (d *due) due() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.busy && !d.next.IsZero() && !time.Now().Before(d.next)
}

func (d *due) setBusy(busy bool) {
	d.mu.Lock()
	d.busy = busy
	d.mu.Unlock()
}

// passing is called by requests that hold no connection: what is due is for those who do, if there are any here; else some time of the request is
// given to it. What takes longer goes on in the next request, on whatever instance.
func (d *due) passing(ctx context.Context) {
	d.mu.Lock()
	tending, stopped := d.tending, d.stopped
	if !tending && !stopped && d.srv.handler != nil {
		d.done.Add(1)
	}
	d.mu.Unlock()
	if tending || stopped || d.srv.handler == nil {
		return
	}
	if !d.due() {
		d.done.Done()
		return
	}
	worked := make(chan struct{})
	go func() {
		defer d.done.Done()
		defer close(worked)
		d.work(d.ctx)
	}()
	select {
	case <-worked:
	case <-ctx.Done():
	case <-time.After(passingTime):
	}
}

// claim claims once, and does what it got: n things, of which it gave some back to a newer build.
func (d *due) claim(ctx context.Context) (n, back int, next time.Duration, err error) {
	d.mu.Lock()
	d.next = time.Time{}
	d.mu.Unlock()
	got, err := d.srv.store.Claim(ctx, claimMax, claimLease)
	if err != nil {
		d.hint(time.Second)
		return 0, 0, 0, err
	}
	back = d.finish(ctx, got.Due)
	d.hint(got.NextDue)
	return len(got.Due), back, got.NextDue, nil
}

// finish does what was claimed, all at the same time, so that it is done before the lease is over. What takes longer than that (a handler that does not return) is claimed again, and not
// waited for: the rest goes on. It returns how much was given back to a newer build.
func (d *due) finish(ctx context.Context, claimed []store.Due) (back int) {
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		return 0
	}
	d.done.Add(len(claimed))
	d.mu.Unlock()
	newer := make(chan bool, len(claimed))
	for _, due := range claimed {
		go func() {
			defer d.done.Done()
			newer <- d.srv.finish(ctx, due)
		}()
	}
	lease := time.NewTimer(claimLease)
	defer lease.Stop()
	for range claimed {
		select {
		case n := <-newer:
			if n {
				back++
			}
		case <-lease.C:
			return back
		}
	}
	return back
}

// Sweep does everything that is due: goodbyes of sockets whose time is over, timers, unanswered questions. While connections are held, and
// with every message, the server does so by itself; a program that may have no instance for a while lets a scheduler call it by
// a URL. The server must have the services whose goodbyes and timers these are. It returns how much it did. It may wait for up to 10 seconds, if nobody has looked for long.
func (s *Server) Sweep(ctx context.Context) (int, error) {
	for total := 0; ; {
		s.due.working.Lock()
		n, back, next, err := s.due.claim(ctx)
		s.due.working.Unlock()
		total += n - back
		switch {
		case err != nil:
			return total, s.unavailable(err)
		case n > back || next == 0:
		case n > 0 || next < 0 || next > 11*time.Second: // what was given back would come again and again
			return total, nil
		case !sleep(ctx, next):
			return total, ctx.Err()
		}
	}
}

// finish runs the turn that a claimed thing asks for. If it does not come to a commit, the thing is due again when the lease is over; or soon, if only
// a newer build can do it, which newer tells.
func (s *Server) finish(ctx context.Context, due store.Due) (newer bool) {
	if isGuest(due.Socket) {
		s.bury(ctx, due)
		return false
	}
	j := job{always: true, patient: true} // if a hook fails the goodbye itself commits
	if due.Item.ID != "" {
		j.id = turnID("item "+due.Item.ID, 0)
		j.cause = store.Cause{Item: due.Item.ID, Token: due.Token}
		j.handler = s.itemTurn(due.Item)
	} else {
		j.sock = s.socketFrom(due.Socket)
		j.user = j.sock.user
		j.id = turnID(j.sock.id+" goodbye", 0)
		j.cause = store.Cause{Socket: j.sock.id, Token: due.Token}
		j.handler = s.reg.goodbye.turn
		j.after = []store.Effect{store.Bye{Code: due.Socket.Code, Why: due.Socket.Why}}
	}
	_, failed, err := s.execute(ctx, j)
	if newer = errors.Is(failed, errNewer); newer {
		err = errors.Join(failed, s.giveBack(ctx, due))
	}
	if err != nil {
		s.turnLog(j).Info("what is due is left for later", "error", err)
	}
	return newer
}

// giveBack puts an item back for a newer build, as if it had not been taken: that instances do not know it must not add up to its being given up.
func (s *Server) giveBack(ctx context.Context, due store.Due) error {
	put := store.Put{Item: due.Item.ID, Socket: due.Item.Socket, After: newerAfter, Data: due.Item.Data}
	if due.Item.Gone { // with its socket it would be due at once
		var kept item
		if err := json.Unmarshal(put.Data, &kept); err != nil {
			return err
		}
		kept.Gone, put.Socket = true, ""
		var err error
		if put.Data, err = json.Marshal(kept); err != nil {
			return err
		}
	}
	out, err := s.commit(ctx, store.Turn{
		Cause: store.Cause{Item: due.Item.ID, Token: due.Token}, Attempt: newAttempt(), From: s.hub.inbox(), Effects: []store.Effect{put},
	})
	if err == nil {
		s.due.hint(out.NextDue)
	}
	return err
}

var errAskedGone = Errorf(CodeGone, "the socket that was asked has ended")

func (s *Server) itemTurn(i store.Item) Handler {
	return func(t *Turn) (any, error) {
		var failed error
		switch {
		case i.Gone:
			failed = errAskedGone
		case i.Socket != "":
			failed = Errorf(CodeTimeout, "no answer in time")
		}
		return nil, s.resume(t, i, nil, failed)
	}
}
