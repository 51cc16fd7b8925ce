package engineio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

// host is a switchboard as the framework's is.
type host struct {
	*transports.Local
	store   store.Store
	refuses error
	drained chan struct{}
}

func (h *host) Store() store.Store        { return h.store }
func (h *host) Admit(*http.Request) error { return h.refuses }
func (h *host) Drained() <-chan struct{}  { return h.drained }

// underABoard runs a test of three instances of the transport at a switchboard that echoes.
func underABoard(t *testing.T, o engineio.Options, test func(*world, *host)) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{})
		t.Cleanup(func() { s.Close() })
		h := &host{store: s, drained: make(chan struct{}), Local: transports.NewLocal(func(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil })}
		w := &world{T: t, next: 2}
		for range 3 {
			w.at = append(w.at, transporttest.Serve(t, h, engineio.Transport{Options: o}))
		}
		test(w, h)
	})
}

const key = "AAAAAAAAAAAAAAAAAAAAAA"

// hello is the client's next one, which has read nothing of its stream yet.
func hello(attach uint64) string {
	h := protocol.HelloUp{Version: protocol.Version, Key: key, Attach: attach}
	if attach > 1 {
		h.Cursor = &protocol.Cursor{}
	}
	return "4" + string(h.Append(nil))
}

func call(n int) string { return fmt.Sprintf("4K%s\n"+`C%d,echo.say|"%d"`, key, n, n) }

func TestFramesOverAnyInstance(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, _ *host) {
		s := w.open()
		if g := w.greeting(w.ask("GET", polling, "").body); g.MaxPayload != 1<<20+4<<10 {
			t.Errorf("the greeting is %+v", g)
		}
		w.is(s.post(hello(1)), 200, "ok")
		got := []string{s.get().body}
		w.is(s.post(call(1)), 200, "ok")
		w.is(s.post(hello(2)), 200, "ok")
		for attach := uint64(3); attach < 10 && !strings.Contains(strings.Join(got, "\n"), `r1`); attach++ {
			for packet := range strings.SplitSeq(s.get().body, "\x1e") {
				if packet == "4" { // the link is over: the next hello is due
					w.is(s.post(hello(attach)), 200, "ok")
				} else {
					got = append(got, packet)
				}
			}
		}
		if text := strings.Join(got, "\n"); !strings.Contains(text, "4h{") || !strings.Contains(text, "a1") || !strings.Contains(text, `|"1"`) {
			t.Errorf("polls bring %q", text)
		}
	})
}

func TestAPollIsNotHeldForTooLong(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, _ *host) {
		s := w.open()
		began := time.Now()
		w.is(w.to(0).ask("GET", s.query, ""), 200, "6")
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("it was held for %v", took)
		}
	})
}

// A handshake alone leaves a session for a moment only.
func TestAHandshakeAloneEndsSoon(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, _ *host) {
		s := w.open()
		time.Sleep(6 * time.Second)
		w.unknown(s.get())
	})
}

func TestTheSwitchboardAdmits(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, h *host) {
		h.refuses = &protocol.Close{Code: protocol.CodeCrowded, Why: "too many"}
		got := w.ask("GET", polling, "")
		if got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "too many") || got.header.Get("Retry-After") == "" {
			t.Errorf("a handshake is answered %v", got)
		}
		ws, _ := w.dial("")
		ws.over()
	})
}

func TestWhoHasNoLinkIsSentAwayInADrain(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, h *host) {
		s := w.open()
		poll := w.to(0).begin("GET", s.query, "")
		ws, _ := w.connect()
		close(h.drained)
		w.is(<-poll, 200, "6")
		ws.over()
	})
}

func TestNoJSONPAtASwitchboard(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, _ *host) {
		w.refused(w.ask("GET", polling+"&j=0", ""), 4, "Forbidden")
	})
}

func TestTheClientsHalfIsServed(t *testing.T) {
	underABoard(t, engineio.Options{}, func(w *world, _ *host) {
		response, err := w.at[0].Client.Get(w.at[0].URL + "/engineio.js")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if kind := response.Header.Get("Content-Type"); response.StatusCode != 200 || kind != "text/javascript; charset=utf-8" {
			t.Errorf("it is answered %s, %q", response.Status, kind)
		}
		if (engineio.Transport{}).Script() != nil {
			t.Error("it is joined into client.js, though it needs another script")
		}
	})
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		options engineio.Options
		want    greeting
	}{
		{engineio.Options{}, greeting{PingInterval: 25_000, PingTimeout: 20_000, MaxPayload: 1_000_000}},
		{engineio.Options{PingInterval: time.Second, PingTimeout: 2 * time.Second, MaxPayload: 10_000}, greeting{PingInterval: 1000, PingTimeout: 2000, MaxPayload: 10_000}},
	} {
		s := &engineio.Server{Options: c.options}
		var got greeting
		if err := json.Unmarshal(directly(t, s, "GET", polling, "").Body.Bytes()[1:], &got); err != nil {
			t.Fatal(err)
		}
		got.SID, got.Upgrades = "", nil
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("the greeting is %+v, want %+v", got, c.want)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
