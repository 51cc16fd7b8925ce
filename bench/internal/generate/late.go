package generate

import (
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sojourn-go/sojourn/bench/internal/dialect"
)

// Late is what those got who had been stuck, when they read again: until each has something that was published then, or for as long as catchUp.
type Late struct {
	Got    int
	Missed int // what was left out
	Untold int // of that, what was left out without a word: the server did not say so, nor was the connection cut where conversations do not go on
	Cut    int // connections that had been cut, and were opened again
}

// catchUp is how long those who were stuck have to catch up.
const catchUp = 10 * time.Second

// late is a connection's part of that.
type late struct {
	mark   int  // number of the message with which it has caught up
	warned bool // it knows that the next message may not be the one after the last
}

// stop has the connection read no more, and notice nothing.
func (c *conn) stop() {
	c.stuck, c.late = true, &late{}
	_ = unix.EpollCtl(c.epoll, unix.EPOLL_CTL_DEL, c.fd, nil)
}

// wake has it read again.
func (c *conn) wake(mark int) error {
	c.stuck, c.late.mark, c.asked = false, mark, true
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(c.fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, c.fd, &e))
}

// wasCut counts that the connection was cut off. Where it is, is seen when it stands again.
func (c *conn) wasCut() {
	c.result.Late.Cut++
	c.late.mark, c.late.warned = math.MaxInt, !dialect.Resumes(c.spec.Dialect)
}

// wake has those read who were stuck.
func (j *follow) wake() error {
	j.woken, j.after = j.now(), true
	for _, c := range j.conns[:j.spec.Stuck] {
		if err := c.wake(j.published); err != nil {
			return err
		}
	}
	j.due(j.woken)
	return nil
}

// takeLate counts a delivery to one who was stuck.
func (j *follow) takeLate(c *conn, n int) {
	j.result.Late.Got++
	j.leftOut(c, n-c.last-1)
	c.late.warned = false
}

func (j *follow) leftOut(c *conn, messages int) {
	if j.result.Late.Missed += messages; !c.late.warned {
		j.result.Late.Untold += messages
	}
}

// lookAfter ends when all have caught up, or have had the time to. Who is back needs a message to see where he is.
func (j *follow) lookAfter(now int64) {
	over := now-j.woken > int64(catchUp)
	if !over && now-j.progress > int64(stall) {
		j.progress = now
		j.due(now)
	}
	for _, c := range j.conns[:j.spec.Stuck] {
		behind := c.last < c.late.mark
		if behind && !over {
			return
		}
		if behind {
			j.leftOut(c, j.published-1-c.last)
		}
	}
	_ = j.out.Encode(Event{What: "caught up", Result: &j.result})
	j.fail(errDone)
}
