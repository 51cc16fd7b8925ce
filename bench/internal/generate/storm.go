package generate

import (
	"fmt"
	"math"

	"github.com/sojourn-go/sojourn/bench/internal/dialect"
)

// storm has all connections cut, something published meanwhile, and all back at once: a deploy. It is over when each goes on: has what was published
// after all were back. Where conversations do not go on it is over when all are back.
type storm struct {
	*follow
	phase phase
	count int   // connections for which the phase is over
	since int64 // when it began
	mark  int   // number of the message that shows who goes on
}

// phase is how far a storm has come.
type phase int

const (
	settling  phase = iota // until each has had a message, and so is somewhere in the topic
	returning              // until each stands again
	goingOn                // until each has had a message that was published then
)

const (
	missed = 10  // messages that are published while nobody is there
	atOnce = 512 // connections that come back at a time, so that the kernel's queue of connections holds them
)

func (j *storm) enter(p phase) { j.phase, j.count, j.since, j.progress = p, 0, j.now(), j.now() }

func (j *storm) begin() {
	j.ends = math.MaxInt64 // not by the clock
	j.enter(settling)
	j.due(j.now())
}

// cut leaves all connections and begins to come back, to where things are published.
func (j *storm) cut() {
	j.beginMeasuring(j.now())
	j.ends = math.MaxInt64
	j.enter(returning)
	for _, c := range j.conns {
		c.close()
	}
	for range missed {
		j.due(j.now())
	}
	j.moved, j.asks = true, 0
	j.comeBack()
}

func (j *storm) comeBack() {
	for ; j.asks < len(j.conns) && j.asks-j.count < atOnce; j.asks++ {
		if err := j.conns[j.asks].dial(); err != nil {
			j.fail(err)
			return
		}
	}
}

// stands counts a connection that is back.
func (j *storm) stands(c *conn) {
	if j.phase != returning {
		j.generator.stands(c)
		return
	}
	j.count++
	if j.comeBack(); j.count < len(j.conns) {
		return
	}
	if !dialect.Resumes(j.spec.Dialect) {
		j.over()
	} else {
		j.enter(goingOn)
		j.mark = j.published
		j.due(j.now())
	}
}

func (j *storm) came(c *conn, payload []byte) {
	before := c.last
	j.take(c, payload)
	if j.phase == settling && before < 0 || j.phase == goingOn && before < j.mark && c.last >= j.mark {
		j.count++
	}
	if j.phase == goingOn && j.count == len(j.conns) {
		j.over()
	}
}

func (j *storm) over() {
	j.result.Messages = j.count
	j.endMeasuring(j.now())
}

// looked goes on when all are settled. Who did not quite follow when the first message was published needs another one.
func (j *storm) looked(now int64) {
	switch {
	case j.open < len(j.conns):
	case now-j.since > int64(patience):
		j.fail(fmt.Errorf("generate: after %v only %d of %d connections have come through phase %d of the storm", patience, j.count, len(j.conns), j.phase))
	case j.phase == settling && j.count == len(j.conns):
		j.cut()
	case j.phase == settling && now-j.progress > int64(stall):
		j.progress = now
		j.due(now)
	}
}
