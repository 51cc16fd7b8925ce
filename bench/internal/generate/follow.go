package generate

import (
	"fmt"
	"time"
)

// follow publishes to all connections: at a steady pace, or so that so many messages are under way. They may be spread over topics: each is published to in turn, and counts its own.
type follow struct {
	*generator
	payload   []byte
	paths     []string // of the topics
	turn      int      // the topic whose turn it is
	published int      // in the first topic: at most one more than in the others
	behind    int      // deliveries that are expected of what is published, saturated
	progress  int64    // when the last delivery came
	woken     int64    // when those who were stuck began to read again
}

// stall is how long a saturated run waits for deliveries before it takes them for lost.
const stall = 200 * time.Millisecond

func (j *follow) begin() {
	j.progress = j.now()
	if j.spec.Rate == 0 {
		j.publishMore()
	}
}

func newFollow(g *generator) *follow {
	j := &follow{generator: g, payload: newPayload(g.spec.Bytes)}
	for i := range g.spec.Topics {
		path := "/publish"
		if name := g.spec.topic(i); name != "" {
			path += "/" + name
		}
		j.paths = append(j.paths, path)
	}
	return j
}

// readers are how many connections get what is published next. Those that are stuck later are not waited for.
func (j *follow) readers() int {
	topics := len(j.paths)
	return (len(j.conns) - j.spec.Stuck - j.turn + topics - 1) / topics
}

func (j *follow) publishMore() {
	for j.behind <= (j.spec.Ahead-1)*j.readers() {
		j.behind += j.readers()
		j.due(j.now())
	}
}

func (j *follow) due(at int64) {
	if j.turn == 0 {
		j.published++
	}
	stamp(j.payload, j.published-1, at)
	j.post(j.paths[j.turn], j.payload)
	j.turn = (j.turn + 1) % len(j.paths)
	if j.on {
		j.result.Sent++
	}
}

func (j *follow) came(c *conn, payload []byte) {
	if j.take(c, payload); j.spec.Rate == 0 && j.failed == nil {
		j.publishMore()
	}
}

// take takes a delivery and checks its number.
func (j *follow) take(c *conn, payload []byte) {
	n, at, ok := stamped(payload, c.last)
	if !ok || n <= c.last || n >= j.published {
		j.fail(fmt.Errorf("generate: %q was delivered after number %d of %d", payload, c.last, j.published))
		return
	}
	if j.on && c.last >= 0 { // else it was not quite subscribed when the others were published
		j.result.Missing += n - c.last - 1
	}
	if c.late != nil {
		j.takeLate(c, n)
	}
	j.behind -= n - c.last
	c.last = n
	j.progress = j.got(at)
}

// stands notes where a connection that was cut off is again.
func (j *follow) stands(c *conn) {
	if j.after {
		c.late.mark = j.published
		return
	}
	j.generator.stands(c)
}

func (j *follow) looked(now int64) {
	if j.after {
		j.lookAfter(now)
		return
	}
	if j.spec.Rate == 0 && j.open == len(j.conns) && now-j.progress > int64(stall) {
		j.progress, j.behind = now, 0
		j.publishMore()
		if j.on {
			j.result.Stalls++
		}
	}
}

func (j *follow) overdue(now int64) {
	for _, c := range j.conns {
		for n := c.last + 1; n < j.published && !c.stuck; n++ {
			j.latency.add(now - j.first - int64(n)*int64(j.every))
		}
	}
}
