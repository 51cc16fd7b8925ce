package engineio_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports/engineio"
)

func TestSection1_7_PingsOverPolling(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		s := w.open()
		began := time.Now()
		for i := range 5 {
			w.is(s.get(), 200, "2")
			if at, want := time.Since(began), time.Duration(i+1)*300*time.Millisecond; at != want {
				t.Errorf("ping %d came after %v, want %v", i+1, at, want)
			}
			w.is(s.post("3"), 200, "ok")
		}
		w.ends()
	})
}

func TestSection1_7_AClientThatIsNeverIdleIsPinged(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		s := w.open()
		pinged := 0
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			w.is(s.post("4x\x1e3"), 200, "ok")
			if got := s.get(); got.body == "4x\x1e2" {
				pinged++
			} else {
				w.is(got, 200, "4x")
			}
		}
		if pinged != 6 {
			t.Errorf("it was pinged %d times in 2 s, want 6", pinged)
		}
	})
}

func TestSection1_7_PingTimeoutOverPollingIsExact(t *testing.T) {
	for _, c := range []struct {
		wait   time.Duration
		status int
	}{{499 * time.Millisecond, 200}, {500 * time.Millisecond, 400}, {501 * time.Millisecond, 400}} {
		inWorld(t, program{Options: suite}, func(w *world) {
			s := w.open()
			time.Sleep(c.wait)
			if got := s.get(); got.status != c.status {
				t.Errorf("after %v a poll was answered %v", c.wait, got)
			}
		})
	}
	inWorld(t, program{Options: suite}, func(w *world) {
		s := w.open()
		time.Sleep(500 * time.Millisecond)
		w.unknown(s.get())
		w.unknown(s.post("4hello"))
		w.ends("ping timeout")
	})
}

// Nobody comes, and the program hears of it all the same; the store's own grace may be over first.
func TestSection1_7_PingTimeoutOfWhoDoesNotComeBack(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		w.open()
		time.Sleep(45*time.Second + 11*time.Second)
		w.ends("ping timeout")
	})
}

func TestSection1_7_PingsOverAWebSocket(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		ws, _ := w.connect()
		began := time.Now()
		for i := range 3 {
			ws.hear("2")
			if at, want := time.Since(began), time.Duration(i+1)*300*time.Millisecond+time.Duration(i)*50*time.Millisecond; at != want {
				t.Errorf("ping %d came after %v, want %v", i+1, at, want)
			}
			time.Sleep(50 * time.Millisecond)
			ws.say("3")
		}
		w.ends()
	})
}

func TestSection1_7_PingTimeoutOverAWebSocket(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		ws, _ := w.connect()
		began := time.Now()
		ws.hear("2")
		ws.over()
		if at := time.Since(began); at != 500*time.Millisecond {
			t.Errorf("it was closed after %v", at)
		}
		w.ends("ping timeout")
	})
}

func TestSection1_7_AnyPacketAnswersAPing(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		ws, _ := w.connect()
		ws.hear("2")
		time.Sleep(100 * time.Millisecond)
		ws.say("4x")
		ws.hear("4x")
		began := time.Now()
		ws.hear("2")
		if at := time.Since(began); at != 300*time.Millisecond {
			t.Errorf("the next ping came after %v", at)
		}
		time.Sleep(100 * time.Millisecond) // once: what comes is not counted twice
		ws.over()
	})
}

func TestSection1_7_TheIntervalMayBeShorterThanTheTimeout(t *testing.T) {
	inWorld(t, program{Options: engineio.Options{PingInterval: 100 * time.Millisecond, PingTimeout: 10 * time.Second}}, func(w *world) {
		ws, _ := w.connect()
		for range 3 {
			began := time.Now()
			ws.hear("2")
			if at := time.Since(began); at != 100*time.Millisecond {
				t.Errorf("the next ping came after %v", at)
			}
			synctest.Wait() // for the answer is waited already
			ws.say("3")
		}
	})
}

func TestSection1_7_AClientDoesNotPing(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		for _, text := range []string{"2", "2probe"} {
			ws, _ := w.connect()
			ws.say(text)
			ws.over()
		}
		w.ends("parse error", "parse error")
	})
}

func TestSection1_8_TheClientClosesAPolledSession(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		poll := s.poll()
		w.is(s.post("4bye\x1e1\x1e4not this"), 200, "ok")
		got := <-poll
		if got.body != "4bye" { // which was waited for; the close then finds no poll
			w.is(got, 200, "6")
		}
		w.unknown(s.get())
		w.unknown(s.post("4hello"))
		w.ends("transport close")
		if len(w.heard) != 1 {
			t.Errorf("the program heard %q", w.heard)
		}
	})
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		poll := s.poll()
		w.is(s.post("1"), 200, "ok")
		w.is(<-poll, 200, "6")
		w.unknown(s.get())
		w.ends("transport close")
	})
}

// A client sends both at once, and the POST may come first.
func TestSection1_12_APollThatComesAfterTheGoodbye(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		began := time.Now()
		post := w.begin("POST", s.query, "1")
		time.Sleep(10 * time.Millisecond)
		w.is(s.get(), 200, "6")
		w.is(<-post, 200, "ok")
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("they were answered after %v", took)
		}
		w.unknown(s.get())
		w.ends("transport close")

		s = w.open() // none comes
		began = time.Now()
		w.is(s.post("1"), 200, "ok")
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("a goodbye took %v", took)
		}
		w.unknown(s.get())
	})
}

// However the two meet, the poll is answered, and no later one finds a session.
func TestSection1_12_NoPollSlipsIntoAGoodbye(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		for range 200 {
			s := w.open()
			poll, post := make(later, 1), make(later, 1)
			go func() { poll <- s.get() }()
			go func() { post <- s.post("1") }()
			w.is(<-post, 200, "ok")
			w.unknown(s.get())
			w.is(<-poll, 200, "6")
		}
	})
}

func TestSection1_8_TheClientClosesAWebSocket(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		ws, g := w.connect()
		began := time.Now()
		ws.say("1")
		ws.over()
		if at := time.Since(began); at != 0 {
			t.Errorf("it was closed after %v", at)
		}
		w.ends("transport close")
		ws, _ = w.connect()
		ws.Close() // by itself
		w.ends("transport close", "transport close")
		w.unknown(w.ask("GET", polling+"&sid="+g.SID, ""))
	})
}

func TestSection1_8_BadPacketsOverAWebSocket(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		for _, text := range []string{"abc", "7", "", "b!"} {
			ws, _ := w.connect()
			ws.say(text)
			ws.over()
		}
		w.ends("parse error", "parse error", "parse error", "parse error")
	})
}

func TestSection1_8_TheProgramClosesAPolledSession(t *testing.T) {
	end := func(s *engineio.Socket, m engineio.Message) {
		s.Send(m)
		s.End()
	}
	inWorld(t, program{OnMessage: end}, func(w *world) {
		s := w.open()
		poll := s.poll()
		w.is(s.post("4a\x1e4b"), 200, "ok")
		s.polls(poll, "4a", "1")
		w.unknown(s.get())

		s = w.open() // nobody waits: who comes next
		w.is(s.post("4a"), 200, "ok")
		time.Sleep(30 * time.Second)
		w.is(s.get(), 200, "4a\x1e1")
		w.unknown(s.get())
		w.ends("forced close", "forced close")
	})
}

func TestSection1_8_TheProgramClosesAWebSocket(t *testing.T) {
	end := func(s *engineio.Socket, m engineio.Message) {
		s.Send(m, m)
		s.End()
	}
	inWorld(t, program{OnMessage: end}, func(w *world) {
		ws, _ := w.connect()
		ws.say("4a")
		ws.hear("4a", "4a")
		ws.over()
		w.ends("forced close")
	})
}

func TestSendAndEndFromOutside(t *testing.T) {
	ids := make(chan string, 2)
	inWorld(t, program{OnOpen: func(s *engineio.Socket) { ids <- s.ID() }}, func(w *world) {
		s, server := w.open(), w.servers[0]
		poll, id := s.poll(), <-ids
		if err := server.Send(t.Context(), id, engineio.Message{Data: []byte("a")}, engineio.Message{Binary: true}); err != nil {
			t.Fatal(err)
		}
		s.polls(poll, "4a", "b")
		ws, _ := w.connect()
		wsID := <-ids
		if err := server.Send(t.Context(), wsID, engineio.Message{Data: []byte("b")}); err != nil {
			t.Fatal(err)
		}
		ws.hear("4b")
		poll = s.poll()
		for _, id := range []string{id, wsID} {
			if err := server.End(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		w.is(<-poll, 200, "1")
		ws.over()
		synctest.Wait()
		for _, id := range []string{id, "", "abc"} {
			if err := server.Send(t.Context(), id, engineio.Message{}); err != engineio.ErrGone {
				t.Errorf("to %q: %v", id, err)
			}
			if err := server.End(t.Context(), id); err != engineio.ErrGone {
				t.Errorf("of %q: %v", id, err)
			}
		}
	})
}
