package client

import (
	"crypto/rand"
	"encoding/base64"
	"slices"

	"github.com/sojourn-go/sojourn/protocol"
)

// A message that was sent so often without an answer is held back until an instance was heard. Instances refuse it from the fifth time on.
const suspectTries = 2

// A client says how far it has its own stream after so much of it at the latest.
const (
	ackEntries = 64
	ackBytes   = 64 << 10
)

// What the cursors of topics may take of a hello, which is one frame; an instance takes 64 KiB of those. A cursor takes so many bytes, its name's quotes included.
const (
	maxCursors = 32 << 10
	cursorSize = 31
)

// conversation is all that a client remembers: what it has to send, and how far it has what it was sent. It does no I/O and
// knows no time; docs/protocol.md, "The client's side", is its specification.
type conversation struct {
	build string

	auth       string // the newest
	unsaidAuth bool   // the instance is to be told of it

	key    string
	attach uint64 // newest number of a hello
	live   uint64 // number of the hello that was answered last; frames that came before its answer are not listened to
	known  bool   // a hello of this socket was answered

	own       protocol.Cursor
	unsaid    int // entries of the own stream since the instance was last told our cursor ...
	unsaidLen int // ... and their bytes

	in      uint64     // last message known to have taken effect
	queue   []*message // those that are not known to: numbered from in+1 as far as they have been sent
	sent    int        // so many of queue were sent on the present connection, or in the request that is under way
	waiting []*message // in effect, but not settled

	volatile []*message          // not sent yet
	asked    map[uint64]*message // sent on the present connection
	lastAsk  uint64

	topics map[string]*topic
	ids    map[string]*topic

	ponging  bool // a ping is to be answered
	progress bool // messages took effect since the last request with messages

	out []delivery // made by the frame that is being applied
}

// topic is a subscription.
type topic struct {
	name    string
	id      string // as frames call it; empty: not subscribed now
	cursor  protocol.Cursor
	had     bool // it was subscribed once
	leaving bool
	fn      func(Entry)
}

// delivery is something for the program's callbacks: an entry of a topic; an event, or a question if ask is set; or news
// that entries of the own stream are lost.
type delivery struct {
	topic   *topic
	entry   Entry
	method  string
	ask     string
	payload protocol.Payload
	lost    string
}

func newConversation(build string) *conversation {
	v := &conversation{build: build, topics: map[string]*topic{}}
	v.reset()
	v.begin(false)
	return v
}

// reset begins a new socket.
func (v *conversation) reset() {
	v.key = newKey()
	v.attach, v.live, v.known = 0, 0, false
	v.own, v.unsaid, v.unsaidLen = protocol.Cursor{}, 0, 0
	v.in, v.queue, v.sent, v.waiting = 0, nil, 0, nil
	v.ids = map[string]*topic{}
}

func newKey() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// add queues a message.
func (v *conversation) add(m *message) { v.queue = append(v.queue, m) }

// hello returns the hello for a new connection, or a new poll, and its number. now asks for an answer at once.
func (v *conversation) hello(now bool) ([]byte, uint64) {
	v.attach++
	h := protocol.HelloUp{Version: protocol.Version, Key: v.key, Attach: v.attach, In: v.in, Now: now && v.known, Auth: v.auth, Build: v.build}
	if v.known {
		own := v.own
		h.Cursor = &own
		v.said()
	}
	h.Topics = v.cursors()
	if len(v.queue) > 0 {
		h.Tries = v.queue[0].tries
	}
	return h.Append(nil), v.attach
}

// cursors returns how far the client has its topics: others each time, as the order of a map is random, if there are too many
// for a frame. Entries after a cursor that was not said come again, and are dropped. Those that an instance was told before are
// said again: its store may have been rewound since, and would go on from an older place with entries that look like repeats.
func (v *conversation) cursors() map[string]protocol.Cursor {
	cursors := map[string]protocol.Cursor{}
	size := 0
	for name, t := range v.topics {
		if t.id == "" {
			continue
		}
		if size += len(name) + cursorSize; size > maxCursors {
			break
		}
		cursors[name] = t.cursor
	}
	return cursors
}

// said notes that the instance is being told our cursor.
func (v *conversation) said() { v.unsaid, v.unsaidLen = 0, 0 }

// ackDue tells whether it is time to say how far we have our stream, without waiting for an occasion.
func (v *conversation) ackDue() bool { return v.unsaid >= ackEntries || v.unsaidLen >= ackBytes }

// take appends lines of what has not been sent on this connection, and notes that it was: at most so many lines, and so
// many bytes unless a single line has more.
func (v *conversation) take(b []byte, lines, size int) []byte {
	begin := len(b)
	fits := func(m *message) bool {
		lines--
		return lines >= 0 && (len(b) == begin || len(b)-begin+len(m.rest)+20 <= size)
	}
	for v.sent < len(v.queue) && fits(v.queue[v.sent]) {
		m := v.queue[v.sent]
		m.n = v.in + uint64(v.sent) + 1
		v.sent++
		b = m.line(b)
	}
	for len(v.volatile) > 0 && fits(v.volatile[0]) {
		m := v.volatile[0]
		v.volatile = v.volatile[1:]
		v.lastAsk++
		m.n = v.lastAsk
		v.asked[m.n] = m
		b = m.line(b)
	}
	return b
}

// forget drops a volatile message, whatever has become of it.
func (v *conversation) forget(m *message) {
	if v.asked[m.n] == m {
		delete(v.asked, m.n)
	}
	v.volatile = slices.DeleteFunc(v.volatile, func(other *message) bool { return other == m })
}

// isSuspect tells whether the first message was sent so often without an answer that it waits until an instance was heard: else an outage could make it
// look like one that kills instances.
func (v *conversation) isSuspect() bool { return len(v.queue) > 0 && v.queue[0].tries >= suspectTries }

// hasOutgoing tells whether take would return something.
func (v *conversation) hasOutgoing() bool { return v.sent < len(v.queue) || len(v.volatile) > 0 }

// begin prepares for a new connection (for polls: for the first of a row). What was sent on the one before and is not known to have taken
// effect will be sent again; broke tells that it ended without a word.
func (v *conversation) begin(broke bool) {
	if broke && v.sent > 0 {
		v.queue[0].tries++
	}
	v.resend()
	for _, m := range v.volatile {
		m.settle(nil, errConnectionEnded)
	}
	v.volatile = nil
}

// resend prepares for a connection that takes the place of the present one.
func (v *conversation) resend() {
	v.sent, v.ponging = 0, false
	for _, m := range v.asked {
		m.settle(nil, errConnectionEnded)
	}
	v.asked = map[uint64]*message{}
}

var errConnectionEnded = &Error{Code: "unavailable", Message: "the connection ended"}

// commit notes that messages up to n took effect, and that their answers, if they have any, are at or before offset at.
func (v *conversation) commit(n, at uint64) {
	for len(v.queue) > 0 && v.queue[0].n != 0 && v.queue[0].n <= n {
		m := v.queue[0]
		v.queue = v.queue[1:]
		v.sent = max(0, v.sent-1)
		v.in = m.n
		v.progress = true
		m.at = at
		v.waiting = append(v.waiting, m)
	}
	v.settleReached()
}

// settleReached settles messages without an answer: those in effect whose answers we would have by now.
func (v *conversation) settleReached() {
	for len(v.waiting) > 0 && v.waiting[0].at <= v.own.Offset {
		m := v.waiting[0]
		v.waiting = v.waiting[1:]
		if m.doubt {
			v.settle(m, nil, errAnswerLost)
		} else {
			v.settle(m, nil, nil)
		}
	}
}

// settleNamed settles message n, which has an answer that came with the own entry at the own cursor.
func (v *conversation) settleNamed(n uint64, payload protocol.Payload, err error) {
	find := func(list []*message) bool {
		for _, m := range list {
			if m.n == n && n != 0 { // 0: it was never sent
				v.settle(m, payload, err)
				return true
			}
		}
		return false
	}
	_ = find(v.waiting) || find(v.queue)
	v.commit(n, v.own.Offset) // answers are in the stream in the order of the messages
}

func (v *conversation) settle(m *message, payload protocol.Payload, err error) {
	if m.settled() {
		return // by name, before
	}
	m.settle(payload, err)
	switch {
	case m.kind == protocol.Unsubscribe && v.topics[m.topic.name] == m.topic:
		delete(v.topics, m.topic.name)
	case m.kind == protocol.Subscribe && err != nil && v.topics[m.topic.name] == m.topic:
		delete(v.topics, m.topic.name)
		if m.topic.had { // nobody waits for the message: it subscribed again, on a new socket
			v.out = append(v.out, delivery{topic: m.topic, entry: Entry{Topic: m.topic.name, Lost: CodeOf(err)}})
		}
	}
}

// gap goes back to message n, which is the next that the instance can use. It returns false if we do not have it any more.
func (v *conversation) gap(n uint64) bool {
	if n <= v.in || n > v.in+uint64(v.sent)+1 {
		return false
	}
	v.sent = int(n - v.in - 1)
	v.progress = true
	return true
}

// anew begins a new socket because the present one ended, why says with which code. Messages up to in, if that is known, took effect.
//
// Calls that took effect, or may have, fail with "gone". Those that did not go to the new socket, as do all
// subscriptions; answers to questions of the old socket have nowhere to go.
func (v *conversation) anew(in *uint64, why string) {
	left := append(v.waiting, v.queue...)
	old, known := v.topics, v.in
	v.reset()
	v.topics = map[string]*topic{}
	subscribing := map[*topic]bool{}
	for _, m := range left {
		switch {
		case m.kind == protocol.Subscribe && !m.topic.leaving:
			subscribing[m.topic] = true
		case m.kind == protocol.Call && (m.n == 0 || in != nil && m.n > *in):
		case m.kind == protocol.Subscribe, m.kind == protocol.Unsubscribe, m.kind == protocol.Goodbye:
			m.settle(nil, nil) // they ask for what is so now
			continue
		case in == nil && m.n > known:
			m.settle(nil, &Error{Code: "unknown", Message: "the socket ended: " + why})
			continue
		default:
			m.settle(nil, &Error{Code: "gone", Message: "the socket ended: " + why})
			continue
		}
		*m = message{kind: m.kind, rest: m.rest, topic: m.topic, pending: m.pending}
		v.add(m)
	}
	v.out = append(v.out, delivery{lost: why})
	var again []*message
	for name, t := range old {
		if t.leaving {
			continue
		}
		v.topics[name] = t
		if t.id != "" {
			v.out = append(v.out, delivery{topic: t, entry: Entry{Topic: name, Lost: why}})
		}
		t.id, t.cursor = "", protocol.Cursor{}
		if !subscribing[t] {
			again = append(again, subscribe(t))
		}
	}
	v.queue = append(again, v.queue...)
}

// stop settles what took effect before the instance ended the conversation, messages up to in, if that is known.
func (v *conversation) stop(in *uint64) {
	if in == nil {
		return
	}
	for _, m := range append(v.waiting, v.queue...) {
		if 0 < m.n && m.n <= *in {
			m.settle(nil, errAnswerLost)
		}
	}
}

// fail ends everything that is still open.
func (v *conversation) fail(err error) {
	for _, m := range append(v.waiting, v.queue...) {
		m.settle(nil, err)
	}
	v.waiting, v.queue, v.sent = nil, nil, 0
	v.begin(false)
}

// news returns what the program is to be told, once.
func (v *conversation) news() []delivery {
	out := v.out
	v.out = nil
	return out
}

// subscribe makes the message that subscribes to a topic again.
func subscribe(t *topic) *message {
	m, err := newMessage(protocol.Subscribe, t.name, nil)
	if err != nil {
		panic(err) // the name was checked when the topic was made
	}
	m.topic = t
	return m
}
