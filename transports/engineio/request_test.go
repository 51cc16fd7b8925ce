package engineio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports/engineio"
)

// suite is what the protocol's own test suite asks for.
var suite = engineio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond}

func TestSection1_1_TheSuitesServer(t *testing.T) {
	inWorld(t, program{Options: suite}, func(w *world) {
		s := w.open()
		w.is(s.post("4text\x1ebAQIDBA=="), 200, "ok")
		w.is(s.get(), 200, "4text\x1ebAQIDBA==")
		ws, g := w.connect()
		ws.say("4text")
		ws.hear("4text")
		if g.PingInterval != 300 || g.PingTimeout != 200 || g.MaxPayload != 1_000_000 {
			t.Errorf("the greeting is %+v", g)
		}
	})
}

func TestSection1_2_Refusals(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		for _, c := range []struct {
			method, query string
			code          int
			message       string
		}{
			{"GET", "", 0, "Transport unknown"},
			{"GET", "?EIO=4", 0, "Transport unknown"},
			{"GET", "?EIO=4&transport=abc", 0, "Transport unknown"},
			{"POST", "?EIO=abc&transport=abc", 0, "Transport unknown"},
			{"GET", "?EIO=4&transport=abc&sid=" + s.sid, 0, "Transport unknown"},
			{"POST", polling, 2, "Bad handshake method"},
			{"PUT", polling, 2, "Bad handshake method"},
			{"POST", "?EIO=abc&transport=polling", 2, "Bad handshake method"},
			{"POST", sockets, 2, "Bad handshake method"},
			{"GET", sockets, 3, "Bad request"},
			{"GET", "?transport=websocket", 3, "Bad request"},
			{"GET", sockets + "&sid=" + s.sid, 3, "Bad request"},
			{"PUT", s.query, 3, "Bad request"},
			{"GET", "?EIO=3&transport=polling&sid=" + s.sid, 3, "Bad request"},
			{"GET", "?transport=polling", 5, "Unsupported protocol version"},
			{"GET", "?EIO=abc&transport=polling", 5, "Unsupported protocol version"},
			{"GET", polling + "&sid=abc", 1, "Session ID unknown"},
			{"POST", polling + "&sid=abc", 1, "Session ID unknown"},
			{"PUT", polling + "&sid=abc", 1, "Session ID unknown"},
			{"GET", "?EIO=3&transport=polling&sid=abc", 1, "Session ID unknown"},
			{"GET", sockets + "&sid=abc", 1, "Session ID unknown"},
		} {
			t.Log(c.method, c.query)
			w.refused(w.ask(c.method, c.query, "4hello"), c.code, c.message)
		}
		w.is(s.post("4it goes on"), 200, "ok")
		w.is(s.get(), 200, "4it goes on")
	})
}

func TestSection1_2_UnknownKeysMeanNothing(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		w.is(w.ask("POST", "?t=abc&b64=1&foo&"+s.query[1:], "4hello"), 200, "ok")
		w.is(w.ask("GET", s.query+"&t=abd&b64=1", ""), 200, "4hello")
	})
}

func TestSection1_2_BadWebSocketRequests(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		s := w.open()
		for query, code := range map[string]int{
			"?EIO=4":                            0,
			"?EIO=4&transport=abc":              0,
			"?transport=websocket":              5,
			"?EIO=abc&transport=websocket":      5,
			sockets + "&sid=abc":                1,
			"?transport=websocket&sid=" + s.sid: 3,
		} {
			ws, got := w.dialAt(w.at[0], query)
			if ws != nil || got.status != 400 || !strings.HasPrefix(got.body, fmt.Sprintf(`{"code":%d,`, code)) || got.header.Get("Connection") != "close" {
				t.Errorf("%s was answered %v with %v", query, got, got.header)
			}
		}
		got := w.ask("GET", sockets, "", "Upgrade", "websocket") // and no more of a handshake
		w.bad(got)
	})
}

func TestSection1_2_NoUpgrades(t *testing.T) {
	inWorld(t, program{Options: engineio.Options{NoUpgrades: true}}, func(w *world) {
		g := w.greeting(w.ask("GET", polling, "").body)
		if len(g.Upgrades) != 0 {
			t.Errorf("upgrades are offered: %q", g.Upgrades)
		}
		ws, got := w.dial(g.SID)
		if ws != nil {
			t.Fatal("a session was upgraded")
		}
		w.bad(got)
		ws, _ = w.connect()
		ws.say("4hello")
		ws.hear("4hello")
	})
}

func TestSection1_2_SessionsOnAWebSocketAreNotPolled(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		ws, g := w.connect()
		w.bad(w.ask("GET", polling+"&sid="+g.SID, ""))
		w.bad(w.ask("POST", polling+"&sid="+g.SID, "4hello"))
		w.bad(w.ask("POST", polling+"&sid="+g.SID, "3"))
		for _, broken := range []string{"", "abc", "2"} {
			w.bad(w.ask("POST", polling+"&sid="+g.SID, broken))
		}
		w.bad(w.ask("POST", polling+"&sid="+g.SID, "4hello", "Content-Type", "application/octet-stream"))
		ws.say("4hello")
		ws.hear("4hello")
		w.ends()
	})
}

// counting is a store that counts what is written to it.
type counting struct {
	store.Store
	written *atomic.Int64
}

func (c counting) Commit(ctx context.Context, t store.Turn) (store.Outcome, error) {
	c.written.Add(1)
	return c.Store.Commit(ctx, t)
}

// Who guesses sids costs the store nothing that stays.
func TestSection1_2_UnknownSessionsAreNotWrittenOf(t *testing.T) {
	var written atomic.Int64
	inCluster(t, program{}, func(s store.Store) store.Store { return counting{s, &written} }, func(w *world) {
		for _, body := range []string{"4hello", "abc", "1", "3", ""} {
			w.unknown(w.to(0).ask("POST", polling+"&sid=abc", body))
		}
		w.unknown(w.to(0).ask("POST", polling+"&sid=abc", "", "Content-Type", "application/octet-stream"))
		w.unknown(w.to(0).ask("GET", polling+"&sid=abc", ""))
		w.dialAt(w.at[0], sockets+"&sid=abc")
		if n := written.Load(); n > 0 {
			t.Errorf("they have brought about %d commits", n)
		}
	})
}

func TestSection1_3_PollingHandshake(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		got := w.ask("GET", polling, "")
		g := w.greeting(got.body)
		w.is(got, 200, `0{"sid":"`+g.SID+`","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)
		for name, want := range map[string]string{
			"Content-Type": "text/plain; charset=UTF-8", "Cache-Control": "no-store", "Content-Length": fmt.Sprint(len(got.body)), "Set-Cookie": "",
		} {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s is %q, want %q", name, value, want)
			}
		}
	})
}

func TestSection1_3_WebSocketHandshake(t *testing.T) {
	inWorld(t, program{}, func(w *world) {
		ws, _ := w.dial("")
		got := <-ws.in
		if want := `0{"sid":"` + w.greeting(got).SID + `","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`; got != want {
			t.Errorf("the greeting is %s, want %s", got, want)
		}
	})
}

func TestSection1_3_SidIsSecretAndTheIDIsNot(t *testing.T) {
	ids := map[string]bool{}
	inWorld(t, program{OnOpen: func(s *engineio.Socket) { ids[s.ID()] = true }}, func(w *world) {
		sids := map[string]bool{}
		for range 100 {
			sid := w.open().sid
			if len(sid) < 20 || url.QueryEscape(sid) != sid || ids[sid] {
				t.Errorf("a sid is %q", sid)
			}
			sids[sid] = true
		}
		if len(sids) != 100 || len(ids) != 100 {
			t.Errorf("%d sids, %d ids", len(sids), len(ids))
		}
		for id := range ids {
			w.unknown(w.ask("GET", polling+"&sid="+url.QueryEscape(id), ""))
		}
	})
}

func TestSection1_3_Cookie(t *testing.T) {
	for _, c := range []struct {
		cookie http.Cookie
		want   string
	}{
		{http.Cookie{}, "io=SID; Path=/; HttpOnly; SameSite=Lax"},
		{http.Cookie{Name: "sid", Path: "/chat", SameSite: http.SameSiteStrictMode, Secure: true}, "sid=SID; Path=/chat; HttpOnly; Secure; SameSite=Strict"},
	} {
		inWorld(t, program{Options: engineio.Options{Cookie: &c.cookie}}, func(w *world) {
			got := w.ask("GET", polling, "")
			sid := w.greeting(got.body).SID
			if set := got.header.Get("Set-Cookie"); set != strings.Replace(c.want, "SID", sid, 1) {
				t.Errorf("the cookie is %q, want %q", set, c.want)
			}
			query := polling + "&sid=" + sid
			for _, later := range []answer{w.ask("POST", query, "4hello"), w.ask("GET", query, ""), w.ask("GET", "", "")} {
				if later.header.Get("Set-Cookie") != "" {
					t.Errorf("the cookie is set again: %v", later)
				}
			}
			ws, got := w.dial("")
			if set := got.header.Get("Set-Cookie"); set != strings.Replace(c.want, "SID", w.greeting(<-ws.in).SID, 1) {
				t.Errorf("a websocket's cookie is %q, want %q", set, c.want)
			}
		})
	}
}

func TestSection1_3_NoCookieWithoutASession(t *testing.T) {
	s := &engineio.Server{Options: engineio.Options{Cookie: &http.Cookie{}}}
	r := httptest.NewRequest("GET", "/engine.io/"+sockets, nil) // it is no handshake
	r.Header.Set("Upgrade", "websocket")
	w := httptest.NewRecorder()
	w.Header().Set("Set-Cookie", "other=1")
	s.ServeHTTP(w, r)
	if got := w.Header()["Set-Cookie"]; w.Code != 400 || len(got) != 1 || got[0] != "other=1" {
		t.Errorf("it is answered %d with the cookies %q", w.Code, got)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSection1_3_TheProgramMaySpeakFirst(t *testing.T) {
	greet := func(s *engineio.Socket) { s.Send(engineio.Message{Data: []byte("hi")}) }
	inWorld(t, program{OnOpen: greet}, func(w *world) {
		w.is(w.open().get(), 200, "4hi")
		ws, _ := w.connect()
		ws.hear("4hi")
	})
}

// It is served as it is, at any path, by a handler that knows nothing of it.
func TestSection1_12_BothPaths(t *testing.T) {
	for _, path := range []string{"/engine.io", "/engine.io/", "/"} {
		var s engineio.Server
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path+polling, nil))
		if w.Code != 200 || !json.Valid(w.Body.Bytes()[1:]) {
			t.Errorf("%s is answered %d %q", path, w.Code, w.Body)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
