package sockjs_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

func TestSection2_9_WhatIsNoWebSocket(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for _, path := range []string{"/0/0/websocket", "/websocket"} {
			w.same("a plain GET", w.do("GET", path, "").status, 400)
			w.same("a GET of a proxy", w.do("GET", path, "", "Upgrade", "WebSocket", "Connection", "close").status, 400)
			for _, headers := range [][]string{nil, {"Upgrade", "WebSocket", "Connection", "Upgrade"}} {
				a := w.do("POST", path, "", headers...)
				w.is(a, 405, "")
				w.same("what is allowed", a.Get("Allow"), "GET")
			}
		}
	})
}

func TestSection2_9_Handshake(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		r := w.raw("GET /echo/000/one/websocket HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Origin: http://asd\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n") // no Origin
		response, err := http.ReadResponse(r, nil)
		w.must(err)
		w.same("the status", response.StatusCode, 101)
		w.same("the accept", response.Header.Get("Sec-WebSocket-Accept"), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")
		w.same("the length", response.Header.Get("Content-Length"), "")
	})
}

func TestSection2_9_EachWebSocketIsASession(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		a, b := w.websocket("/000/one/websocket"), w.websocket("/000/one/websocket")
		for _, s := range []*socket{a, b} {
			s.gives("o")
			s.say(`["x"]`)
			s.gives(`a["x"]`)
		}
		a.Close()
		synctest.Wait()
		c := w.websocket("/000/one/websocket")
		c.gives("o")
		c.say(`["y"]`)
		c.gives(`a["y"]`)
		b.say(`["z"]`)
		b.gives(`a["z"]`)
		w.same("sessions opened", len(w.noted(&w.opened)), 4)
		w.same("sessions ended", w.noted(&w.closed), []string{"1002 transport close"})
	})
}

func TestSection2_9_WhatAWebSocketBrings(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/000/one/websocket")
		s.gives("o")
		for _, nothing := range []string{"", "[]"} {
			s.say(nothing)
		}
		s.say(`["a","b"]`)
		s.gives(`a["a","b"]`)
		s.say(`"c"`)
		s.gives(`a["c"]`)
		w.same("heard", w.noted(&w.heard), []string{"a", "b", "c"})
	})
	for _, broken := range []string{`["a`, `x`, `{}`, `["a",1]`, `"a`} {
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.websocket("/000/one/websocket")
			s.gives("o")
			s.say(broken)
			if _, got, err := s.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseProtocolError) {
				t.Errorf("%q is answered %q, %v", broken, got, err)
			}
			w.same("heard", len(w.noted(&w.heard)), 0)
		})
	}
}

func TestSection2_9_Close(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/000/closing/websocket")
		s.gives("o", `c[3000,"Go away!"]`)
		s.ends(websocket.CloseNormalClosure, "")
		s = w.websocket("/000/one/websocket")
		s.gives("o")
		s.say(`["a","close","b"]`)
		s.gives(`a["a"]`, `c[3000,"Go away!"]`)
		w.same("goodbyes", w.noted(&w.closed), []string{"3000 Go away!", "3000 Go away!"})
		w.same("heard", w.noted(&w.heard), []string{"a", "close"})
	})
}

func TestSection2_9_NoWebSocket(t *testing.T) {
	inWorld(t, sockjs.Options{NoWebSocket: true}, func(w *world) {
		w.same("a websocket", w.do("GET", "/a/a/websocket", "", "Upgrade", "WebSocket", "Connection", "Upgrade").status, 404)
		w.same("a raw one", w.do("GET", "/websocket", "", "Upgrade", "WebSocket", "Connection", "Upgrade").status, 404)
	})
}

func TestSection2_9_Heartbeat(t *testing.T) {
	inWorld(t, sockjs.Options{HeartbeatDelay: 7 * time.Second}, func(w *world) {
		s := w.websocket("/000/one/websocket")
		s.gives("o")
		began := time.Now()
		s.gives("h", "h", "h")
		w.same("three heartbeats take", time.Since(began), 21*time.Second)
	})
}

// A client that is gone without a word does not answer the ping that goes with each heartbeat.
func TestAWebSocketThatIsUnpluggedEnds(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/000/one/websocket")
		s.gives("o")
		s.SetPingHandler(func(string) error { return nil })
		go func() {
			for {
				if _, _, err := s.ReadMessage(); err != nil {
					return
				}
			}
		}()
		w.pass(50*time.Second - time.Millisecond)
		w.same("goodbyes", len(w.noted(&w.closed)), 0)
		w.pass(2 * time.Second)
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 transport close"})
	})
}

func TestSection2_9_Raw(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/websocket")
		for _, text := range []string{"Hello world!\uffff", `["x"]`, "", "o"} {
			s.say(text)
			s.gives(text)
		}
		s.say("close")
		s.ends(3000, "Go away!")
		w.same("goodbyes", w.noted(&w.closed), []string{"3000 Go away!"})
		w.must(w.websocket("/websocket").WriteMessage(websocket.BinaryMessage, []byte("x")))
		w.same("heard", len(w.noted(&w.heard)), 5)
	})
}

// A WebSocket's text is UTF-8, also where the program's is not.
func TestSection2_9_RawIsText(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/websocket")
		s.say("x")
		s.gives("x")
		id := w.noted(&w.opened)[0]
		w.must(w.instances[0].Send(w.Context(), id, "a\xffb"))
		s.gives("a\ufffdb")
		w.must(w.instances[0].End(w.Context(), id, 3001, "bye\xff"))
		s.ends(3001, "bye\ufffd")
	})
}

// Nothing but the messages goes over a raw one.
func TestSection2_9_RawHasNoHeartbeat(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.websocket("/websocket")
		time.AfterFunc(time.Minute, func() { s.say("x") })
		s.gives("x")
	})
}

func TestSection2_10_AnUnknownSessionIsOpened(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			w.receive("/000/one", way).gives("o")
			w.same("sessions opened by "+way, len(w.noted(&w.opened)), 1)
		})
	}
}

func TestSection2_10_OneReceiver(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			first := w.receive("/000/one", "eventsource")
			first.gives("o")
			w.receive("/000/one", way).gives(`c[2010,"Another connection still open"]`, "")
			w.send("/000/one", `["x"]`)
			first.gives(`a["x"]`) // it is as it was
			w.same("goodbyes", len(w.noted(&w.closed)), 0)
		})
	}
}

func TestSection2_10_DisconnectDelay(t *testing.T) {
	inWorld(t, sockjs.Options{DisconnectDelay: 3 * time.Second}, func(w *world) {
		w.poll("/000/old") // a store that nobody has looked at waits with its first end
		w.pass(time.Minute)
		w.poll("/000/one")
		w.pass(3*time.Second - time.Millisecond)
		w.send("/000/one", `["x"]`)
		w.same("a poll", w.poll("/000/one"), "a[\"x\"]\n")
		w.pass(3*time.Second + time.Millisecond)
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 nobody receives", "1002 nobody receives"})
		w.same("a send", w.do("POST", "/000/one/xhr_send", `["x"]`).status, 404)
		w.same("a poll", w.poll("/000/one"), "o\n")
	})
}

// What else is said does not put it off: that goes down, and a WebSocket's is what asks whether the client is there.
func TestSection2_10_HeartbeatsComeWhateverElseDoes(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		stream, ws := w.receive("/000/one", "xhr_streaming"), w.websocket("/000/one/websocket")
		stream.gives("o")
		ws.gives("o")
		var sent []string // by the WebSocket
		go func() {
			for {
				_, frame, err := ws.ReadMessage()
				if err != nil {
					return
				}
				w.note(&sent, string(frame))
			}
		}()
		for range 3 {
			w.pass(24 * time.Second)
			began := time.Now()
			w.send("/000/one", `["x"]`)
			ws.say(`["x"]`)
			stream.gives(`a["x"]`, "h")
			w.same("the stream's heartbeat", time.Since(began), time.Second)
		}
		w.same("the WebSocket's", w.noted(&sent), []string{`a["x"]`, "h", `a["x"]`, "h", `a["x"]`, "h"})
	})
}

// Who never has to wait for something to say does not forget the heartbeat over it.
func TestSection2_10_HeartbeatsComeHoweverMuchElseDoes(t *testing.T) {
	inWorld(t, sockjs.Options{Limits: transports.Limits{Write: time.Minute}}, func(w *world) {
		ws := w.websocket("/000/one/websocket")
		ws.gives("o")
		for _, message := range []string{"a", "b", "c"} { // nothing is read: each write waits
			ws.say(`["` + message + `"]`)
			w.pass(10 * time.Second)
		}
		ws.gives(`a["a"]`, "h", `a["b","c"]`)
	})
}

func TestSection2_10_HeartbeatRestartsPerReceiver(t *testing.T) {
	for way := range receivings {
		inWorld(t, sockjs.Options{ResponseLimit: 1}, func(w *world) {
			w.receive("/000/one", way).gives("o", "")
			w.pass(4 * time.Second)
			began := time.Now()
			s := w.receive("/000/one", way)
			s.gives("h", "") // a frame, and the limit
			w.same("the heartbeat by "+way, time.Since(began), 25*time.Second)
		})
	}
}

func TestSection2_10_TheProgramCloses(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.receive("/closing/one", way)
			s.gives("o")
			const goAway = `c[3000,"Go away!"]`
			if v.prelude != "" {
				s.gives(goAway, "")
			}
			for range 3 {
				w.receive("/closing/one", way).gives(goAway, "")
				w.pass(time.Second)
			}
			w.same("goodbyes", w.noted(&w.closed), []string{"3000 Go away!"})
			w.same("a send", w.do("POST", "/closing/one/xhr_send", `["x"]`).status, 404)
			w.pass(5 * time.Second)
			w.receive("/closing/one", way).gives("o") // the delay is over
		})
	}
}

func TestSection2_10_WhatWasSentBeforeTheEndGoesFirst(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			w.send("/000/one", `["a"]`)
			w.send("/000/one", `["close"]`)
			if v.prelude == "" {
				w.receive("/000/one", way).gives(`a["a"]`, "")
				s = w.receive("/000/one", way)
				s.gives(`c[3000,"Go away!"]`, "")
				return
			}
			s.gives(`a["a"]`, `c[3000,"Go away!"]`, "")
		})
	}
}

func TestSection2_10_EndFromOutside(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.receive("/000/one", "xhr_streaming")
		s.gives("o")
		id := w.noted(&w.opened)[0]
		server := w.instances[0]
		w.must(server.Send(w.Context(), id, "a", "\xff"))
		w.must(server.End(w.Context(), id, 0, ""))
		s.gives(`a["a","\ufffd"]`, `c[1000,"Normal closure"]`, "")
		w.same("goodbyes", w.noted(&w.closed), []string{"1000 Normal closure"})
		w.pass(6 * time.Second)
		for _, err := range []error{server.Send(w.Context(), id, "x"), server.End(w.Context(), id, 0, ""), server.Send(w.Context(), "nobody", "x")} {
			w.same("the error", err, sockjs.ErrGone)
		}
	})
}

func TestSection2_10_ABrokenReceiverEndsTheSession(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			w.receive("/000/one", "xhr").gives("o", "")
			ctx, cancel := context.WithCancel(w.Context())
			go func() { // a poll has no answer yet
				if response, err := w.request(ctx, v.method, "/000/one"+v.path, ""); err == nil {
					io.Copy(io.Discard, response.Body)
				}
			}()
			synctest.Wait()
			cancel()
			synctest.Wait()
			w.same("goodbyes", w.noted(&w.closed), []string{"1002 transport close"})
			w.same("a send", w.do("POST", "/000/one/xhr_send", `["x"]`).status, 404)
			w.pass(2 * time.Millisecond)
			w.receive("/000/one", way).gives("o")
		})
	}
}

// The draft that was before RFC 6455 is not spoken: no browser has it any more.
func TestSection2_11_Hixie76(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		a := w.do("GET", "/000/one/websocket", "", "Connection", "Upgrade", "Upgrade", "WebSocket", "Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2", "12998 5 Y3 1  .P00")
		w.same("the status", a.status, 400)
	})
}

// A client that breaks off and comes again at once does not find itself in its way.
func TestSection2_12_AbortRace(t *testing.T) {
	for way := range receivings {
		if receivings[way].prelude == "" {
			continue
		}
		inWorld(t, sockjs.Options{}, func(w *world) {
			for range 100 {
				s := w.receive("/000/one", way)
				frame, err := s.next()
				w.must(err)
				if frame != "o" && frame != `c[1002,"Connection interrupted"]` {
					t.Fatalf("%q came", frame)
				}
				s.broken()
			}
		})
	}
}

// Nor if the server hears of it a little later than of who comes.
func TestSection2_12_WhoComesBeforeTheOtherIsKnownToBeGone(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		first := w.receive("/000/one", "eventsource")
		first.gives("o")
		second := w.receive("/000/one", "eventsource") // its headers are here
		w.pass(15 * time.Millisecond)
		first.broken()
		second.gives("o") // a session of its own
	})
}

// What a poll's body says is read, since net/http hears of a client that goes only then.
func TestSection2_12_APollWithABodyIsHeardOfWhenItGoes(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		ctx, cancel := context.WithCancel(w.Context())
		go w.request(ctx, "POST", "/000/one/xhr", strings.Repeat("x", 100_000))
		synctest.Wait()
		cancel()
		w.same("goodbyes", w.noted(&w.closed), []string{"1002 transport close"})
	})
}

// Its client cannot be told, since it takes nothing; who comes next is.
func TestSection2_12_AQueueThatNobodyTakesIsBounded(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.receive("/000/old", "xhr").gives("o", "") // a store that nobody has looked at waits with its first end
		w.pass(time.Minute)
		w.poll("/000/one")
		w.receive("/000/one", "eventsource")
		id := w.noted(&w.opened)[1]
		text := strings.Repeat("x", 100_000)
		for range 1000 {
			w.must(w.instances[0].Send(w.Context(), id, text))
		}
		w.pass(30 * time.Second)
		w.same("goodbyes", len(w.noted(&w.closed)), 2)
	})
}

// Up to half of eight times what a message may be may wait.
func TestSection2_12_TheLargestMessagesFit(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		message := bodyOf(strings.Repeat("x", 1<<20-4))
		for range 3 {
			w.send("/000/one", message)
		}
		if got := w.poll("/000/one"); len(got) < 3<<20-16 {
			t.Errorf("%d bytes came", len(got))
		}
	})
}

// A slow client has its time for each 64 KiB: of one large message, and of many, which come in several frames.
func TestAClientMayTakeItsTime(t *testing.T) {
	for _, messages := range [][]string{{strings.Repeat("x", 300<<10)}, {strings.Repeat("x", 40<<10), strings.Repeat("y", 40<<10), strings.Repeat("z", 40<<10)}} {
		inWorld(t, sockjs.Options{ResponseLimit: 1 << 20}, func(w *world) {
			s := w.receive("/000/one", "xhr_streaming")
			s.gives("o")
			w.send("/000/one", bodyOf(messages...))
			var got []string
			slow := &slowly{s.Body}
			s.r.Reset(slow)
			for len(got) < len(messages) {
				frame, err := s.next()
				w.must(err)
				ms, err := messagesIn(frame)
				w.must(err)
				if len(frame) > 70<<10 && len(ms) > 1 {
					t.Errorf("a frame of %d messages has %d bytes", len(ms), len(frame))
				}
				got = append(got, ms...)
			}
			if !slices.Equal(got, messages) {
				t.Error("what came is not what was sent")
			}
		})
	}
}

// slowly reads 70 KB in 9 s.
type slowly struct{ io.Reader }

func (s *slowly) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	<-time.After(9 * time.Second * time.Duration(n) / 70_000)
	return n, err
}

// A server's own time-outs, five seconds here, are not those of its streams.
func TestSection2_12_ServerTimeouts(t *testing.T) {
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			if v.prelude == "" {
				began := time.Now()
				w.receive("/000/one", way).gives("h", "")
				w.same("the heartbeat by "+way, time.Since(began), 25*time.Second)
				return
			}
			w.pass(20 * time.Second)
			w.send("/000/one", `["x"]`)
			s.gives(`a["x"]`)
		})
	}
}

// What stands before the frames leaves before anything is asked of a store.
func TestSection2_12_ThePreludeWaitsForNothing(t *testing.T) {
	inWorld(t, sockjs.Options{Store: never{}}, func(w *world) {
		for way, v := range receivings {
			if v.prelude != "" {
				s := w.receive("/000/one", way)
				w.must(v.begin(s.r))
				s.broken()
			}
		}
	})
}
