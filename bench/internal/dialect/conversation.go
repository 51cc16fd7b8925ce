package dialect

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// conversation is what a client of Sojourn remembers, on all transports: docs/protocol.md.
type conversation struct {
	key    string
	name   string // of the topic: of the kind "news", and "all" where there is one only
	attach int    // number of the last hello
	own    []byte // cursor in the own stream; empty: none yet
	topic  []byte // cursor in the topic; empty: not subscribed
	unsaid int    // entries of the own stream since the server was told ...
	bytes  int    // ... and of these
	said   []byte // the last hello
}

// How many entries of its own stream a client leaves unacknowledged, and of how many bytes.
const (
	ackEntries = 64
	ackBytes   = 64 << 10
)

// owes tells whether it is time to acknowledge, which it then does.
func (c *conversation) owes() bool {
	if c.unsaid < ackEntries && c.bytes < ackBytes {
		return false
	}
	c.unsaid, c.bytes = 0, 0
	return true
}

func newConversation(s Setting) conversation {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return conversation{key: base64.RawURLEncoding.EncodeToString(b[:]), name: "news/" + cmp.Or(s.Topic, "all")}
}

// hello returns the first frame of a connection. It is valid until the next one.
func (c *conversation) hello() []byte {
	c.attach++
	b := append(append(c.said[:0], `H{"v":1,"key":"`...), c.key...)
	b = strconv.AppendInt(append(b, `","c":`...), int64(c.attach), 10)
	if c.attach > 1 {
		b = append(append(append(b, `,"cur":"`...), c.cursor()...), '"')
	}
	if len(c.topic) > 0 {
		b = append(append(append(b, `,"in":1,"topics":{"`...), c.name...), `":"`...)
		b = append(append(b, c.topic...), `"}`...)
	}
	c.unsaid, c.bytes = 0, 0
	c.said = append(b, '}')
	return c.said
}

// cursor is where the client is in its own stream.
func (c *conversation) cursor() []byte {
	if len(c.own) == 0 {
		return beginning
	}
	return c.own
}

var beginning = []byte("0.")

// subscription is a first message, that subscribes, as a POST takes it.
func (c *conversation) subscription() []byte {
	return fmt.Appendf(nil, "K%s,%s,0\nS1,%s", c.key, c.cursor(), c.name)
}

var errMalformed = errors.New("dialect: a frame that is not of the protocol")

// hear takes one frame. It tells answers, what was published, and that a subscription stands; all else is the transport's.
func (c *conversation) hear(frame []byte, h Hearer) error {
	header, payload, _ := bytes.Cut(frame, []byte{'|'})
	if len(header) == 0 {
		return errMalformed
	}
	switch kind, fields := header[0], header[1:]; kind {
	case 'r': // <cursor>,<n>
		cursor, _, _ := bytes.Cut(fields, []byte{','})
		c.own = append(c.own[:0], cursor...)
		c.unsaid++
		c.bytes += len(payload)
		h.Came(payload)
	case 'v':
		h.Came(payload)
	case 't': // <id>,<cursor>; without a cursor it is volatile
		_, cursor, _ := bytes.Cut(fields, []byte{','})
		if len(cursor) > 0 {
			c.topic = append(c.topic[:0], cursor...)
		}
		h.Came(payload)
	case 's': // <cursor>,<topic>,<id>,<cursor2>
		cursor, _, _ := bytes.Cut(fields, []byte{','})
		c.own = append(c.own[:0], cursor...)
		c.topic = append(c.topic[:0], fields[bytes.LastIndexByte(fields, ',')+1:]...)
		c.unsaid++
		h.Opened()
	case 'l': // <id>,<cursor>,<why>
		id, rest, _ := bytes.Cut(fields, []byte{','})
		cursor, _, _ := bytes.Cut(rest, []byte{','})
		if len(id) == 0 || len(cursor) == 0 {
			return fmt.Errorf("dialect: Sojourn says %q", frame)
		}
		c.topic = append(c.topic[:0], cursor...)
		h.Lost()
	case 'x', 'y', 'z', 'g', 'u':
		return fmt.Errorf("dialect: Sojourn says %q", frame)
	}
	return nil
}
