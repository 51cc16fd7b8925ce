package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	opening   = 64                   // connections that are opened at a time
	tickEvery = 5 * time.Millisecond // between looks at the clock
	finest    = 50 * time.Microsecond
	patience  = 60 * time.Second // that the generator has with all connections' opening, and each ...
	each      = 2 * time.Millisecond
	readSize  = 1 << 20
)

// generator is the event loop. All that is not said to be otherwise belongs to its thread.
type generator struct {
	spec  Spec
	out   *json.Encoder
	start time.Time
	goOn  <-chan struct{} // says that those who were stuck can read again
	left  <-chan struct{} // closed when the connections can go

	epoll  int
	tick   int // a timerfd, which has the clock looked at
	pace   int // a timerfd, of messages that are due; 0: none is paced
	every  time.Duration
	first  int64 // when the first paced message was due
	next   int64 // when the next is
	buffer []byte
	byFD   []*conn
	conns  []*conn
	side   *conn // for POSTs, from the first on: servers give up connections on which they hear nothing
	failed error

	job   job
	after bool  // it was measured: those who were stuck read again
	moved bool  // connections go where things are published
	open  int   // connections that stand, or did
	asks  int   // connections that were begun
	dials int   // the same, each time that they were
	ends  int64 // when what goes on now is over
	measured
}

// measured is what is counted while it is measured.
type measured struct {
	on      bool
	since   int64
	cpu     time.Duration // of the process, at the beginning
	latency histogram
	result  Result
}

// job is what connections are for.
type job interface {
	// stands is called when a connection does.
	stands(c *conn)
	// begin is called when all connections do.
	begin()
	// due sends what should be sent at a time.
	due(at int64)
	// came takes a payload that came to a connection.
	came(c *conn, payload []byte)
	// looked is called each tick.
	looked(now int64)
	// overdue adds to the latencies what should have come by now, and has not: else who stalls to the end is not seen.
	overdue(now int64)
}

func newGenerator(spec Spec, out *json.Encoder, goOn, left <-chan struct{}) (*generator, error) {
	g := &generator{out: out, start: time.Now(), goOn: goOn, left: left, buffer: make([]byte, readSize)}
	err := spec.check()
	if err != nil {
		return g, err
	}
	g.spec = spec
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return g, fmt.Errorf("generate: epoll: %w", err)
	}
	switch spec.Work {
	case Call:
		g.job = &calls{generator: g, payload: newPayload(spec.Bytes)}
	case Follow:
		g.job = newFollow(g)
	case Connect, Resume:
		g.job = &connects{generator: g}
	case Storm:
		g.job = &storm{follow: newFollow(g)}
	case Hold:
		g.job = &hold{generator: g}
	default:
		return g, fmt.Errorf("generate: no work %q", spec.Work)
	}
	return g, nil
}

// now is the time since the generator began, in nanoseconds.
func (g *generator) now() int64 { return int64(time.Since(g.start)) }

func (g *generator) fail(err error) {
	if g.failed == nil {
		g.failed = err
	}
}

// run opens, warms up, measures and reports.
func (g *generator) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer g.closeAll()
	var err error
	if g.tick, err = g.timer(tickEvery); err != nil {
		return err
	}
	g.ends = int64(patience + time.Duration(g.spec.Connections)*each)
	for i := range g.spec.Connections {
		c := &conn{generator: g, index: i, last: -1}
		if c.talk, err = g.spec.session(i); err != nil {
			return err
		}
		g.conns = append(g.conns, c)
	}
	g.openMore()
	events := make([]unix.EpollEvent, 256)
	for g.failed == nil {
		n, err := unix.EpollWait(g.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("generate: epoll: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			g.happened(int(e.Fd), e.Events)
		}
	}
	if g.failed != errDone {
		return g.failed
	}
	<-g.left
	return nil
}

var errDone = errors.New("generate: done")

func (g *generator) happened(fd int, events uint32) {
	switch fd {
	case g.tick:
		expired(fd)
		now := g.now()
		g.look(now)
		g.job.looked(now)
	case g.pace:
		expired(fd)
		for now := g.now(); g.next <= now; g.next += int64(g.every) {
			g.job.due(g.next)
		}
	default:
		if c := g.byFD[fd]; c != nil {
			if err := c.happened(events); err != nil {
				g.broke(c, err)
			}
		}
	}
}

// broke deals with a connection that is of no use any more.
func (g *generator) broke(c *conn, err error) {
	if g.after && c.late != nil { // the server has cut it off, as it may
		c.wasCut()
		c.close()
		if err = c.dial(); err == nil {
			return
		}
	}
	g.fail(fmt.Errorf("generate: after %v, %d of %d connections open: %w", time.Duration(g.now()).Round(time.Millisecond), g.open, len(g.conns), err))
}

// openMore begins connections until enough are being opened.
func (g *generator) openMore() {
	for g.asks < len(g.conns) && g.asks-g.open < opening {
		if err := g.conns[g.asks].dial(); err != nil {
			g.fail(err)
			return
		}
		g.asks++
	}
}

// stands counts a connection.
func (g *generator) stands(*conn) {
	g.open++
	if g.openMore(); g.open < len(g.conns) {
		return
	}
	_ = g.out.Encode(Event{What: "open"})
	g.ends = g.now() + int64(g.spec.Warm)
	if g.job.begin(); g.spec.Rate > 0 {
		g.every = time.Duration(float64(time.Second) / g.spec.Rate)
		g.first = g.now()
		g.next = g.first
		var err error
		if g.pace, err = g.timer(max(g.every, finest)); err != nil {
			g.fail(err)
		}
	}
}

// look begins to measure, and ends.
func (g *generator) look(now int64) {
	switch {
	case now < g.ends:
	case g.open < len(g.conns):
		g.fail(fmt.Errorf("generate: after %v only %d of %d connections stand", time.Duration(now).Round(time.Millisecond), g.open, len(g.conns)))
	case !g.on:
		g.beginMeasuring(now)
	case g.spec.Stuck > 0 && !g.conns[0].stuck:
		g.result.Before = g.takeLatency(now)
		g.ends = now + int64(g.spec.Measure-g.spec.Measure/3)
		for _, c := range g.conns[:g.spec.Stuck] {
			c.stop()
		}
		_ = g.out.Encode(Event{What: "stuck"})
	default:
		g.endMeasuring(now)
	}
}

func (g *generator) beginMeasuring(now int64) {
	g.measured = measured{on: true, since: now, cpu: processorTime()}
	g.ends = now + int64(g.spec.Measure)
	if g.spec.Stuck > 0 {
		g.ends = now + int64(g.spec.Measure/3)
	}
	_ = g.out.Encode(Event{What: "begin"})
}

func (g *generator) endMeasuring(now int64) {
	r := &g.result
	r.Seconds = float64(now-g.since) / 1e9
	r.CPU = (processorTime() - g.cpu).Seconds()
	r.Latency = g.takeLatency(now)
	_ = g.out.Encode(Event{What: "end", Result: r})
	g.on, g.ends = false, math.MaxInt64
	if f, ok := g.job.(*follow); ok && g.spec.Stuck > 0 {
		g.afterwards(f)
	} else {
		g.fail(errDone)
	}
}

// afterwards has those read who were stuck, as soon as others have looked at the server.
func (g *generator) afterwards(f *follow) {
	_ = unix.TimerfdSettime(g.pace, 0, &unix.ItimerSpec{}, nil)
	select {
	case <-g.goOn:
		if err := f.wake(); err != nil {
			g.fail(err)
		}
	case <-g.left:
		g.fail(errDone)
	}
}

// takeLatency returns what the latency was so far, and forgets it.
func (g *generator) takeLatency(now int64) Latency {
	if g.spec.Rate > 0 {
		g.job.overdue(now)
	}
	taken := g.latency.latency()
	g.latency = histogram{}
	return taken
}

// got counts a message that came now, and should have been sent at a time.
func (g *generator) got(at int64) (now int64) {
	now = g.now()
	if g.on {
		g.result.Messages++
		if at != noTime {
			g.latency.add(now - at)
		}
	}
	return now
}

// timer returns a descriptor that becomes readable at intervals.
func (g *generator) timer(every time.Duration) (int, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err == nil {
		t := unix.NsecToTimespec(int64(every))
		err = unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: t, Value: t}, nil)
	}
	if err == nil {
		err = unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
	if err != nil {
		return 0, fmt.Errorf("generate: a timer: %w", err)
	}
	return fd, nil
}

func expired(timer int) {
	var count [8]byte
	_, _ = unix.Read(timer, count[:])
}

// processorTime is what the process has used so far.
func processorTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (g *generator) closeAll() {
	for _, c := range g.byFD {
		if c != nil {
			c.close()
		}
	}
	for _, fd := range []int{g.tick, g.pace, g.epoll} {
		if fd > 0 {
			_ = unix.Close(fd)
		}
	}
}

// hold keeps connections, and answers what the server wants answered, for as long as they may stay.
type hold struct{ *generator }

func (h *hold) begin() { h.ends = math.MaxInt64 }

func (h *hold) looked(int64) {
	select {
	case <-h.left:
		h.fail(errDone)
	default:
	}
}

func (h *hold) due(int64)          {}
func (h *hold) came(*conn, []byte) {}
func (h *hold) overdue(int64)      {}
