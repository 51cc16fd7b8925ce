package client

import (
	"fmt"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

func TestAnew(t *testing.T) {
	number := func(n uint64) *uint64 { return &n }
	for _, test := range []struct {
		name string
		in   *uint64
		ends [4]string // of calls 1 to 4, of which 3 were sent; 1 is settled before
		up   []string
	}{
		{"nothing after the last that took effect", number(3), [4]string{"ok ", "gone", "gone", ""}, []string{"S1,room/1", "C2,a.4"}},
		{"one after it", number(2), [4]string{"ok ", "gone", "", ""}, []string{"S1,room/1", "C2,a.3", "C3,a.4"}},
		{"unknown", nil, [4]string{"ok ", "gone", "unknown", ""}, []string{"S1,room/1", "C2,a.4"}},
		{"rewound", number(0), [4]string{"ok ", "", "", ""}, []string{"S1,room/1", "C2,a.2", "C3,a.3", "C4,a.4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newTalk(t)
			k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
			k.queue = nil // the subscription is of long ago
			var calls [4]*message
			for i := range 3 {
				calls[i] = k.call(fmt.Sprintf("a.%d", i+1))
			}
			k.wantUp("C1,a.1", "C2,a.2", "C3,a.3")
			k.down("a1,1", "a2,9") // the answer of 2 is under way
			calls[3] = k.call("a.4")
			key := k.key
			k.begin(false)
			k.anew(test.in, "gone")
			k.note(k.news())
			k.wantTold("lost gone", "lost room/1 gone")
			for i, m := range calls {
				wantEnd(t, fmt.Sprintf("call %d", i+1), m, test.ends[i])
			}
			if k.key == key {
				t.Error("the new socket has the key of the old")
			}
			h := k.connect(`{"in":0,"at":0}`)
			if h.Attach != 1 || h.Cursor != nil || h.In != 0 || len(h.Topics) != 0 || h.Tries != 0 {
				t.Errorf("the hello of a new socket is %+v", h)
			}
			k.wantUp(test.up...)
			k.down("t3a,5.uuuuu|old", "s1.bbbbb,room/1,4a,7.vvvvv", "t4a,8.wwwww|new", "a9,1")
			k.wantTold("room/1 |new")
			for i, m := range calls {
				if test.ends[i] == "" {
					wantEnd(t, fmt.Sprintf("call %d, on the new socket,", i+1), m, "ok ")
				}
			}
		})
	}
}

func TestAnewKeepsWhatIsAskedFor(t *testing.T) {
	k := newTalk(t)
	left := k.subscribed("room/left", "1a", "1.aaaaa", "0.t")
	k.wantUp("S1,room/left")
	k.down("a1,1")
	subscribing := k.subscribing("room/sent")
	k.wantUp("S2,room/sent")
	left.leaving = true
	leave := k.message(protocol.Unsubscribe, "room/left")
	leave.topic = left
	reply := k.message(protocol.Reply, "q7")
	unsent := k.subscribing("room/unsent")
	two := uint64(2)
	k.begin(false)
	k.anew(&two, "rewound")
	k.note(k.news())
	k.wantTold("lost rewound")
	wantEnd(t, "an unsubscribe", leave, "ok ")
	wantEnd(t, "an answer to a question of the old socket", reply, "gone")
	k.connect(`{"in":0,"at":0}`)
	k.wantUp("S1,room/sent", "S2,room/unsent")
	k.down("s1.b,room/sent,1b,0.t", `x2.c,2|{"code":"denied","message":""}`)
	k.wantTold()
	if k.topics["room/sent"] != subscribing || k.topics["room/unsent"] != nil || k.topics["room/left"] != nil {
		t.Errorf("topics are %v, want only room/sent", k.topics)
	}
	_ = unsent
}

func TestRefusedToSubscribeAgain(t *testing.T) {
	k := newTalk(t)
	k.subscribed("room/1", "3a", "1.aaaaa", "4.ttttt")
	k.wantUp("S1,room/1")
	k.down("a1,1")
	k.anew(nil, "gone")
	k.note(k.news())
	k.connect(`{"in":0,"at":0}`)
	k.wantUp("S1,room/1")
	k.down(`x1.aaaaa,1|{"code":"denied","message":""}`)
	k.wantTold("lost gone", "lost room/1 gone", "lost room/1 denied")
}
