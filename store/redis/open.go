package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/store"
)

var (
	_ store.Store     = (*Store)(nil)
	_ store.Volatiler = (*Store)(nil)
	_ store.Checker   = (*Store)(nil)
)

// Options configure a [Store]. The zero Options are good.
type Options struct {
	// Prefix begins the names of all keys and channels. Default: "sj1", where 1 is the version of the layout.
	Prefix string

	// Cell is the hash tag of all keys. Stores of one server with different cells know nothing of each other. Default: "0".
	Cell string

	// Logger is told of a set-up that could not be examined, and of lost connections. Default: [slog.Default].
	Logger *slog.Logger

	// AllowEviction lets the store start on a Redis whose maxmemory-policy evicts keys. It will forget conversations that are
	// going on, whole or, worse, a topic or a timer of them.
	AllowEviction bool

	// MaxEntries and MaxBytes bound what a socket's stream may hold unacknowledged: entries, and bytes of their data. Beyond them
	// all of it is let go, see [store.Append]. Stores that share a cell should share them. 0: [store.MaxEntries], [store.MaxBytes].
	MaxEntries, MaxBytes int

	// OffsetClockForTests is added to Redis's clock in every call, so that tests need not wait. Stores that share a cell must
	// share it. nil: the clock is Redis's.
	OffsetClockForTests func() time.Duration
}

// How long a connection may take to be made, and to answer, before it counts as broken.
const (
	dialTimeout   = 3 * time.Second
	answerTimeout = 4 * time.Second
)

// connBuffer is how much a connection reads and writes at a time. There are three: for commands, for what is noticed, and one that rueidis holds beside that. A server reads
// 16 KiB at a time, and hundreds of commits fit: the client's default, half a mebibyte each way, is not quicker.
const connBuffer = 64 << 10

// Store is one cell in a Redis server. Its methods may be called at once from any number of goroutines.
type Store struct {
	client  rueidis.Client
	opts    Options
	prefix  string    // of keys and channels
	agendas [4]string // the keys that every script is given first: the deadlines, meta, the errands, the rolls
	sharded bool      // notices go through the slot's channels

	closed  atomic.Bool
	mu      sync.Mutex
	watches map[*watch]struct{} // nil once closed
}

// Open connects to the Redis server, or cluster, at url, as in "redis://user:password@host:6379/0", "rediss://..." for TLS, or
// "unix:///path/to/socket?db=0". It returns an error if the server cannot be reached, or may evict keys (see [Store.Check]).
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	o.Prefix = cmp.Or(o.Prefix, "sj1")
	o.Cell = cmp.Or(o.Cell, "0")
	o.Logger = cmp.Or(o.Logger, slog.Default())
	o.MaxEntries = cmp.Or(o.MaxEntries, store.MaxEntries)
	o.MaxBytes = cmp.Or(o.MaxBytes, store.MaxBytes)
	if strings.ContainsAny(o.Prefix+o.Cell, "{}\n") {
		return nil, errors.New("redis: open: Prefix and Cell must not contain braces or line breaks")
	}
	co, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis: open: %w", err)
	}
	co.Dialer.Timeout = cmp.Or(co.Dialer.Timeout, dialTimeout)
	co.ConnWriteTimeout = cmp.Or(co.ConnWriteTimeout, answerTimeout)
	co.RetryDelay = retryDelay // see Errors in the package's documentation
	co.DisableCache = true     // nothing is cached here
	co.AlwaysRESP2 = true      // subscriptions have a connection of their own
	co.ReadBufferEachConn = connBuffer
	co.WriteBufferEachConn = connBuffer
	co.PipelineMultiplex = -1 // one connection for commands: a server has one core for scripts, so more are only more that break
	client, err := rueidis.NewClient(co)
	if err != nil {
		return nil, fmt.Errorf("redis: open: %w", err)
	}
	prefix := o.Prefix + ":{" + o.Cell + "}:"
	s := &Store{
		client:  client,
		opts:    o,
		prefix:  prefix,
		agendas: [4]string{prefix + "d", prefix + "m", prefix + "e", prefix + "g"},
		watches: map[*watch]struct{}{},
	}
	err = s.onAllNodes(func(node rueidis.Client) error {
		return errors.Join(s.examine(ctx, node, true), load(ctx, node))
	})
	if err == nil {
		err = s.findChannels(ctx)
	}
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("redis: open: %w", err)
	}
	return s, nil
}

// Check implements [store.Checker]: it returns an error if the server does not answer, or evicts keys. A server that
// does not let itself be asked passes; Open has logged a warning.
func (s *Store) Check(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.onAllNodes(func(node rueidis.Client) error { return s.examine(ctx, node, false) }); err != nil {
		return fmt.Errorf("redis: check: %w", err)
	}
	return nil
}

// onAllNodes does something with every server there is: one, or those of a cluster.
func (s *Store) onAllNodes(do func(node rueidis.Client) error) error {
	for _, node := range s.client.Nodes() {
		if err := do(node); err != nil {
			return err
		}
	}
	return nil
}

// examine reports a server that does not answer or evicts keys. At start it also warns of what cannot be found out.
func (s *Store) examine(ctx context.Context, node rueidis.Client, starting bool) error {
	replies := node.DoMulti(ctx,
		node.B().Ping().Build(),
		node.B().ConfigGet().Parameter("maxmemory-policy").Build())
	if err := replies[0].Error(); err != nil {
		return err
	}
	config, err := replies[1].AsStrMap()
	if refused := new(rueidis.RedisError); errors.As(err, &refused) {
		if starting {
			s.opts.Logger.Warn("redis: could not find out whether this server evicts keys; its maxmemory-policy must be noeviction",
				"error", refused.Error())
		}
		return nil
	}
	if err != nil {
		return err
	}
	policy := config["maxmemory-policy"]
	if policy == "noeviction" {
		return nil
	}
	if s.opts.AllowEviction {
		if starting {
			s.opts.Logger.Warn("redis: this server evicts keys and will forget conversations", "maxmemory-policy", policy)
		}
		return nil
	}
	return fmt.Errorf("maxmemory-policy is %q: this server may evict keys, and forget conversations; set it to noeviction "+
		"(Options.AllowEviction starts all the same)", policy)
}

// ready returns the error of a call that need not be tried.
func (s *Store) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	return nil
}

// Close ends all watches and connections. What Redis remembers stays. Every method returns [store.ErrClosed] from then on.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.mu.Lock()
	watches := s.watches
	s.watches = nil
	s.mu.Unlock()
	for w := range watches {
		w.stop()
	}
	s.client.Close()
	return nil
}

// unique returns a name that nobody has used or will use.
func unique() string { return rand.Text() }

// The names of things as keys.
func (s *Store) socketKey(id string) string  { return s.prefix + "s:" + id }
func (s *Store) topicKey(name string) string { return s.prefix + "t:" + name }
func (s *Store) itemKey(id string) string    { return s.prefix + "i:" + id }
func (s *Store) onceKey(key string) string   { return s.prefix + "k:" + key }

// The names of channels, which prelude.lua knows as well.
func (s *Store) inboxChannel(inbox string) string { return s.prefix + "I:" + inbox }
func (s *Store) topicChannel(topic string) string { return s.prefix + "T:" + topic }
