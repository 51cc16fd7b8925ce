package framework

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// What waits in a link for a slow client, at most. Entries of streams do not wait in links: they are in the store.
const (
	maxControls = 64
	maxNotices  = 256

	maxSpare = 4 // entries for which an idle link keeps room
)

// link is one connection of a socket: a cursor in each of its streams and some frames that belong to the connection alone. A client that
// never reads has nothing queued for it here but what the constants above allow.
//
// The fields below mu may be touched by anybody; the others belong to the goroutine that pulls or takes, and while fetching to the one that fetches.
type link struct {
	srv     *Server
	sock    *socket
	carrier transports.Carrier
	attach  uint64
	fresh   bool // the client waits for the hello: a poll is answered at once
	tries   int  // of message first
	first   uint64
	woken   chan struct{} // capacity 1; of a link that is pulled
	closing sync.Once

	greeted bool
	cursor  store.Cursor  // the own stream has been delivered up to here
	spare   []store.Entry // takes turns with notices
	loss    []byte        // tells that entries before it are lost, and has not been sent

	woke  atomic.Bool  // since the last fetch began: another may find something
	quiet atomic.Int32 // so many are bringing something down that look for it themselves

	mu       sync.Mutex
	fetching *fetch          // for who takes; nil: there is none whose frames were not taken
	said     *credentials    // nil: nobody asks who the client is
	reread   bool            // the own stream has to be read
	notices  []store.Entry   // of the own stream, contiguous from tip
	tip      store.Cursor    // cursor, or the last of notices
	latest   uint64          // highest offset that was noticed since the last read began
	controls [][]byte        // frames of this connection alone
	taken    chan struct{}   // closed when controls are taken; nil: nobody waits for that
	acked    []byte          // the latest acknowledgement, not yet sent
	volatile [][]byte        // volatile frames: dropped when there are too many
	subs     []*sub          // changed only by whom the fields above belong to, who may read them without mu
	closed   bool            // nothing is followed any more
	ending   *protocol.Close // to be told, then EOF
	ended    bool
	ack      store.Cursor // the client has its stream up to here
	ackSaid  store.Cursor // and the store knows so
}

func (l *link) wake() {
	if l.carrier.Ready != nil {
		l.woke.Store(true)
		if l.quiet.Load() == 0 {
			l.carrier.Ready(false)
		}
		return
	}
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// quietly runs what brings something down the link, if any, whose transport looks anyway when that is done: nobody is woken for it.
func (l *link) quietly(f func()) {
	if l != nil && l.carrier.Ready != nil {
		l.quiet.Add(1)
		defer l.quiet.Add(-1)
	}
	f()
}

// notice takes a notice about the socket.
func (l *link) notice(n store.Notice, attempt string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n.Kind {
	case store.Moved:
		if n.Number == 0 {
			l.reread = true // it has ended: the store says how
		} else if n.Number > l.attach {
			l.endLocked(&protocol.Close{Code: protocol.CodeReplaced})
		}
	case store.Volatile:
		if n.Entry.Data[0] == renewalKind {
			l.renewLocked(n.Entry.Data)
			return
		}
		l.volatileLocked(volatileFrame(n.Entry.Data))
	default:
		l.latest = max(l.latest, n.Entry.Offset)
		switch {
		case n.Entry.Offset <= l.tip.Offset:
			return // a repeat
		case len(l.notices) < maxNotices && follows(l.tip, n, attempt):
			l.notices = append(l.notices, n.Entry)
			l.tip = n.Entry.Cursor
		default:
			l.reread = true
		}
	}
	l.wake()
}

// recheck has the own stream read.
func (l *link) recheck() {
	l.mu.Lock()
	l.reread = true
	l.mu.Unlock()
	l.wake()
}

// end ends the connection: the client is told why, then it is over.
func (l *link) end(why *protocol.Close) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked(why)
}

func (l *link) endLocked(why *protocol.Close) {
	if l.ending == nil {
		l.ending = why
	}
	l.wake()
}

// control sends a frame of this connection alone.
func (l *link) control(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.controlLocked(frame)
}

func (l *link) controlLocked(frame []byte) {
	if len(l.controls) >= maxControls+l.srv.cfg.Limits.Volatile {
		l.endLocked(&protocol.Close{Code: protocol.CodeFull, Why: "answers are not read"})
		return
	}
	l.controls = append(l.controls, frame)
	l.wake()
}

func (l *link) volatileLocked(frame []byte) {
	if len(l.volatile) < maxControls {
		l.volatile = append(l.volatile, frame)
	}
	l.wake()
}

func volatileFrame(data []byte) []byte { return join(data[:1], ",", data[1:]) }

// isClosed tells whether nobody needs the link any more.
func (l *link) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Pull implements transports.Link.
func (l *link) Pull(ctx context.Context) ([][]byte, error) {
	for {
		frames, err := l.collect(ctx)
		if err != nil || l.isClosed() {
			return frames, cmp.Or(err, io.EOF)
		}
		if l.enough(frames) {
			return frames, nil
		}
		if err := l.wait(ctx); err != nil {
			if l.carrier.Once && !l.isClosed() {
				return l.hello(frames), nil
			}
			return nil, err
		}
	}
}

// fetch is what is being collected for who takes.
type fetch struct {
	cancel context.CancelFunc
	over   chan struct{} // closed when it is done

	done   bool // guarded by the link's mutex, as what follows
	frames [][]byte
	err    error
}

// Take implements transports.Link.
func (l *link) Take(frames [][]byte) (_ [][]byte, err error) {
	l.mu.Lock()
	switch f := l.fetching; {
	case f != nil && !f.done, l.closed:
		l.mu.Unlock()
		return frames, nil
	case f != nil:
		frames, err, l.fetching = append(frames, f.frames...), f.err, nil
	case l.ended:
		err = io.EOF
	}
	l.mu.Unlock()
	if err != nil {
		return frames, err
	}
	if !l.greeted {
		frames = l.hello(frames)
	}
	frames, ok := l.atHand(frames)
	if !ok && l.woke.Swap(false) {
		l.fetch()
		return frames, nil
	}
	frames, over := l.takeControls(frames)
	if over {
		return frames, io.EOF
	}
	return frames, nil
}

// fetch collects what the store has to be asked for, so that who takes need not wait.
func (l *link) fetch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &fetch{cancel: cancel, over: make(chan struct{})}
	l.fetching = f
	go func() {
		defer cancel()
		defer close(f.over)
		frames, err := l.collect(ctx)
		l.mu.Lock()
		f.done, f.frames, f.err = true, frames, err
		l.mu.Unlock()
		l.carrier.Ready(true)
	}()
}

// enough tells whether frames are worth returning: to a poll that is not the first its hello alone is not.
func (l *link) enough(frames [][]byte) bool {
	return len(frames) > 0 || !l.greeted && (!l.carrier.Once || l.fresh)
}

// wait waits for something new.
func (l *link) wait(ctx context.Context) error {
	var expired <-chan time.Time
	if left := l.expiring(); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-l.woken:
	case <-expired:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// atHand appends the frames of entries that this instance knows of. It is not ok if the store has to be asked: for what then follows on them.
func (l *link) atHand(frames [][]byte) (_ [][]byte, ok bool) {
	l.mu.Lock()
	if l.reread {
		l.mu.Unlock()
		return frames, false
	}
	entries := l.notices
	l.notices, l.spare = l.spare[:0], nil
	l.mu.Unlock()
	frames = l.own(frames, entries)
	if clear(entries); cap(entries) <= maxSpare {
		l.spare = entries[:0]
	}
	return l.fromTails(frames)
}

// collect returns the frames that can be sent now. The store being away is not the connection's end: it waits.
func (l *link) collect(ctx context.Context) (frames [][]byte, err error) {
	l.expiring()
	l.mu.Lock()
	reread, ended := l.reread, l.ended
	if l.reread {
		l.reread, l.latest = false, 0
	}
	l.mu.Unlock()
	if ended {
		return nil, io.EOF
	}
	if reread {
		frames, err = l.readOwn(ctx)
	} else {
		frames = l.takeNotices()
	}
	if err == nil {
		frames, err = l.readTopics(ctx, frames)
	}
	if err != nil && !l.isClosed() {
		l.unread(ctx, err)
	}
	frames, over := l.takeControls(frames)
	if len(frames) > 0 || l.enough(frames) {
		frames = l.hello(frames)
	}
	if over {
		return frames, io.EOF
	}
	return frames, nil
}

// unread has the own stream read again, after an error: at once if ctx has ended, by who pulls next, else when the store has had some time.
func (l *link) unread(ctx context.Context, err error) {
	if ctx.Err() != nil {
		l.mu.Lock()
		l.reread = true
		l.mu.Unlock()
		return
	}
	l.srv.log.Debug("the store does not answer a connection", "socket", l.sock.id, "error", err)
	l.recheck()
	if l.carrier.Ready == nil {
		<-l.woken
	}
	sleep(ctx, time.Second)
}

// hello puts the hello in front of the connection's first frames.
func (l *link) hello(frames [][]byte) [][]byte {
	if l.greeted {
		return frames
	}
	l.greeted = true
	in, top := l.sock.applied()
	hello := protocol.HelloDown{
		ID: l.sock.id, In: in, At: top.Offset,
		Heartbeat: int(l.carrier.Heartbeat / time.Second), TTL: int(l.srv.cfg.TTL / time.Second),
	}
	return append([][]byte{hello.Append(nil)}, frames...)
}

// takeNotices returns frames for the entries of the own stream that notices brought.
func (l *link) takeNotices() [][]byte {
	l.mu.Lock()
	entries := l.notices
	l.notices = nil
	l.mu.Unlock()
	return l.own(nil, entries)
}

// readOwn reads the own stream from the store.
func (l *link) readOwn(ctx context.Context) ([][]byte, error) {
	replies, err := l.srv.store.Read(ctx, []store.Query{{Socket: l.sock.id, Entries: true, After: l.cursor}})
	if err != nil {
		return nil, err
	}
	r := replies[0]
	switch {
	case r.Status == store.Gone || r.Status == store.Missing:
		l.end(endOf(r.Sock))
		return nil, nil
	case r.Rewound && !l.cursor.IsZero():
		l.end(&protocol.Close{Code: protocol.CodeRewound, In: &r.Sock.Number})
		return nil, nil
	case r.Status == store.Lost:
		l.loss = lostFrame("", r.From, "expired")
	}
	if r.Status == store.Lost || l.cursor.IsZero() {
		l.cursor = r.From
	}
	frames := l.own(nil, r.Entries)
	l.mu.Lock()
	l.notices, l.tip = nil, l.cursor
	if l.cursor.Offset < max(r.Top.Offset, l.latest) { // there is more than one read returns, or was noticed meanwhile
		l.reread = true
		l.wake()
	}
	l.mu.Unlock()
	return frames, nil
}

// endOf is what a client is told of a socket that has ended.
func endOf(s store.Socket) *protocol.Close {
	c := &protocol.Close{Code: protocol.CodeGone, Why: s.Why}
	if s.Code != 0 {
		c.Code = protocol.Code(s.Code)
	}
	if s.ID != "" {
		c.In = &s.Number
	}
	return c
}

func lostFrame(id string, at store.Cursor, why string) []byte {
	b := append([]byte{byte(protocol.Lost)}, id...)
	return append(at.Append(append(b, ',')), ","+why...)
}

// own appends frames for entries of the own stream, after the news that some before them are lost, and follows what they say about subscriptions.
func (l *link) own(frames [][]byte, entries []store.Entry) [][]byte {
	if l.loss != nil {
		frames, l.loss = append(frames, l.loss), nil
	}
	for _, e := range entries {
		if len(e.Data) == 0 || e.Offset <= l.cursor.Offset && !l.cursor.IsZero() {
			continue
		}
		b := make([]byte, 0, 24+len(e.Data))
		b = append(e.Cursor.Append(append(b, e.Data[0])), ',')
		frames = append(frames, append(b, e.Data[1:]...))
		l.cursor = e.Cursor
		switch protocol.Kind(e.Data[0]) {
		case protocol.Subscribed:
			if f := bytes.Split(e.Data[1:], []byte{','}); len(f) == 3 {
				c, _ := protocol.ParseCursor(f[2]) // as the store wrote it
				l.subscribe(store.Sub{Topic: string(f[0]), ID: string(f[1]), Cursor: c, Begin: c.Offset})
			}
		case protocol.Unsubscribed:
			if i := slices.IndexFunc(l.subs, func(s *sub) bool { return s.id == string(e.Data[1:]) }); i >= 0 {
				l.unsubscribe(l.subs[i])
			}
		}
	}
	return frames
}

// takeControls appends the frames of this connection alone; over tells that they are its last.
func (l *link) takeControls(frames [][]byte) (all [][]byte, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	frames = append(frames, l.controls...)
	if l.acked != nil {
		frames = append(frames, l.acked)
	}
	frames = append(frames, l.volatile...)
	l.controls, l.acked, l.volatile = nil, nil, nil
	l.takenLocked()
	if l.ending == nil {
		return frames, false
	}
	l.ended = true
	return append(frames, l.ending.Append(nil)), true
}

// takenLocked tells those who wait for room.
func (l *link) takenLocked() {
	if l.taken != nil {
		close(l.taken)
		l.taken = nil
	}
}

// Close implements transports.Link.
func (l *link) Close() {
	l.closing.Do(func() {
		l.mu.Lock()
		l.closed = true
		f := l.fetching
		if l.said != nil && l.said.alarm != nil {
			l.said.alarm.Stop()
		}
		l.takenLocked()
		l.mu.Unlock()
		l.wake()
		if f != nil {
			f.cancel()
			<-f.over
		}
		l.srv.hub.leave(l)
		l.srv.aways.left(l)
		l.dropTopics()
		l.srv.hub.sweep(context.Background())
	})
}
