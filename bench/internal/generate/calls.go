package generate

import "fmt"

// calls has connections make calls: each so many at once, or all together at a steady pace, one after the other.
type calls struct {
	*generator
	payload []byte
	turn    int // the connection whose turn it is
}

func (j *calls) begin() {
	if j.spec.Rate > 0 {
		return
	}
	for _, c := range j.conns {
		for range j.spec.Ahead {
			j.call(c, j.now())
		}
		c.send()
	}
}

func (j *calls) due(at int64) {
	c := j.conns[j.turn]
	j.turn = (j.turn + 1) % len(j.conns)
	j.call(c, at)
	c.send()
}

// call makes a call that should be made at a time.
func (j *calls) call(c *conn, at int64) {
	stamp(j.payload, c.n, at)
	c.n++
	c.waiting++
	c.talk.Call(&c.out, j.payload)
	if j.on {
		j.result.Sent++
	}
}

func (j *calls) came(c *conn, payload []byte) {
	n, at, ok := stamped(payload, c.n-c.waiting-1)
	if c.waiting--; !ok || n < 0 || n >= c.n || c.waiting < 0 {
		j.fail(fmt.Errorf("generate: answered %q, which was not asked", payload))
		return
	}
	j.got(at)
	if j.spec.Rate == 0 {
		j.call(c, j.now()) // written after all that was read
	}
}

func (j *calls) looked(int64) {}

// overdue takes the last calls of a connection for those without answer.
func (j *calls) overdue(now int64) {
	for i, c := range j.conns {
		for n := c.n - c.waiting; n < c.n; n++ {
			j.latency.add(now - j.first - int64(n*len(j.conns)+i)*int64(j.every))
		}
	}
}
