package redis

import (
	"strconv"
	"strings"

	"github.com/sojourn-go/sojourn/store"
)

// A message on a channel is fields, each ended by a line break, and data. The first field is its kind:
//
//	a <who> <prev> <cursor> data   an entry was added
//	A <who> <prev> <cursor>        the same; the data is too large to be sent along
//	v <who> data                   volatile
//	m <who> <number>               moved
//	p <text>                       a probe; it says nothing
//
// In an inbox, who is the socket. On a topic's channel it is the inbox of the watch whose owner committed the entry, and needs no notice.
const (
	kindAdded    = "a"
	kindLarge    = "A"
	kindVolatile = "v"
	kindMoved    = "m"
	kindProbe    = "p"
)

func volatileToTopic(data []byte) string { return kindVolatile + "\n\n" + string(data) }

// parseNotice reads a message. ok is false for one that is not for the watch, or not understood: a newer version may
// have sent it.
func (w *watch) parseNotice(channel, message string) (n store.Notice, ok bool) {
	kind, rest, _ := strings.Cut(message, "\n")
	who, rest, _ := strings.Cut(rest, "\n")
	n.Socket = who
	if channel != w.channel {
		if who == w.inbox {
			return n, false
		}
		n.Socket = ""
		n.Topic, ok = strings.CutPrefix(channel, w.store.topicChannel(""))
		if !ok || n.Topic == "" {
			return n, false
		}
	}
	switch kind {
	case kindAdded, kindLarge:
		prev, rest, _ := strings.Cut(rest, "\n")
		at, data, _ := strings.Cut(rest, "\n")
		c, err := parseCursor(at)
		if err != nil || c.Offset == 0 || len(c.Tag) != tagLength {
			return n, false
		}
		n.Kind, n.Prev, n.Entry.Cursor = store.Added, prev, c
		if kind == kindAdded {
			n.Entry.Data = []byte(data)
		}
	case kindVolatile:
		n.Kind, n.Entry.Data = store.Volatile, []byte(rest)
	case kindMoved:
		number, err := strconv.ParseUint(rest, 10, 64)
		if err != nil {
			return n, false
		}
		n.Kind, n.Number = store.Moved, number
	default:
		return n, false
	}
	return n, true
}
