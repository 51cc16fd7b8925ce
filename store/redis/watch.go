package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/store"
)

// A subscription can fall silent without its connection breaking. So a watch sends itself a message now and then, and
// connects anew when two of them have not come back. A connection that does not answer at all the client finds out about.
const probeInterval = 3 * time.Second

// How long to wait before connecting again, when that has failed: doubled each time.
const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

var (
	errSilent      = errors.New("the subscription has fallen silent")
	errMoved       = errors.New("the cell has moved to another server")
	errUnconnected = errors.New("not connected")
)

// watch is a connection that is subscribed to its inbox and to topics, and a goroutine that makes another one when it breaks.
type watch struct {
	store   *Store
	inbox   string
	channel string // of the inbox
	deliver func(store.Notice)
	probe   time.Duration

	ctx    context.Context // ends with the watch
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	moved chan struct{} // holds something when the server has ended the subscriptions

	delivering sync.Mutex    // one notice at a time, also while connections take turns
	changing   chan struct{} // holds something while subscriptions are changed by Topics

	mu     sync.Mutex
	topics map[string]struct{}     // that are wanted
	conn   rueidis.DedicatedClient // that is subscribed to the inbox and all of topics; nil: there is none
	unseen int                     // probes sent since something came in
}

// Watch implements [store.Store]. While its connection is broken a watch tries to make another one, subscribes again and delivers
// a Resync notice. Its Close returns when deliver is not running and will not be called again, so deliver must not call it.
func (s *Store) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	return s.watch(ctx, deliver, probeInterval)
}

func (s *Store) watch(ctx context.Context, deliver func(store.Notice), probe time.Duration) (store.Watch, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	w := &watch{
		store: s, inbox: unique(), deliver: deliver, probe: probe,
		done: make(chan struct{}), changing: make(chan struct{}, 1), moved: make(chan struct{}, 1), topics: map[string]struct{}{},
	}
	w.channel = s.inboxChannel(w.inbox)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	conn, broken, err := w.connect(ctx)
	if err != nil {
		w.cancel()
		return nil, s.failed("watch", err)
	}
	s.mu.Lock()
	closed := s.watches == nil
	if !closed {
		s.watches[w] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		w.cancel()
		conn.Close()
		return nil, store.ErrClosed
	}
	go w.run(conn, broken)
	return w, nil
}

func (w *watch) Inbox() string { return w.inbox }

// Topics implements [store.Watch]. After an error the topics are those that were asked for all the same, but the change may
// not be in force before the next Resync notice, or another call.
func (w *watch) Topics(ctx context.Context, add, drop []string) error {
	if err := w.store.ready(ctx); err != nil {
		return err
	}
	select {
	case w.changing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.changing }()

	w.mu.Lock()
	conn := w.conn
	for _, t := range drop {
		delete(w.topics, t)
	}
	for _, t := range add {
		w.topics[t] = struct{}{}
	}
	w.mu.Unlock()
	if w.ctx.Err() != nil {
		return store.ErrClosed
	}
	err := errUnconnected
	if conn != nil {
		err = w.subscribe(ctx, conn, w.channels(add), w.channels(drop))
	}
	if err != nil {
		return w.store.failed("watch", err)
	}
	return nil
}

func (w *watch) channels(topics []string) []string {
	channels := make([]string, len(topics))
	for i, t := range topics {
		channels[i] = w.store.topicChannel(t)
	}
	return channels
}

// subscribe drops and adds channels. A server carries a command out whole before it answers, so the first
// acknowledgement, which this waits for, is that of all channels.
func (w *watch) subscribe(ctx context.Context, conn rueidis.DedicatedClient, add, drop []string) error {
	if len(drop) > 0 {
		if err := conn.Do(ctx, w.store.unsubscribe(conn.B(), drop)).Error(); err != nil {
			return err
		}
	}
	if len(add) > 0 {
		return conn.Do(ctx, w.store.subscribe(conn.B(), add)).Error()
	}
	return nil
}

// connect makes a connection that is subscribed to the inbox and all topics. broken yields when it ends.
func (w *watch) connect(ctx context.Context) (conn rueidis.DedicatedClient, broken <-chan error, err error) {
	select {
	case <-w.moved: // the connection before
	default:
	}
	conn, _ = w.store.client.Dedicate()
	broken = conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: w.message, OnSubscription: w.subscription})
	add, drop := []string{w.channel}, []string(nil)
	for subscribed := map[string]struct{}{}; ; {
		if err := w.subscribe(ctx, conn, add, drop); err != nil {
			conn.Close()
			return nil, nil, err
		}
		// Topics may have asked for others meanwhile.
		w.mu.Lock()
		add, drop = w.difference(subscribed)
		if len(add)+len(drop) == 0 {
			w.conn, w.unseen = conn, 0
			w.mu.Unlock()
			return conn, broken, nil
		}
		w.mu.Unlock()
	}
}

// difference makes subscribed, a set of topics, equal to that which is wanted, and returns the channels this takes.
func (w *watch) difference(subscribed map[string]struct{}) (add, drop []string) {
	for t := range subscribed {
		if _, ok := w.topics[t]; !ok {
			delete(subscribed, t)
			drop = append(drop, w.store.topicChannel(t))
		}
	}
	for t := range w.topics {
		if _, ok := subscribed[t]; !ok {
			subscribed[t] = struct{}{}
			add = append(add, w.store.topicChannel(t))
		}
	}
	return add, drop
}

// run replaces connections that break, until the watch is closed.
func (w *watch) run(conn rueidis.DedicatedClient, broken <-chan error) {
	defer close(w.done)
	for {
		err := w.hold(broken)
		w.mu.Lock()
		w.conn = nil
		w.mu.Unlock()
		conn.Close()
		if w.ctx.Err() != nil {
			return
		}
		w.store.opts.Logger.Warn("redis: watch: connection lost", "error", err)
		if conn, broken = w.reconnect(); conn == nil {
			return
		}
		w.hand(store.Notice{Kind: store.Resync})
	}
}

// hold returns when the connection does not serve any more.
func (w *watch) hold(broken <-chan error) error {
	ticker := time.NewTicker(w.probe)
	defer ticker.Stop()
	for {
		select {
		case err := <-broken:
			return err
		case <-w.moved:
			return errMoved
		case <-w.ctx.Done():
			return nil
		case <-ticker.C:
			if err := w.sendProbe(); err != nil {
				return err
			}
		}
	}
}

func (w *watch) sendProbe() error {
	w.mu.Lock()
	silent := w.unseen >= 2
	w.unseen++
	w.mu.Unlock()
	if silent {
		return errSilent
	}
	ctx, cancel := context.WithTimeout(w.ctx, w.probe)
	defer cancel()
	if err := w.store.client.Do(ctx, w.store.publish(w.channel, kindProbe+"\n")).Error(); err != nil {
		w.seen() // one that was not sent says nothing of the subscription
	}
	return nil
}

func (w *watch) seen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unseen = 0
}

// reconnect returns a connection, or nil when the watch was closed.
func (w *watch) reconnect() (rueidis.DedicatedClient, <-chan error) {
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		ctx, cancel := context.WithTimeout(w.ctx, dialTimeout)
		conn, broken, err := w.connect(ctx)
		cancel()
		if err == nil {
			return conn, broken
		}
		select {
		case <-w.ctx.Done():
			return nil, nil
		case <-time.After(backoff):
		}
	}
}

// message is called by the connection for each message, one at a time.
func (w *watch) message(m rueidis.PubSubMessage) {
	w.seen()
	if n, ok := w.parseNotice(m.Channel, m.Message); ok {
		w.hand(n)
	}
}

// subscription is called by the connection for each subscription that began or ended. A server that gives a slot away ends those
// of its channels, also the inbox's, which the watch itself never does.
func (w *watch) subscription(change rueidis.PubSubSubscription) {
	if change.Kind == "sunsubscribe" && change.Channel == w.channel {
		select {
		case w.moved <- struct{}{}:
		default:
		}
	}
}

func (w *watch) hand(n store.Notice) {
	w.delivering.Lock()
	defer w.delivering.Unlock()
	if w.ctx.Err() == nil {
		w.deliver(n)
	}
}

// Close implements [store.Watch].
func (w *watch) Close() error {
	w.store.mu.Lock()
	delete(w.store.watches, w)
	w.store.mu.Unlock()
	w.stop()
	return nil
}

// stop returns when nothing of the watch runs any more.
func (w *watch) stop() {
	w.cancel()
	<-w.done
	w.delivering.Lock() // whoever delivers has ended; nobody begins
	defer w.delivering.Unlock()
}
