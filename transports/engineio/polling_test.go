package engineio_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports/engineio"
)

func TestSection1_4_PacketsOverPolling(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		for _, payload := range []string{"4", "b", "4a", "bAA==", "4\x1eb\x1e4", "4ä€\U0001f600", "44", "4\n\x00\u2028", "4" + strings.Repeat("x", 99_998), "bAP8="} {
			w.is(s.post(payload), 200, "ok")
			w.is(s.get(), 200, payload)
		}
		w.is(s.post("4\xed\xa0\x80"), 200, "ok") // half a surrogate
		w.is(s.get(), 200, "4\uFFFD")
	})
}

func TestSection1_4_PacketsOverAWebSocket(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		ws, _ := w.connect()
		for _, text := range []string{"4", "4a", "4ä€\U0001f600", "4a\x1eb", "4" + strings.Repeat("x", 99_999)} {
			ws.say(text)
			ws.hear(text)
		}
		for _, data := range []string{"", "\x00", "4a", strings.Repeat("\xff", 99_999)} {
			if err := ws.WriteMessage(2, []byte(data)); err != nil {
				t.Fatal(err)
			}
			ws.hear("b" + data)
		}
		ws.say("bAQI=") // as over polling, from clients without binary frames
		ws.hear("b\x01\x02")
	})
}

func TestSection1_5_APollWaits(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		poll := s.poll()
		time.Sleep(10 * time.Second)
		if len(poll) > 0 {
			t.Error("the poll has not waited")
		}
		w.is(s.post("4one"), 200, "ok")
		got := <-poll
		w.is(got, 200, "4one")
		if kind, length := got.header.Get("Content-Type"), got.header.Get("Content-Length"); kind != "text/plain; charset=UTF-8" || length != fmt.Sprint(len(got.body)) {
			t.Errorf("Content-Type is %q, Content-Length %q", kind, length)
		}
	})
}

func TestSection1_5_APollBringsAll(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		var all []string
		for i := range 200 {
			all = append(all, fmt.Sprint("4", i))
		}
		for half := range slices.Chunk(all, 100) {
			w.is(s.post(strings.Join(half, "\x1e")), 200, "ok")
		}
		w.is(s.get(), 200, strings.Join(all, "\x1e"))
	})
}

func TestSection1_5_TwoPolls(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s, other := w.open(), w.open()
		bystander := other.poll()
		first := s.poll()
		w.bad(s.get())
		w.is(<-first, 200, "1")
		w.unknown(s.get())
		w.unknown(s.post("4hello"))
		w.ends("transport error")
		w.is(other.post("4hello"), 200, "ok")
		w.is(<-bystander, 200, "4hello")
	})
}

func TestSection1_5_TheClientDropsThePoll(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		ctx, drop := context.WithCancel(w.Context())
		go w.askCtx(ctx, "GET", s.query, "")
		synctest.Wait()
		drop()
		w.ends("transport close")
		w.unknown(s.get())
	})
}

func TestSection1_6_Posts(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		got := s.post("4a\x1e4b\x1ebYw==\x1e4d")
		w.is(got, 200, "ok")
		if kind := got.header.Get("Content-Type"); kind != "text/html" {
			t.Errorf("Content-Type is %q", kind)
		}
		if heard := strings.Join(w.heard, ""); heard != "abcd" {
			t.Errorf("before the answer came the program heard %q", heard)
		}
	})
}

func TestSection1_6_TwoPosts(t *testing.T) {
	inside := make(chan struct{})
	slow := func(_ *engineio.Socket, m engineio.Message) {
		if string(m.Data) == "slow" {
			<-inside
		}
	}
	inWorld(t, program{OnMessage: slow}, func(w *world) {
		inside = make(chan struct{}) // of this bubble
		s := w.open()
		first := w.begin("POST", s.query, "4slow")
		w.bad(s.post("4quick"))
		w.unknown(s.get())
		w.ends("transport error")
		close(inside)
		w.unknown(<-first)
	})
}

func TestSection1_6_OctetStream(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		w.bad(w.ask("POST", s.query, "4hello", "Content-Type", "application/octet-stream"))
		w.unknown(s.get())
		w.unknown(w.ask("POST", s.query, "4hello", "Content-Type", "application/octet-stream"))
		w.ends("transport error")
	})
}

func TestSection1_6_TooLarge(t *testing.T) {
	inWorld(t, program{Options: engineio.Options{MaxPayload: 1000}}, func(w *world) {
		s := w.open()
		w.is(s.post("4"+strings.Repeat("x", 1011)), 413, `{"code":3,"message":"Payload too large"}`)
		w.unknown(w.ask("POST", polling+"&sid=abc", "4"+strings.Repeat("x", 1011)))
		w.is(s.post("4it goes on"), 200, "ok")
		w.is(s.get(), 200, "4it goes on")
		w.ends()
	})
}

func TestSection1_6_BadPackets(t *testing.T) {
	for _, payload := range []string{"abc", "", "7", "4a\x1e", "\x1e4a", "4a\x1e\x1e4b", "4a\x1eabc", "2", "2probe", "bA", "b!", "b\xff"} {
		inWorld(t, program{}, func(w *world) {
			s, other := w.open(), w.open()
			poll := s.poll()
			w.bad(s.post(payload))
			w.is(<-poll, 200, "1")
			w.unknown(s.get())
			w.ends("parse error")
			if len(w.heard) > 0 {
				t.Errorf("of %q the program heard %q", payload, w.heard)
			}
			w.unknown(w.ask("POST", polling+"&sid=abc", payload))
			w.is(other.post("4a\x1e6\x1e5"), 200, "ok")
			w.is(other.get(), 200, "4a")
		})
	}
}

func TestSection1_12_PayloadsMayBeALittleOver(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		var buffers []string
		for range 9 { // nine and a smaller one come to just over what was announced
			buffers = append(buffers, "b"+strings.Repeat("A", 100_200))
		}
		buffers = append(buffers, "b"+strings.Repeat("A", 100_000))
		payload := strings.Join(buffers, "\x1e")
		if len(payload) <= 1_000_000 {
			t.Fatal(len(payload))
		}
		w.is(s.post(payload), 200, "ok")
		if got := s.get(); got.body != payload {
			t.Errorf("%d bytes came back, want %d", len(got.body), len(payload))
		}
	})
}

// A burst of messages is one payload, and comes to more than a session's queue holds.
func TestSection1_12_ABurst(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		const n = 3000
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("4", i))
		}
		post := w.begin("POST", s.query, strings.Join(all, "\x1e"))
		var got []string
		for len(got) < n {
			got = append(got, strings.Split(s.get().body, "\x1e")...)
		}
		if !slices.Equal(got, all) {
			t.Errorf("%d messages came back, not those that were sent", len(got))
		}
		w.is(<-post, 200, "ok")
	})
}

func TestWhoSendsTooFastWaitsForTheAnswer(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		began := time.Now()
		w.is(s.post(strings.Repeat("4x\x1e", 400)+"4x"), 200, "ok")
		if took := time.Since(began); took != 400*time.Millisecond {
			t.Errorf("401 messages were answered after %v", took)
		}
		w.begin("POST", s.query, strings.Repeat("4x\x1e", 40)+"4x")
		w.bad(s.post("4x")) // who does not wait
		w.ends("transport error")
	})
}
