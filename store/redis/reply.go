package redis

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/sojourn-go/sojourn/store"
)

// reply reads a script's answer, element after element. The first error stays, and makes everything after it zero.
type reply struct {
	list []rueidis.RedisMessage
	err  error
}

var errShort = errors.New("a reply shorter than it should be")

func (r *reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reply) more() bool { return r.err == nil && len(r.list) > 0 }

func (r *reply) next() (m rueidis.RedisMessage) {
	if !r.more() {
		r.fail(errShort)
		return m
	}
	m, r.list = r.list[0], r.list[1:]
	return m
}

func (r *reply) string() string {
	m := r.next()
	if r.err != nil {
		return ""
	}
	v, err := m.ToString()
	if err != nil {
		r.fail(err)
	}
	return v
}

// bytes returns nil for what is absent, and never nil for what is there, even if it is empty. It is the reply's memory, of which each text has its own.
func (r *reply) bytes() []byte {
	m := r.next()
	if r.err != nil || m.IsNil() {
		return nil
	}
	v, err := m.AsBytes()
	if err != nil {
		r.fail(err)
	}
	if len(v) == 0 {
		return []byte{}
	}
	return v
}

// integer reads a number that a script has counted, or one of a client's, which is kept as text.
func (r *reply) integer() int64 {
	m := r.next()
	if r.err != nil {
		return 0
	}
	v, err := m.AsInt64()
	if err != nil {
		r.fail(err)
	}
	return v
}

func (r *reply) number() uint64 {
	v := r.integer()
	if v < 0 {
		r.fail(fmt.Errorf("a number below 0: %d", v))
		return 0
	}
	return uint64(v)
}

// due is a NextDue: negative if nothing is known to be due.
func (r *reply) due() time.Duration {
	v := r.integer()
	if v < 0 {
		return -1
	}
	if v > math.MaxInt64/int64(time.Millisecond) {
		r.fail(fmt.Errorf("due in %d ms", v))
		return 0
	}
	return time.Duration(v) * time.Millisecond
}

func (r *reply) cursor() store.Cursor { return r.parseCursor(r.string()) }

func (r *reply) parseCursor(text string) store.Cursor {
	c, err := parseCursor(text)
	if err != nil {
		r.fail(err)
	}
	return c
}

// parseCursor reads a cursor as scripts write it: its tag is of the text's memory. An empty one is none.
func parseCursor(text string) (c store.Cursor, err error) {
	if text == "" {
		return c, nil
	}
	offset, tag, _ := strings.Cut(text, ".")
	c.Offset, err = strconv.ParseUint(offset, 10, 53)
	if tag == "" && c.Offset > 0 || err != nil {
		return store.Cursor{}, fmt.Errorf("not a cursor: %q", text)
	}
	c.Tag = tag
	return c, nil
}

func (r *reply) parseOffset(text string) uint64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.fail(err)
	}
	return n
}

// nested returns the reader of a list in the list. One that is absent has nothing.
func (r *reply) nested() *reply {
	m := r.next()
	if r.err != nil || m.IsNil() {
		return &reply{err: r.err}
	}
	list, err := m.ToArray()
	if err != nil {
		r.fail(err)
	}
	return &reply{list: list, err: r.err}
}

var statuses = map[string]store.Status{
	"applied": store.Applied, "repeated": store.Repeated, "gap": store.Gap, "conflict": store.Conflict,
	"gone": store.Gone, "full": store.Full, "stale": store.Stale, "replaced": store.Replaced,
	"rewound": store.Rewound, "missing": store.Missing, "lost": store.Lost, "denied": store.Denied,
	"exceeded": store.Exceeded, "busy": store.Busy,
}

// status reads a status, one of some.
func (r *reply) status(possible ...store.Status) store.Status {
	text := r.string()
	v, ok := statuses[text]
	if !ok || !slices.Contains(possible, v) {
		r.fail(fmt.Errorf("unknown status %q", text))
	}
	return v
}

// data returns nil for what is empty: with users and items nobody asks whether it was nil.
func (r *reply) data() []byte {
	if v := r.bytes(); len(v) > 0 {
		return v
	}
	return nil
}

// entries reads a list of entries that follow a place.
func (r *reply) entries(from store.Cursor) []store.Entry {
	in := r.nested()
	list := make([]store.Entry, 0, len(in.list))
	for in.more() {
		v := in.bytes()
		if len(v) < tagLength {
			in.fail(errors.New("an entry without its tag"))
			break
		}
		from = store.Cursor{Offset: from.Offset + 1, Tag: string(v[:tagLength])}
		list = append(list, store.Entry{Cursor: from, Data: v[tagLength:]})
	}
	r.fail(in.err)
	return list
}

// fields reads a topic's fields, and sorts them by name.
func (r *reply) fields() []store.Field {
	in := r.nested()
	list := make([]store.Field, 0, len(in.list)/3)
	for in.more() {
		f := store.Field{Name: in.string(), At: in.cursor(), Value: in.bytes()}
		if f.Value == nil {
			in.fail(errors.New("a field without a value"))
		}
		list = append(list, f)
	}
	r.fail(in.err)
	slices.SortFunc(list, func(a, b store.Field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (r *reply) texts() (list []string) {
	in := r.nested()
	for in.more() {
		list = append(list, in.string())
	}
	r.fail(in.err)
	return list
}

// tagLength is the length of a stream's tags.
const tagLength = 5

// socket reads what socket_reply of prelude.lua has written.
func (r *reply) socket() (s store.Socket) {
	in := r.nested()
	if in.more() {
		s.ID, s.Number = in.string(), in.number()
		s.Ended, s.Code, s.Why = in.string() != "", int(in.number()), in.string()
	}
	if in.more() {
		s.Top, s.Attach, s.Secret, s.User, s.Session = in.cursor(), in.number(), in.string(), in.data(), in.string()
	}
	r.fail(in.err)
	return s
}

// subs reads subscriptions, and sorts them by topic.
func (r *reply) subs() []store.Sub {
	in := r.nested()
	list := make([]store.Sub, 0, len(in.list)/2)
	for in.more() {
		sub := store.Sub{Topic: in.string()}
		id, places, _ := strings.Cut(in.string(), ",")
		at, begin, _ := strings.Cut(places, ",")
		if at != "0." {
			sub.Cursor = in.parseCursor(at)
		}
		sub.ID, sub.Begin = id, in.parseOffset(begin)
		list = append(list, sub)
	}
	r.fail(in.err)
	slices.SortFunc(list, func(a, b store.Sub) int { return cmp.Compare(a.Topic, b.Topic) })
	return list
}

// item reads what item_reply of prelude.lua has written.
func (r *reply) item() store.Item {
	in := r.nested()
	i := store.Item{ID: in.string(), Socket: in.string(), Data: in.data(), Gone: in.string() != "", Tries: int(in.number())}
	r.fail(in.err)
	return i
}
