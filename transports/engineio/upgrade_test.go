package engineio_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports/engineio"
)

func TestSection1_9_Upgrade(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		poll := s.poll()
		ws, _ := s.dial(s.sid)
		ws.say("2probe")
		ws.hear("3probe")
		w.is(<-poll, 200, "6")
		w.is(s.post("4still"), 200, "ok") // by polling, until it is done
		w.is(s.get(), 200, "4still")
		ws.silent()
		w.is(s.post("4queued"), 200, "ok")
		ws.say("5")
		ws.hear("4queued")
		ws.say("4hello")
		ws.hear("4hello")
		w.bad(s.get())
		w.bad(s.post("4hello"))
		w.bad(s.post("3"))
		ws.say("1")
		ws.over()
		w.ends("transport close")
	})
}

func TestSection1_9_APollAfterTheProbeIsReleased(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		ws, _ := s.dial(s.sid)
		ws.say("2probe")
		ws.hear("3probe")
		began := time.Now()
		w.is(s.get(), 200, "6")
		if late := time.Since(began); late > 100*time.Millisecond {
			t.Errorf("it was released after %v", late)
		}
		began = time.Now()
		w.is(s.get(), 200, "6") // one more, which a client may make before it knows
		if late := time.Since(began); late > time.Second {
			t.Errorf("another was released after %v", late)
		}
		ws.say("5")
		ws.say("4hello")
		ws.hear("4hello")
	})
}

func TestSection1_9_ProbeAndUpgradeWithoutAPause(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		for range 20 {
			s := w.open()
			w.is(s.post("4queued"), 200, "ok")
			ws, _ := s.dial(s.sid)
			ws.say("2probe")
			ws.say("5")
			ws.say("4hello")
			w.bad(s.get()) // however the two meet
			ws.hear("3probe", "4queued", "4hello")
			ws.Close()
		}
	})
}

// It may have been sent after the packet that upgrades, and have come before it on a connection of its own.
func TestSection1_9_APollThatComesWithTheUpgradeIsRefused(t *testing.T) {
	for _, probed := range []bool{true, false} { // whether there is something to release it
		inWorld(t, program{}, func(w *world) {
			s := w.open()
			ws, _ := s.dial(s.sid)
			ws.say("2probe")
			ws.hear("3probe")
			if !probed {
				w.is(s.get(), 200, "6")
			}
			poll := s.poll()
			time.Sleep(10 * time.Millisecond)
			ws.say("5")
			w.bad(<-poll)
			ws.say("4hello")
			ws.hear("4hello")
		})
	}
}

// A client that does not pause has a poll waiting when the upgrade is done.
func TestSection1_9_APollThatStillWaitsIsReleased(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		ws, _ := s.dial(s.sid)
		ws.say("2probe")
		ws.hear("3probe")
		w.is(s.get(), 200, "6")
		poll := s.poll()
		time.Sleep(100 * time.Millisecond)
		ws.say("5")
		w.is(<-poll, 200, "6")
	})
}

func TestSection1_9_AnotherWebSocketIsAcceptedAndClosed(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		began := time.Now()
		first, _ := s.dial(s.sid)
		second, _ := s.dial(s.sid)
		second.over() // while one is under way
		first.say("2probe")
		first.hear("3probe")
		third, _ := s.dial(s.sid)
		third.over()
		first.say("5")
		fourth, _ := s.dial(s.sid)
		fourth.over() // after it
		first.say("4hello")
		first.hear("4hello")
		_, g := w.connect()
		fifth, _ := s.dial(g.SID) // of a session that began on a websocket
		fifth.over()
		if took := time.Since(began); took > 0 {
			t.Errorf("they were closed after %v", took)
		}
	})
}

func TestSection1_9_NothingElseUpgrades(t *testing.T) {
	for _, said := range [][]string{{"5"}, {"2"}, {"2other"}, {"4hello"}, {"abc"}, {"2probe", "4hello"}, {"2probe", "2probe"}, {"2probe", "6"}} {
		inWorld(t, program{}, func(w *world) {
			s := w.open()
			ws, _ := s.dial(s.sid)
			for i, text := range said {
				ws.say(text)
				if i+1 < len(said) {
					ws.hear("3probe")
				}
			}
			ws.over()
			w.is(s.post("4polls go on"), 200, "ok")
			got := s.get()
			if got.body == "6" { // which the probe has left
				got = s.get()
			}
			w.is(got, 200, "4polls go on")
			w.ends()
		})
	}
}

func TestSection1_4_BytesAreNoPacketsOfAnUpgrade(t *testing.T) {
	for _, probed := range []bool{false, true} {
		inWorld(t, program{}, func(w *world) {
			s := w.open()
			ws, _ := s.dial(s.sid)
			packet := "2probe"
			if probed {
				ws.say("2probe")
				ws.hear("3probe")
				packet = "5"
			}
			if err := ws.WriteMessage(2, []byte(packet)); err != nil {
				t.Fatal(err)
			}
			ws.over()
			w.is(s.post("4polls go on"), 200, "ok")
			w.ends()
		})
	}
}

func TestSection1_9_AnUpgradeHasItsTime(t *testing.T) {
	for _, said := range []string{"", "2probe"} {
		inWorld(t, program{}, func(w *world) {
			s := w.open()
			began := time.Now()
			ws, _ := s.dial(s.sid)
			if said != "" {
				ws.say(said)
				ws.hear("3probe")
			}
			ws.over()
			if at := time.Since(began); at != 10*time.Second {
				t.Errorf("after %q it was closed after %v", said, at)
			}
			w.is(s.post("4polls go on"), 200, "ok")
			if got := s.get(); got.body != "4polls go on" {
				t.Errorf("a poll is answered %v", got)
			}
			time.Sleep(time.Second)
			again, _ := s.dial(s.sid) // and it may be tried once more
			again.say("2probe")
			again.hear("3probe")
			again.say("5")
			again.say("4hello")
			again.hear("4hello")
		})
	}
}

func TestSection1_9_PingsSurviveTheUpgrade(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		began := time.Now()
		time.Sleep(20 * time.Second)
		ws := s.upgrade()
		ws.hear("2")
		if at := time.Since(began); at != 25*time.Second {
			t.Errorf("it was pinged after %v", at)
		}
		ws.say("3")
		ws.hear("2")
		if at := time.Since(began); at != 50*time.Second {
			t.Errorf("it was pinged again after %v", at)
		}
		ws.over()
		w.ends("ping timeout")
	})
}

// The ping goes by polling, its answer over the websocket.
func TestSection1_9_APongMayComeOverTheNewTransport(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		w.is(s.get(), 200, "2")
		ws := s.upgrade()
		ws.say("3")
		ws.say("4hello")
		ws.hear("4hello")
		w.ends()
	})
}

func TestSection1_9_AWebSocketMayKeepAnUpgradedSessionForLong(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		s := w.open()
		ws := s.upgrade()
		for range 100 {
			ws.hear("2")
			ws.say("3")
		}
		synctest.Wait()
		w.ends()
		ws.say("4hello")
		ws.hear("4hello")
	})
}

func TestSection1_12_WebSocketLimits(t *testing.T) {
	inWorld(t, program{Options: engineio.Options{MaxPayload: 1000}}, func(w *world) {
		ws, _ := w.connect()
		go ws.WriteMessage(1, make([]byte, 1001))
		if got := <-ws.in; got != "ended: websocket: close 1009 (message too big)" {
			t.Errorf("a message that is too large: %.200q", got)
		}
		_, response := w.dial("")
		if got := response.header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("it is compressed: %q", got)
		}
		w.ends("transport close")
	})
}
