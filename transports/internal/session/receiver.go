package session

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// Carrier describes what carries a session down.
type Carrier struct {
	Transport string        // for the switchboard
	Once      bool          // it carries one batch, and ends: a poll
	Heartbeat time.Duration // for the switchboard: something comes at least so often; 0: nothing is promised
	WebSocket bool          // it carries up as well, and takes the place of whatever received before
}

// Batch is what goes down at once, in this order.
type Batch struct {
	Messages []Message
	Noop     bool  // a poll is to end with nothing to say
	End      *Gone // the session has ended: what is to be said of it is the last
}

func (b *Batch) empty() bool { return len(b.Messages) == 0 && b.End == nil && !b.Noop }

// Receiver is the one who receives a session. Next, Leave and Broken are called by one goroutine at a time; Deliver by another. After an error of Deliver's nothing
// more is to be delivered; Next returns why.
type Receiver struct {
	s       *Sessions
	request *http.Request
	sid, id string // no id: a websocket that has no record
	carrier Carrier
	attach  uint64 // known once it is attached
	woken   chan struct{}
	left    chan struct{} // closed when nothing is held here any more
	telling chan struct{} // taken by who tells the store that the session is held, or let go, which is the last

	upto, told store.Cursor // what was collected; what the store knows to be taken

	mu        sync.Mutex
	attached  bool
	pending   []store.Entry // up to tip, not collected
	tip       store.Cursor
	latest    uint64 // highest offset that was noticed before it was attached
	moved     uint64 // highest attach that was noticed
	reread    bool
	failed    error
	interrupt context.CancelFunc // of a pull
	link      transports.Link
	down      []Message // of this connection alone
	refused   *Gone     // the switchboard has refused something: told after down
	number    uint64    // last message applied
	pace      *transports.Pace
	dropped   bool
	replaces  *Receiver // who receives here until this one is attached
}

func (s *Sessions) newReceiver(r *http.Request, sid string, c Carrier) *Receiver {
	return &Receiver{
		s: s, request: r, sid: sid, id: s.ID(sid), carrier: c, pace: s.cfg.Limits.Pace(),
		woken: make(chan struct{}, 1), left: make(chan struct{}), telling: make(chan struct{}, 1),
	}
}

// Receive becomes the one who receives a session. The error is [ErrUnknown], a *[Gone], [ErrBusy] or [ErrUpgraded]; then nothing has changed.
func (s *Sessions) Receive(r *http.Request, sid string, c Carrier) (*Receiver, error) {
	inbox, err := s.start(r.Context())
	if err != nil {
		return nil, err
	}
	s.passing(r.Context())
	got, err := s.attach(r, sid, c, inbox)
	if errors.Is(err, ErrBusy) && s.cfg.Patience > 0 {
		Pause(r.Context(), s.cfg.Patience) // the one before may be gone, and its instance about to hear of it
		got, err = s.attach(r, sid, c, inbox)
	}
	return got, err
}

func (s *Sessions) attach(r *http.Request, sid string, c Carrier, inbox string) (*Receiver, error) {
	got := s.newReceiver(r, sid, c)
	if err := s.hold(got); err != nil { // before the store knows of it, so that no notice is missed
		return nil, err
	}
	a := store.Attach{Socket: got.id, Secret: s.secret(sid), Inbox: inbox, TTL: s.held(), Max: store.MaxEntries, Kept: true}
	if c.WebSocket {
		a.Number = websocket
	}
	found, err := ask(r.Context(), func(ctx context.Context) (store.Attached, error) { return s.store.Attach(ctx, a) })
	if err != nil {
		got.drop()
		return nil, err
	}
	s.hint(found.NextDue)
	switch found.Status {
	case store.Applied:
		got.begin(found)
		return got, nil
	case store.Lost:
		err = s.lost(r.Context(), got.id)
	case store.Busy, store.Stale:
		err = ErrBusy
		if found.Socket.Attach >= websocket || found.Status == store.Stale {
			err = ErrUpgraded
		}
	case store.Gone:
		if err = s.ended(store.Gone, found.Socket); !errors.Is(err, ErrUnknown) && !found.Socket.Ended { // its time is over, and nobody has claimed it
			_ = s.End(r.Context(), got.id, Gone{Why: s.cfg.Expired})
		}
	default:
		err = ErrUnknown
	}
	got.drop()
	return nil, err
}

// lost ends a session of which entries were let go that nobody had taken.
func (s *Sessions) lost(ctx context.Context, id string) error {
	end := Gone{Why: "transport error"}
	_ = s.End(ctx, id, end) // if nobody hears of it, the next receiver finds it again
	return &end
}

// begin takes what an attach found.
func (r *Receiver) begin(found store.Attached) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attached, r.attach, r.number = true, found.Socket.Attach, found.Socket.Number
	if r.replaces != nil {
		r.replaces.fail(ErrMoved)
	}
	r.pending, r.tip = found.Entries, found.From
	if n := len(found.Entries); n > 0 {
		r.tip = found.Entries[n-1].Cursor
	}
	r.upto, r.told = found.From, found.From
	r.settleLocked(found.Socket.Top)
}

// opened takes what an open's own effects have put into the stream.
func (r *Receiver) opened(effects []store.Effect, out store.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attached = true
	for i, at := range out.At {
		if e, ok := effects[i].(store.Append); ok {
			r.pending, r.tip = append(r.pending, store.Entry{Cursor: at, Data: e.Data}), at
		}
	}
	r.settleLocked(out.Top)
}

// settleLocked makes good what was noticed before the receiver knew where it was.
func (r *Receiver) settleLocked(top store.Cursor) {
	if r.tip != top && top.Offset > 0 || r.latest > r.tip.Offset {
		r.reread = true
	}
	if r.moved > r.attach {
		r.failLocked(ErrMoved)
	}
	r.wakeLocked()
}

// Next waits for what is to go down and takes it: it is to be written, once, whatever happens, and nobody else will. After a Once it has let go as well. The
// error is ctx's if it ends and nothing was taken; after a Once has waited until its deadline it has let go. [ErrMoved]: another connection receives. [ErrClosed]: it is to
// come again, elsewhere. A *[Gone]: the session has ended. All others come from the store, nothing was taken, and [Receiver.Broken] is due.
func (r *Receiver) Next(ctx context.Context) (Batch, error) {
	for {
		select {
		case <-r.woken:
		default:
		}
		if err := r.read(ctx); err != nil {
			return Batch{}, r.over(ctx, err)
		}
		var b Batch
		r.collect(&b, true)
		if r.s.cfg.Board != nil {
			r.pull(ctx, &b)
		}
		if !b.empty() {
			return r.take(ctx, b)
		}
		select {
		case <-r.woken:
		case <-ctx.Done():
			return Batch{}, r.over(ctx, ctx.Err())
		case <-r.drained():
			return Batch{}, r.over(ctx, ErrClosed)
		}
	}
}

// read has the stream read if that is called for, and returns why the receiver is over.
func (r *Receiver) read(ctx context.Context) error {
	r.mu.Lock()
	after, reread, failed := r.tip, r.reread, r.failed
	r.reread = false
	r.mu.Unlock()
	if failed != nil || !reread || r.id == "" {
		return failed
	}
	reply, err := r.s.query(ctx, store.Query{Socket: r.id, Entries: true, After: after, Max: store.MaxEntries})
	if err != nil {
		r.again()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	switch {
	case reply.Status == store.Lost:
		return r.s.lost(ctx, r.id)
	case reply.Status != store.Applied:
		return r.s.ended(store.Gone, reply.Sock)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range reply.Entries {
		if e.Offset == r.tip.Offset+1 { // what was noticed meanwhile stands there already
			r.pending, r.tip = append(r.pending, e), e.Cursor
		}
	}
	return r.failed
}

// collect moves what waits into a batch, up to the end of the session; or up to a hello, if none is to be taken.
func (r *Receiver) collect(b *Batch, hellos bool) {
	r.mu.Lock()
	entries := r.pending
	r.pending = nil
	r.mu.Unlock()
	var line []byte // of the last hello
	for i, e := range entries {
		if len(e.Data) == 0 {
			continue
		}
		switch data := e.Data[1:]; e.Data[0] {
		case text, binary:
			b.Messages = append(b.Messages, Message{e.Data[0] == binary, data})
		case noop:
			b.Noop = b.Noop || r.carrier.Once
		case hello:
			if !hellos {
				r.mu.Lock()
				r.pending = append(entries[i:], r.pending...)
				r.mu.Unlock()
				return
			}
			line = r.s.unseal(r.sid, data)
		case closed:
			b.End = parseGone(data)
			return // the entry stays until the session has ended
		}
		r.upto = e.Cursor
	}
	if line != nil {
		r.open(line)
	}
}

// take lets go of what was collected, in one step with the receiver itself if it is a poll.
func (r *Receiver) take(ctx context.Context, b Batch) (Batch, error) {
	ends := b.End != nil
	switch {
	case r.id == "":
		if ends {
			r.drop()
		}
		return b, nil
	case r.upto == r.told && !r.carrier.Once && !ends:
		return b, nil
	}
	letsGo := r.carrier.Once && !ends
	if err := r.keep(ctx, r.upto, letsGo); err != nil {
		return Batch{}, r.over(ctx, err)
	}
	r.told = r.upto
	if ends {
		_ = r.s.End(context.WithoutCancel(ctx), r.id, *b.End) // its entry is still there: if nobody hears of it, the next receiver finds it again
	}
	if letsGo || ends {
		r.drop()
	}
	return b, nil
}

// keep says that the receiver is still the one, or was until now.
func (r *Receiver) keep(ctx context.Context, ack store.Cursor, letsGo bool) error {
	r.telling <- struct{}{}
	defer func() { <-r.telling }()
	h := store.Held{Socket: r.id, Attach: r.attach, TTL: r.s.held(), Ack: ack, Inbox: r.s.inbox()}
	if letsGo {
		h.TTL, h.Inbox = r.s.cfg.Away, ""
		r.mu.Lock()
		r.attached = false
		r.mu.Unlock()
	}
	kept, err := r.s.keep(ctx, h)
	switch {
	case err != nil:
		return err
	case kept.Status == store.Replaced:
		return ErrMoved
	case kept.Status == store.Rewound:
		return r.s.lost(ctx, r.id)
	}
	return r.s.ended(kept.Status, kept.Socket)
}

// over is the end of a Next that has nothing. Who can come again lets go.
func (r *Receiver) over(ctx context.Context, err error) error {
	_, gone := errors.AsType[*Gone](err)
	letsGo := errors.Is(err, ErrClosed) && !r.carrier.WebSocket || errors.Is(err, context.DeadlineExceeded) && r.carrier.Once
	switch {
	case letsGo:
		if r.id != "" {
			if failed := r.keep(ctx, r.told, true); failed != nil {
				err = failed
			}
		}
		r.drop()
	case gone, errors.Is(err, ErrMoved), errors.Is(err, ErrUnknown):
		r.drop()
	}
	if errors.Is(err, ErrUnknown) {
		return &Gone{Why: r.s.cfg.Expired} // it was there
	}
	return err
}

// Leave ends a stream in order; the session goes on, and its client comes again. What it returns is still to be written.
func (r *Receiver) Leave(ctx context.Context) (Batch, error) {
	var b Batch
	if r.hang() {
		b.Messages = []Message{{}} // the link is over
	}
	defer r.drop()
	if r.id == "" {
		return b, nil
	}
	if err := r.keep(ctx, r.told, true); err != nil {
		return Batch{}, err
	}
	return b, nil
}

// Broken says that the client is gone, or what was written did not arrive: the session ends, unless somebody else receives it.
func (r *Receiver) Broken() {
	r.mu.Lock()
	_, gone := errors.AsType[*Gone](r.failed)
	over := gone || errors.Is(r.failed, ErrMoved)
	r.mu.Unlock()
	defer r.drop()
	if over || r.id == "" {
		return
	}
	ctx := context.WithoutCancel(r.request.Context())
	if r.keep(ctx, r.told, r.isDropped()) == nil {
		_ = r.s.End(ctx, r.id, Gone{Why: "transport close"})
	}
}

// drop holds nothing here any more.
func (r *Receiver) drop() {
	if r == nil {
		return
	}
	r.hang()
	r.s.release(r)
}

func (r *Receiver) isDropped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Pause waits for a time, if it is one; false: ctx has ended.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
