package client

import (
	"errors"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

func TestSnapshotResets(t *testing.T) {
	k := newTalk(t)
	top := k.subscribed("people/1", "3a", "1.aaaaa", "0.")
	k.down(`n3a,7.ttttt|{"a":1}`, `t3a,7.ttttt|{"a":0}`, `t3a,8.uuuuu|{"b":2}`)
	k.wantTold(`all people/1 |{"a":1}`, `people/1 |{"b":2}`)
	k.down(`n3a,3.vvvvv|{}`) // the store went back
	k.wantTold(`all people/1 |{}`)
	if top.cursor.String() != "3.vvvvv" {
		t.Errorf("cursor after the snapshot is %v", top.cursor)
	}
	k.down(`n3a,0.wwwww|null`)
	k.wantTold(`all people/1 |null`)
}

func TestLostTopic(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "9.ttttt")
	k.down("l3a,5.uuuuu,rewound", "l3a,5.uuuuu,rewound", "t3a,6.vvvvv|1")
	k.wantTold("lost room/1 rewound", "room/1 |1")
}

func TestLostOwnStream(t *testing.T) {
	k := newTalk(t)
	first, second, third := k.call("a.a"), k.call("a.b"), k.call("a.c")
	k.wantUp("C1,a.a", "C2,a.b", "C3,a.c")
	later := k.call("a.d")
	k.down("a1,1", "l,5.uuuuu,expired", "l,5.uuuuu,expired", "e5.uuuuu,x.y", "e6.vvvvv,x.y|6")
	k.wantTold("lost expired", "x.y |6")
	wantEnd(t, "a call whose answer was lost", first, "gone")
	k.down("r7.wwwww,2|2")
	wantEnd(t, "a call that is answered after the loss", second, "ok |2")
	k.wantUp("C4,a.d")
	k.down("a4,7")
	wantEnd(t, "a call whose answer may be lost", third, "gone")
	wantEnd(t, "a call that was sent after the loss", later, "ok ")
}

// The hello of a connection that takes another's place says a cursor that is older than what the other one brings until then.
func TestWhatIsExpiredMayBeKnown(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.down("e2.bbbbb,x.y|2", "t3a,5.uuuuu|5", "l,1.aaaaa,expired", "l3a,4.ttttt,expired", "e2.bbbbb,x.y|2", "t3a,5.uuuuu|5", "e3.ccccc,x.y|3", "t3a,6.vvvvv|6")
	k.wantTold("x.y |2", "room/1 |5", "x.y |3", "room/1 |6")
	k.down("l,1.zzzzz,rewound", "l3a,4.zzzzz,rewound")
	k.wantTold("lost rewound", "lost room/1 rewound")
}

func TestUnsubscribedByTheServer(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.down("u2.bbbbb,3a", "t3a,5.uuuuu|1")
	k.wantTold("lost room/1 unsubscribed")
	if len(k.topics) != 0 {
		t.Errorf("topics are %v, want none", k.topics)
	}
}

func TestUnknownFramesAndFieldsAreIgnored(t *testing.T) {
	k := newTalk(t)
	k.down("Q1,2,3|{}", "f7.aaaaa,what|{}", "e1.bbbbb,x.y,tomorrow|1", "a0,0,tomorrow", "t99,1.ccccc|1", "n99,1.ccccc|1", "l99,1.ccccc,expired", "u2.ddddd,99")
	k.wantTold("x.y |1")
}

func TestMalformedFramesEndTheConnection(t *testing.T) {
	for _, line := range []string{"", "h{", "hnull|", "r1,1|1", "r2.aaaaa,x|1", "e1|1", "a1", "ax,1", "g", "gx", "s2.aaaaa,room/1,3a,4", "t3a,x|1", "l,x,expired", "z", "zx,,"} {
		k := newTalk(t)
		k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
		if err := k.downErr(line); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%q: error %v, want it to be malformed", line, err)
		}
		k.wantTold()
		if k.own.String() != "1.aaaaa" {
			t.Errorf("%q: taken as received", line)
		}
	}
}

// Numbers begin at 1: an answer to message 0 answers nothing, least of all what was not sent.
func TestAnswerToNothing(t *testing.T) {
	k := newTalk(t)
	m := k.call("a.b")
	k.down(`r1.aaaaa,0|"no"`, `x2.bbbbb,0|{"code":"denied"}`)
	wantEnd(t, "a call that was not sent", m, "")
	k.wantUp("C1,a.b")
	k.down(`r3.ccccc,1|"yes"`)
	wantEnd(t, "the call", m, `ok |"yes"`)
}
