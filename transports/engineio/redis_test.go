package engineio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

// Three instances with a Redis in common, in real time.
func TestOnRedis(t *testing.T) {
	url := redistest.Start(t)
	w := &world{T: t}
	for range 3 {
		s, err := redis.Open(t.Context(), url, redis.Options{Prefix: "eio", MaxBytes: 8 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		w.add(program{Options: engineio.Options{Store: s, PingInterval: time.Minute}})
	}
	s := w.open()
	var got []string
	for i := range 60 {
		w.is(s.post(fmt.Sprint("4", i)), 200, "ok")
		for packet := range strings.SplitSeq(s.get().body, "\x1e") {
			if packet != "2" {
				got = append(got, packet)
			}
		}
	}
	for i, packet := range got {
		if packet != fmt.Sprint("4", i) {
			t.Fatalf("message %d came back as %q", i, packet)
		}
	}
	long := strings.Repeat("x", 900_000)
	w.is(s.post("4"+long), 200, "ok")
	if got := s.get(); got.body != "4"+long {
		t.Errorf("%d bytes came back", len(got.body))
	}
	poll := make(later, 1)
	go func() { poll <- s.get() }()
	ws, _ := w.dialAt(w.at[1], sockets+"&sid="+s.sid)
	ws.say("2probe")
	ws.hear("3probe")
	w.is(<-poll, 200, "6")
	ws.say("5")
	ws.say("4hello")
	if first := <-ws.in; first != "2" && first != "4hello" {
		t.Errorf("after the upgrade came %q", first)
	}
	ws.say("1")
	for text := range ws.in {
		if text != "2" && text != "4hello" && !strings.HasPrefix(text, "ended: websocket: close 1000") {
			t.Errorf("at the end came %q", text)
		}
	}
}
