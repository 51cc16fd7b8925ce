package generate

// connects has connections opened and left, and opened again: by new conversations, or by those that go on.
type connects struct {
	*generator
	begun bool
}

func (j *connects) begin() {
	j.begun = true
	for _, c := range j.conns {
		j.again(c)
	}
}

// stands counts a connection that was begun again, and leaves it.
func (j *connects) stands(c *conn) {
	if !j.begun {
		j.generator.stands(c)
		return
	}
	j.got(c.since)
	if j.on {
		j.result.Sent++
	}
	j.again(c)
}

// again leaves the connection and begins the next.
func (j *connects) again(c *conn) {
	c.close()
	if j.spec.Work == Connect {
		c.talk, _ = j.spec.session(c.index) // which was checked
	}
	if err := c.dial(); err != nil {
		j.fail(err)
	}
}

func (j *connects) due(int64)          {}
func (j *connects) came(*conn, []byte) {}
func (j *connects) looked(int64)       {}
func (j *connects) overdue(int64)      {}
