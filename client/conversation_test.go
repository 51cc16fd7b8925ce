package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

// talk is a conversation under test, with what the program was told.
type talk struct {
	*testing.T
	*conversation
	attach uint64
	told   []string
}

// newTalk begins a conversation whose first hello was answered.
func newTalk(t *testing.T) *talk {
	k := &talk{T: t, conversation: newConversation("")}
	k.connect(`{"in":0,"at":0}`)
	return k
}

// connect makes a new connection and answers its hello, if there is an answer. It returns the hello.
func (k *talk) connect(answer string) protocol.HelloUp {
	k.Helper()
	line, attach := k.hello(false)
	k.attach = attach
	h, err := protocol.ParseHello(line)
	if err != nil {
		k.Fatalf("hello %s: %v", line, err)
	}
	if answer != "" {
		k.down("h" + answer)
	}
	return h
}

// down applies frames that must be right.
func (k *talk) down(lines ...string) {
	k.Helper()
	for _, line := range lines {
		if err := k.downErr(line); err != nil {
			k.Fatalf("%s: %v", line, err)
		}
	}
}

func (k *talk) downErr(line string) error {
	news, err := k.apply(k.attach, []byte(line))
	k.note(news)
	return err
}

func (k *talk) note(news []delivery) {
	for _, d := range news {
		switch {
		case d.topic != nil && d.entry.Lost != "":
			k.told = append(k.told, fmt.Sprintf("lost %s %s", d.topic.name, d.entry.Lost))
		case d.topic != nil && d.entry.Snapshot:
			k.told = append(k.told, fmt.Sprintf("all %s %s", d.topic.name, d.entry.Payload))
		case d.topic != nil:
			k.told = append(k.told, fmt.Sprintf("%s %s", d.topic.name, d.entry.Payload))
		case d.lost != "":
			k.told = append(k.told, "lost "+d.lost)
		default:
			k.told = append(k.told, fmt.Sprintf("%s%s %s", d.ask, d.method, d.payload))
		}
	}
}

// wantTold compares what the program was told since the last time.
func (k *talk) wantTold(want ...string) {
	k.Helper()
	if !slices.Equal(k.told, want) {
		k.Errorf("the program was told %q, want %q", k.told, want)
	}
	k.told = nil
}

// wantUp compares what is to be sent.
func (k *talk) wantUp(want ...string) {
	k.Helper()
	got := strings.Split(strings.TrimSuffix(string(k.take(nil, 1000, 1<<20)), "\n"), "\n")
	if got[0] == "" {
		got = nil
	}
	if !slices.Equal(got, want) {
		k.Errorf("sent %q, want %q", got, want)
	}
}

// call queues a call.
func (k *talk) call(name string) *message { return k.message(protocol.Call, name) }

func (k *talk) message(kind protocol.Kind, name string) *message {
	k.Helper()
	m, err := newMessage(kind, name, nil)
	if err != nil {
		k.Fatal(err)
	}
	k.add(m)
	return m
}

// subscribed makes a topic that is subscribed to.
func (k *talk) subscribed(name, id, own, cursor string) *topic {
	k.Helper()
	t := k.subscribing(name)
	k.down(fmt.Sprintf("s%s,%s,%s,%s", own, name, id, cursor))
	return t
}

func (k *talk) subscribing(name string) *topic {
	t := &topic{name: name}
	k.topics[name] = t
	k.add(subscribe(t))
	return t
}

// wantEnd compares what a message came to: "", "ok |payload" or an error's code.
func wantEnd(t *testing.T, what string, m *message, want string) {
	t.Helper()
	got := ""
	if m.settled() {
		got = "ok " + string(m.payload)
		if m.err != nil {
			got = CodeOf(m.err)
		}
	}
	if got != want {
		t.Errorf("%s came to %q, want %q", what, got, want)
	}
}

func TestMessagesAreNumberedWhenSent(t *testing.T) {
	k := newTalk(t)
	k.call("a.a")
	k.call("a.b")
	k.wantUp("C1,a.a", "C2,a.b")
	k.wantUp()
	k.call("a.c")
	k.wantUp("C3,a.c")
}

func TestTakeIsBounded(t *testing.T) {
	k := newTalk(t)
	for range 5 {
		k.call("a.a")
	}
	if got := string(k.take(nil, 2, 1000)); got != "C1,a.a\nC2,a.a\n" {
		t.Errorf("two lines are %q", got)
	}
	if got := string(k.take([]byte("K\n"), 10, 30)); got != "K\nC3,a.a\n" {
		t.Errorf("thirty bytes are %q", got)
	}
	if got := string(k.take(nil, 10, 1)); got != "C4,a.a\n" {
		t.Errorf("a line that is over the limit by itself: %q", got)
	}
}

func TestAnswersSettleByName(t *testing.T) {
	k := newTalk(t)
	first, second, third := k.call("a.a"), k.call("a.b"), k.call("a.c")
	k.wantUp("C1,a.a", "C2,a.b", "C3,a.c")
	k.down(`r1.aaaaa,2|"two"`)
	wantEnd(t, "a call without an answer before one with", first, "ok ")
	wantEnd(t, "an answered call", second, `ok |"two"`)
	wantEnd(t, "a call after it", third, "")
	k.down(`x2.bbbbb,3|{"code":"denied","message":"no"}`)
	wantEnd(t, "a refused call", third, "denied")
}

// a n,offset settles messages without an answer, but only once the client has its stream up to offset.
func TestCommitSettlesAtItsOffset(t *testing.T) {
	k := newTalk(t)
	first, second := k.call("a.a"), k.call("a.b")
	k.wantUp("C1,a.a", "C2,a.b")
	k.down("a2,2", "e1.aaaaa,x.y")
	wantEnd(t, "a message whose answer may be under way", first, "")
	k.down("r2.bbbbb,1|7")
	wantEnd(t, "the answered one", first, "ok |7")
	wantEnd(t, "the one without answer", second, "ok ")
	third := k.call("a.c")
	k.wantUp("C3,a.c")
	k.down("a3,2")
	wantEnd(t, "a message without answer, with nothing under way", third, "ok ")
}

func TestResendsAfterABreakWithTheSameNumbers(t *testing.T) {
	k := newTalk(t)
	first, second, third := k.call("a.a"), k.call("a.b"), k.call("a.c")
	k.wantUp("C1,a.a", "C2,a.b", "C3,a.c")
	k.down("a1,0")
	k.begin(true)
	fourth := k.call("a.d")
	h := k.connect(`{"in":2,"at":1}`)
	if h.Attach != 2 || h.In != 1 || h.Tries != 1 || h.Cursor == nil || !h.Cursor.IsZero() {
		t.Errorf("hello %+v", h)
	}
	k.wantUp("C3,a.c", "C4,a.d")
	wantEnd(t, "a message known to be in effect", first, "ok ")
	wantEnd(t, "one that took effect before the break", second, "")
	k.down("r1.aaaaa,2|2", "r2.bbbbb,3|3", "r3.ccccc,4|4")
	wantEnd(t, "its answer", second, "ok |2")
	wantEnd(t, "a message that was sent twice", third, "ok |3")
	wantEnd(t, "a message that was queued meanwhile", fourth, "ok |4")
}

// Only the first message that has not taken effect can be what breaks connections.
func TestTriesCountOnlyTheFirst(t *testing.T) {
	k := newTalk(t)
	k.call("a.a")
	k.call("a.b")
	k.begin(true) // nothing was sent
	if h := k.connect(`{"in":0,"at":0}`); h.Tries != 0 {
		t.Errorf("a message that was not sent has %d tries", h.Tries)
	}
	for range 3 {
		k.wantUp("C1,a.a", "C2,a.b")
		k.begin(true)
		k.connect(`{"in":0,"at":0}`)
	}
	k.wantUp("C1,a.a", "C2,a.b")
	k.begin(false) // an instance said why
	if h := k.connect(`{"in":0,"at":0}`); h.Tries != 3 {
		t.Errorf("after three breaks there were %d tries", h.Tries)
	}
	k.down("a1,0")
	if h := k.connect(`{"in":1,"at":0}`); h.Tries != 0 {
		t.Errorf("the next message begins with %d tries", h.Tries)
	}
}

func TestRepeatsAreDropped(t *testing.T) {
	k := newTalk(t)
	m := k.call("a.a")
	k.wantUp("C1,a.a")
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.down("e2.bbbbb,x.y|1", "t3a,5.uuuuu|1")
	k.wantTold("x.y |1", "room/1 |1")
	k.connect(`{"in":0,"at":2}`)
	k.down("s1.aaaaa,room/1,3a,4.ttttt", "e2.bbbbb,x.y|1", "e1.aaaaa,x.y|1", "t3a,5.uuuuu|1", "t3a,4.ttttt|1")
	k.wantTold()
	k.down("e3.ccccc,x.y|2", "t3a,6.vvvvv|2", "r4.ddddd,1|1", "r5.eeeee,1|2")
	k.wantTold("x.y |2", "room/1 |2")
	wantEnd(t, "a call with two answers", m, "ok |1")
}

func TestVolatileFramesHaveNoPlace(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.down("e,x.y|1", "e,x.y|1", "t3a,|1", "t3a,|1")
	k.wantTold("x.y |1", "x.y |1", "room/1 |1", "room/1 |1")
	if k.own.String() != "1.aaaaa" || k.topics["room/1"].cursor.String() != "4.ttttt" {
		t.Errorf("cursors moved to %v and %v", k.own, k.topics["room/1"].cursor)
	}
}

func TestOnlyTheNewestConnectionIsListenedTo(t *testing.T) {
	k := newTalk(t)
	old := k.attach
	k.connect("") // not answered yet: the old one goes on
	newest := k.attach
	k.attach = old
	k.down("e1.aaaaa,x.y|1")
	k.wantTold("x.y |1")
	k.attach = newest
	k.down("e2.bbbbb,x.y|early")
	k.wantTold()
	k.down(`h{"in":0,"at":0}`, "e2.bbbbb,x.y|2")
	k.wantTold("x.y |2")
	k.attach = old
	k.down("e3.ccccc,x.y|late", "z4005,0,")
	k.wantTold()
}

func TestGap(t *testing.T) {
	k := newTalk(t)
	for _, name := range []string{"a.a", "a.b", "a.c"} {
		k.call(name)
	}
	k.wantUp("C1,a.a", "C2,a.b", "C3,a.c")
	k.down("a1,0", "g2")
	k.wantUp("C2,a.b", "C3,a.c")
	k.down("g1") // an old one
	k.wantUp()
	if err := k.downErr("g7"); err == nil {
		t.Error("a gap before a message that was never sent is accepted")
	}
}

func TestHelloSaysAllCursors(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.subscribed("room/2", "3b", "2.bbbbb", "9.uuuuu")
	k.down("t3a,5.vvvvv|1")
	cursors := func(h protocol.HelloUp) string {
		text, err := json.Marshal(h.Topics)
		if err != nil {
			t.Fatal(err)
		}
		return h.Cursor.String() + string(text)
	}
	want := `2.bbbbb{"room/1":"5.vvvvv","room/2":"9.uuuuu"}`
	if got := cursors(k.connect(`{"in":0,"at":0}`)); got != want {
		t.Errorf("hello after an entry: %s, want %s", got, want)
	}
	if got := cursors(k.connect(`{"in":0,"at":0}`)); got != want {
		t.Errorf("hello when nothing moved: %s, want %s", got, want)
	}
}

// However many topics there are, a hello is a frame of bounded size, and all of them are said in the end.
func TestHelloIsBounded(t *testing.T) {
	k := newTalk(t)
	for i := range 2000 {
		name := fmt.Sprintf("room/%0180d", i)
		k.topics[name] = &topic{name: name, id: "x", cursor: protocol.Cursor{Offset: 1 << 52, Tag: "aaaaaaaa"}}
	}
	said, hellos := map[string]bool{}, 0
	for len(said) < 2000 {
		line, _ := k.hello(false)
		if len(line) > 64<<10 {
			t.Fatalf("a hello of %d bytes", len(line))
		}
		var hello protocol.HelloUp
		if err := json.Unmarshal(line[1:], &hello); err != nil {
			t.Fatal(err)
		}
		for name := range hello.Topics {
			said[name] = true
		}
		if hellos++; hellos > 1000 {
			t.Fatalf("only %d topics were said in %d hellos", len(said), hellos)
		}
	}
}

// An answer may have been among the entries that are lost: then nobody knows what it was.
func TestAckPolicy(t *testing.T) {
	k := newTalk(t)
	for i := range ackEntries {
		if k.ackDue() {
			t.Fatalf("an acknowledgement is due after %d entries", i)
		}
		k.down(fmt.Sprintf("e%d.aaaaa,x.y", i+1))
	}
	if !k.ackDue() {
		t.Fatalf("none is due after %d entries", ackEntries)
	}
	if got := string(k.takeWS(false)); got != "A64.aaaaa\n" {
		t.Errorf("over a WebSocket: %q", got)
	}
	if k.ackDue() || k.takeWS(true) != nil || k.takeUp(true) != nil {
		t.Error("it is said twice")
	}
	k.down(`e65.aaaaa,x.y|"` + strings.Repeat("x", ackBytes) + `"`)
	if got, want := string(k.takeUp(false)), "K"+k.key+",65.aaaaa,0\n"; got != want {
		t.Errorf("after %d bytes: %q, want %q", ackBytes, got, want)
	}
	k.down("e66.aaaaa,x.y")
	if got := k.takeWS(false); got != nil {
		t.Errorf("after one entry: %q", got)
	}
	if got := string(k.takeWS(true)); got != "A66.aaaaa\n" {
		t.Errorf("after one entry and some time: %q", got)
	}
	k.down("e67.aaaaa,x.y", "p")
	if got := string(k.takeWS(false)); got != "A67.aaaaa\n" {
		t.Errorf("answer to a ping: %q", got)
	}
	k.down("e68.aaaaa,x.y")
	k.connect("") // it is in the hello
	if k.takeWS(true) != nil {
		t.Error("it is said after a hello that says it")
	}
}

func TestVolatileEndsWithTheConnection(t *testing.T) {
	k := newTalk(t)
	make := func() *message {
		m, err := newMessage(protocol.Volatile, "a.v", nil)
		if err != nil {
			t.Fatal(err)
		}
		k.volatile = append(k.volatile, m)
		return m
	}
	first, second := make(), make()
	k.wantUp("W1,a.v", "W2,a.v")
	third := make()
	k.down("v2|2", "v2|3", "v9|9")
	k.begin(true)
	wantEnd(t, "an unanswered one", first, "unavailable")
	wantEnd(t, "an answered one", second, "ok |2")
	wantEnd(t, "one that was not sent", third, "unavailable")
	k.connect(`{"in":0,"at":0}`)
	k.wantUp()
	fourth := make()
	k.wantUp("W3,a.v")
	k.down(`v1|"late"`, `y3|{"code":"busy","message":""}`)
	wantEnd(t, "a refused one", fourth, "busy")
}

func TestNamesThatCannotBeSent(t *testing.T) {
	for _, name := range []string{"", "a,b", "a|b", "a*b", "a\nb", "a\xffb", "a\x00"} {
		if _, err := newMessage(protocol.Call, name, nil); err == nil {
			t.Errorf("a method named %q is accepted", name)
		}
	}
	if _, err := newMessage(protocol.Call, "a.b", protocol.Payload("|{\n}")); err == nil {
		t.Error("a payload with a line break is accepted")
	}
}
