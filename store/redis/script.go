package redis

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/store"
)

// The scripts, one for each operation, and what they have in common.
var (
	//go:embed lua/prelude.lua
	preludeLua string
	//go:embed lua/records.lua
	recordsLua string
	//go:embed lua/message.lua
	messageLua string
	//go:embed lua/publish.lua
	publishLua string
	//go:embed lua/commit.lua
	commitLua string
	//go:embed lua/attach.lua
	attachLua string
	//go:embed lua/read.lua
	readLua string
	//go:embed lua/keep.lua
	keepLua string
	//go:embed lua/claim.lua
	claimLua string
	//go:embed lua/volatile.lua
	volatileLua string

	commitScript   = newScript("commit", false, messageLua, recordsLua, publishLua, commitLua)
	attachScript   = newScript("attach", true, recordsLua, attachLua)
	readScript     = newScript("read", true, recordsLua, readLua)
	keepScript     = newScript("keep", true, keepLua)
	claimScript    = newScript("claim", false, recordsLua, claimLua)
	volatileScript = newScript("volatile", false, volatileLua)

	scripts = []*script{commitScript, attachScript, readScript, keepScript, claimScript, volatileScript}
)

type script struct {
	name, text, sha string
	again           bool // comes to the same the second time: may be sent again after a connection broke
}

// newScript returns a script of some parts, before which the prelude stands.
func newScript(name string, again bool, parts ...string) *script {
	text := preludeLua + strings.Join(parts, "")
	sha := sha1.Sum([]byte(text))
	return &script{name: name, text: text, sha: hex.EncodeToString(sha[:]), again: again}
}

// exec runs the script on a server, which is sent the text if it does not know it.
//
// Commands that may be sent again are pinned, that is, not used again by the client's pool: when a connection breaks such a command is given back when another has answered
// it, while the broken connection's writer may still be reading it, and the next one would be written over it. (rueidis.Lua does not pin.)
func (sc *script) exec(ctx context.Context, client rueidis.Client, c *call) rueidis.RedisResult {
	send := func(cmd rueidis.Completed) rueidis.RedisResult {
		if sc.again {
			cmd = cmd.ToRetryable().Pin()
		}
		return client.Do(ctx, cmd)
	}
	n := int64(len(c.keys))
	reply := send(client.B().Evalsha().Sha1(sc.sha).Numkeys(n).Key(c.keys...).Arg(c.args...).Build())
	if refused, ok := rueidis.IsRedisErr(reply.Error()); ok && refused.IsNoScript() {
		reply = send(client.B().Eval().Script(sc.text).Numkeys(n).Key(c.keys...).Arg(c.args...).Build())
	}
	return reply
}

// retryDelay is how long to wait before sending again what may be sent again: once, after a connection that broke. One that did
// not answer for its whole time has cost enough.
func retryDelay(attempt int, _ rueidis.Completed, err error) time.Duration {
	if attempt > 1 || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return -1
	}
	return 5 * time.Millisecond
}

// load makes the scripts known to a server, so that running one is one round trip. A server that has forgotten
// them, or never knew them, is sent the text when it says so.
func load(ctx context.Context, node rueidis.Client) error {
	var cmds rueidis.Commands
	for _, sc := range scripts {
		cmds = append(cmds, node.B().ScriptLoad().Script(sc.text).Build())
	}
	for i, reply := range node.DoMulti(ctx, cmds...) {
		if err := reply.Error(); err != nil {
			return fmt.Errorf("script %s: %w", scripts[i].name, err)
		}
	}
	return nil
}

// call is a script's keys and arguments while they are collected.
type call struct {
	keys  []string
	index map[string]int // place in keys, from 1 as Lua counts, of those that were declared
	args  []string
}

// calls are used again, since each commit is one. Those that have grown large are not.
var calls = sync.Pool{New: func() any { return &call{index: map[string]int{}} }}

const largeCall = 1024 // arguments

// newCall begins a call: with the agendas, the clock's offset, the prefix and how to publish. run ends it.
func (s *Store) newCall() *call {
	var offset time.Duration
	if s.opts.OffsetClockForTests != nil {
		offset = s.opts.OffsetClockForTests()
	}
	c := calls.Get().(*call)
	c.keys = append(c.keys, s.agendas[:]...)
	c.duration(offset)
	c.strings(s.prefix, s.publishCommand())
	return c
}

func (c *call) end() {
	if cap(c.args) > largeCall {
		return
	}
	clear(c.keys)
	clear(c.args)
	clear(c.index)
	c.keys, c.args = c.keys[:0], c.args[:0]
	calls.Put(c)
}

func (c *call) declare(key string) int {
	i := c.index[key]
	if i == 0 {
		c.keys = append(c.keys, key)
		i = len(c.keys)
		c.index[key] = i
	}
	return i
}

func (c *call) key(name string) { c.int(c.declare(name)) }
func (c *call) string(v string) { c.args = append(c.args, v) }
func (c *call) bytes(v []byte)  { c.args = append(c.args, string(v)) }
func (c *call) int(v int)       { c.args = append(c.args, strconv.Itoa(v)) }
func (c *call) duration(v time.Duration) {
	c.args = append(c.args, strconv.FormatInt(milliseconds(v), 10))
}
func (c *call) cursor(v store.Cursor) { c.number(v.Offset); c.string(v.Tag) }
func (c *call) strings(v ...string)   { c.args = append(c.args, v...) }

// number adds a number that a client may have made up. Above 2^53 Lua does not tell numbers apart, and they are of no use to anybody.
func (c *call) number(v uint64) { c.args = append(c.args, strconv.FormatUint(min(v, 1<<53), 10)) }

func (c *call) bool(v bool) {
	if v {
		c.string("1")
	} else {
		c.string("")
	}
}

// milliseconds rounds up: what is to happen after a time does not happen before.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

// run runs a script and returns its reply, a list.
func (s *Store) run(ctx context.Context, sc *script, c *call) ([]rueidis.RedisMessage, error) {
	defer c.end()
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	reply, err := sc.exec(ctx, s.client, c).ToArray()
	if err != nil {
		return nil, s.failed(sc.name, err)
	}
	return reply, nil
}

// failed wraps the error of an operation. One that Close has cut short is ErrClosed.
func (s *Store) failed(operation string, err error) error {
	if s.closed.Load() {
		return store.ErrClosed
	}
	return fmt.Errorf("redis: %s: %w", operation, err)
}
