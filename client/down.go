package client

import (
	"github.com/sojourn-go/sojourn/protocol"
)

// welcome takes the answer to the hello with number attach.
func (v *conversation) welcome(attach uint64, h protocol.HelloDown) {
	v.live = attach
	v.known = true
	if attach == v.attach { // what the hello said is known
		v.unsaidAuth = false
	}
	v.commit(h.In, h.At)
}

// apply takes one frame from the connection whose hello had number attach, and returns what the program is to be told. The
// error, if any, is a [*protocol.Close] or wraps [protocol.ErrMalformed]; the connection is over then.
//
// Frames other than hellos from a connection that is not live are dropped. Move is the caller's.
func (v *conversation) apply(attach uint64, line []byte) ([]delivery, error) {
	f, err := protocol.ParseFrame(line)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Kind == protocol.Closed && (attach == v.attach || attach == v.live): // also instead of a hello
		c, err := protocol.ParseClose(f)
		if err != nil {
			return nil, err
		}
		if attach != v.attach && (c.Code == protocol.CodeReplaced || c.Code == protocol.CodeStale) {
			return nil, nil // by a newer one of our own
		}
		return nil, c
	case f.Kind == protocol.Welcome && attach >= v.live:
		h, err := protocol.ParseWelcome(line)
		if err != nil {
			return nil, err
		}
		v.welcome(attach, h)
	case attach == v.live:
		err = v.applyLive(f, len(line))
	}
	return v.news(), err
}

func (v *conversation) applyLive(f protocol.Frame, size int) error {
	switch f.Kind {
	case protocol.Answer, protocol.AnswerError, protocol.Event, protocol.Question, protocol.Subscribed, protocol.Unsubscribed:
		return v.applyOwn(f, size)
	case protocol.Entry, protocol.Skip, protocol.Snapshot:
		return v.applyTopic(f)
	case protocol.Lost:
		return v.applyLost(f)
	case protocol.Committed, protocol.Gap, protocol.VolatileAnswer, protocol.VolatileError:
		return v.applyReply(f)
	case protocol.Ping:
		v.ponging = true
	}
	return nil // of a kind that we do not know
}

// applyOwn takes an entry of the socket's own stream.
func (v *conversation) applyOwn(f protocol.Frame, size int) (err error) {
	cursor, err := f.Cursor(0)
	if err != nil {
		return err
	}
	if len(f.Field(0)) > 0 { // else it is volatile
		if cursor.Offset <= v.own.Offset {
			return nil // a repeat
		}
		before := v.own
		v.own = cursor
		v.unsaid++
		v.unsaidLen += size
		defer func() {
			if err != nil { // what cannot be read was not received
				v.own = before
			}
		}()
	}
	switch f.Kind {
	case protocol.Answer, protocol.AnswerError:
		var n uint64
		if n, err = f.Number(1); err != nil {
			return err
		}
		if f.Kind == protocol.Answer {
			v.settleNamed(n, f.Payload, nil)
		} else {
			v.settleNamed(n, nil, errorOf(f.Payload))
		}
	case protocol.Event:
		v.out = append(v.out, delivery{method: string(f.Field(1)), payload: f.Payload})
	case protocol.Question:
		v.out = append(v.out, delivery{ask: string(f.Field(1)), method: string(f.Field(2)), payload: f.Payload})
	case protocol.Subscribed:
		err = v.applySubscribed(f)
	case protocol.Unsubscribed:
		v.applyUnsubscribed(string(f.Field(1)))
	}
	v.settleReached()
	return err
}

func (v *conversation) applySubscribed(f protocol.Frame) error {
	cursor, err := f.Cursor(3)
	if err != nil {
		return err
	}
	if t := v.topics[string(f.Field(1))]; t != nil {
		delete(v.ids, t.id)
		t.id, t.cursor, t.had = string(f.Field(2)), cursor, true
		v.ids[t.id] = t
	}
	return nil
}

func (v *conversation) applyUnsubscribed(id string) {
	t := v.ids[id]
	if t == nil {
		return
	}
	delete(v.ids, id)
	t.id = ""
	if !t.leaving { // the program of the server did it
		delete(v.topics, t.name)
		v.out = append(v.out, delivery{topic: t, entry: Entry{Topic: t.name, Lost: "unsubscribed"}})
	}
}

// applyTopic takes an entry or the state of a topic.
func (v *conversation) applyTopic(f protocol.Frame) error {
	cursor, err := f.Cursor(1)
	t := v.ids[string(f.Field(0))]
	if err != nil || t == nil {
		return err
	}
	if f.Kind == protocol.Snapshot {
		// It is sent when our cursor was of no use: whether it lies before or after says nothing.
		t.cursor = cursor
	} else if len(f.Field(1)) > 0 {
		if cursor.Offset <= t.cursor.Offset {
			return nil // a repeat
		}
		t.cursor = cursor
	}
	if f.Kind != protocol.Skip {
		v.out = append(v.out, delivery{topic: t, entry: Entry{
			Topic: t.name, Cursor: cursor, Payload: f.Payload, Snapshot: f.Kind == protocol.Snapshot,
		}})
	}
	return nil
}

// applyLost takes the news that entries up to a cursor are lost.
func (v *conversation) applyLost(f protocol.Frame) error {
	cursor, err := f.Cursor(1)
	if err != nil {
		return err
	}
	why := string(f.Field(2))
	// A hello's cursor may be older than ours by the time it is answered: then it can be that nothing is lost to us.
	have := func(mine protocol.Cursor) bool {
		return mine == cursor || why == "expired" && mine.Offset >= cursor.Offset
	}
	if id := f.Field(0); len(id) > 0 {
		t := v.ids[string(id)]
		if t == nil || have(t.cursor) {
			return nil
		}
		t.cursor = cursor
		v.out = append(v.out, delivery{topic: t, entry: Entry{Topic: t.name, Cursor: cursor, Lost: why}})
		return nil
	}
	if have(v.own) {
		return nil
	}
	v.own = cursor
	v.unsaid++
	for _, m := range v.waiting {
		m.doubt = true
	}
	for _, m := range v.queue[:v.sentEver()] {
		m.doubt = true
	}
	v.out = append(v.out, delivery{lost: why})
	v.settleReached()
	return nil
}

// sentEver counts the messages of queue that were sent, on this connection or before.
func (v *conversation) sentEver() int {
	n := 0
	for n < len(v.queue) && v.queue[n].n != 0 {
		n++
	}
	return n
}

// applyReply takes a frame that tells what became of messages, on a connection or as response to a request of this conversation's.
func (v *conversation) applyReply(f protocol.Frame) error {
	n, err := f.Number(0)
	if err != nil {
		return err
	}
	switch f.Kind {
	case protocol.Committed:
		at, err := f.Number(1)
		if err != nil {
			return err
		}
		v.commit(n, at)
	case protocol.Gap:
		if n > v.in && !v.gap(n) {
			return &protocol.Close{Code: protocol.CodeSilent, Why: "the instance waits for a message that we do not have"}
		}
	case protocol.VolatileAnswer, protocol.VolatileError:
		if m := v.asked[n]; m != nil {
			delete(v.asked, n)
			if f.Kind == protocol.VolatileAnswer {
				m.settle(f.Payload, nil)
			} else {
				m.settle(nil, errorOf(f.Payload))
			}
		}
	}
	return nil
}
