package transporttest

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/transports"
)

// board is a switchboard that does what the check says, and notes what the transport does.
type board struct {
	t     *testing.T
	links chan *link  // as they are opened
	up    chan string // frames that came up, whichever way

	mu     sync.Mutex
	all    []*link
	refuse error // what Open returns
	reject error // what Push and Post return
	hangs  bool  // Push and Post wait for the end of their contexts
}

func newBoard(t *testing.T) *board {
	return &board{t: t, links: make(chan *link, 64), up: make(chan string, 1024)}
}

var greeting = []byte(`h{"id":"kit"}`)

func (b *board) Open(r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return nil, b.refuse
	}
	k := &link{
		b: b, hello: string(hello), carrier: c, request: r,
		down: make(chan pulled, 64), closed: make(chan struct{}),
	}
	b.all = append(b.all, k)
	b.links <- k
	return k, nil
}

func (b *board) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	for _, f := range frames[1:] {
		if err := b.take(r.Context(), f); err != nil {
			return nil, err
		}
	}
	return [][]byte{[]byte("a1,0")}, nil
}

// take takes one frame that came up.
func (b *board) take(ctx context.Context, frame []byte) error {
	b.mu.Lock()
	reject, hangs := b.reject, b.hangs
	b.mu.Unlock()
	if hangs {
		<-ctx.Done()
	}
	if reject == nil {
		reject = ctx.Err()
	}
	if reject == nil {
		b.up <- string(frame)
	}
	return reject
}

func (b *board) hang(hangs bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hangs = hangs
}

func (b *board) set(refuse, reject error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse, b.reject = refuse, reject
}

// open returns how many links are.
func (b *board) open() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.all {
		select {
		case <-k.closed:
		default:
			n++
		}
	}
	return n
}

type pulled struct {
	frames [][]byte
	err    error
}

// link is a connection as the switchboard sees it.
type link struct {
	b       *board
	hello   string
	carrier transports.Carrier
	request *http.Request
	down    chan pulled   // what the next Pulls return
	closed  chan struct{} // closed by Close

	mu             sync.Mutex
	greeted        bool
	pulls, pushing int
	closes         int
}

// give makes one Pull, or Take, return the frames.
func (k *link) give(frames ...string) { k.end(nil, frames...) }

// end makes one Pull, or Take, return the frames with an error.
func (k *link) end(err error, frames ...string) {
	k.down <- pulled{lines(frames), err}
	if k.carrier.Ready != nil {
		k.carrier.Ready(true)
	}
}

func (k *link) Push(ctx context.Context, frame []byte) error {
	k.enter(&k.pushing)
	defer k.leave(&k.pushing)
	return k.b.take(ctx, frame)
}

func (k *link) Take(frames [][]byte) ([][]byte, error) {
	k.enter(&k.pulls)
	defer k.leave(&k.pulls)
	if k.carrier.Ready == nil || k.carrier.Once {
		k.b.t.Error("Take was called on a link without a Ready, or that carries once")
	}
	if !k.greeted {
		k.greeted = true
		frames = append(frames, greeting)
	}
	select {
	case p := <-k.down:
		k.carrier.Ready(false) // there may be more
		return append(frames, p.frames...), p.err
	default:
		return frames, nil
	}
}

func (k *link) Pull(ctx context.Context) ([][]byte, error) {
	k.enter(&k.pulls)
	defer k.leave(&k.pulls)
	if k.carrier.Ready != nil {
		k.b.t.Error("Pull was called on a link with a Ready")
	}
	var head [][]byte
	if !k.greeted {
		head = [][]byte{greeting}
		k.greeted = true
		if !k.carrier.Once {
			return head, nil
		}
	} else if k.carrier.Once {
		k.b.t.Error("Pull was called twice on a link that carries once")
	}
	select {
	case p := <-k.down:
		return append(head, p.frames...), p.err
	case <-ctx.Done():
		if k.carrier.Once {
			return head, nil
		}
		return nil, ctx.Err()
	}
}

func (k *link) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closes++; k.closes == 1 {
		close(k.closed)
	}
}

func (k *link) enter(calls *int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if *calls++; *calls > 1 {
		k.b.t.Error("two calls of Push, or two of Pull or Take, at once on one link")
	}
	if k.closes > 0 {
		k.b.t.Error("Push, Pull or Take was called on a link that was closed")
	}
}

func (k *link) leave(calls *int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	*calls--
}

func lines(frames []string) [][]byte {
	b := make([][]byte, len(frames))
	for i, f := range frames {
		b[i] = []byte(f)
	}
	return b
}
