package sockjs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sockjs"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

const (
	key   = "AAAAAAAAAAAAAAAAAAAAAA"
	hello = `H{"v":1,"key":"` + key + `","c":1}`
)

// inBoard runs a test of the transport at a switchboard that does nothing, in fake time.
func inBoard(t *testing.T, o sockjs.Options, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		board := transports.NewLocal(func(string, string, protocol.Payload) (protocol.Payload, error) { return nil, nil })
		s := transporttest.Serve(t, board, sockjs.Transport{Options: o})
		test(&world{T: t, instances: []*instance{{transport: s.Client.Transport.(*http.Transport)}}, base: "kit/rt/sockjs"})
	})
}

// Which origins may act for a visitor is the switchboard's to say: so no page may that acts for any.
func TestTransportHasNoIframe(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		w.same("the iframe", w.do("GET", "/iframe.html", "").status, 404)
		w.same("the greeting", w.do("GET", "", "").body, "Welcome to SockJS!\n")
	})
	inBoard(t, sockjs.Options{SockJSURL: "/sockjs.js"}, func(w *world) {
		w.same("the iframe", w.do("GET", "/iframe.html", "").status, 200)
	})
}

func TestTransportHasNoRawWebSocket(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		w.same("the status", w.do("GET", "/websocket", "", "Connection", "Upgrade", "Upgrade", "websocket").status, 404)
	})
}

// Nor does it say anything of origins.
func TestTransportLeavesOriginsToTheSwitchboard(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		for _, path := range []string{"/info", "/000/one/eventsource"} {
			response, err := w.request(w.Context(), "GET", path, "")
			w.must(err)
			w.same("the origin", response.Header.Values("Access-Control-Allow-Origin"), []string(nil))
			w.same("Vary", response.Header.Values("Vary"), []string{"Origin"})
			response.Body.Close()
		}
		w.same("a foreign page's", w.do("GET", "/info", "", "Origin", "http://elsewhere").status, 403)
	})
}

func TestTransportServesThePagesHalf(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		w.base = "kit/rt/sockjs.js"
		a := w.do("GET", "", "")
		w.same("the type", a.Get("Content-Type"), "text/javascript; charset=utf-8")
		if !strings.HasSuffix(a.body, "export{sojourn_sockjs as sockjs}\n") || !strings.Contains(a.body, "var sojourn_sockjs=") {
			t.Errorf("it is %.100q ... %q", a.body, a.body[max(0, len(a.body)-100):])
		}
	})
}

// greeted opens a session and says a hello.
func (w *world) greeted(session, way string) *stream {
	s := w.receive(session, way)
	s.gives("o")
	w.send(session, bodyOf(hello))
	if s.v.prelude == "" {
		s = w.receive(session, way)
	}
	frame, err := s.next()
	w.must(err)
	if !strings.HasPrefix(frame, `a["h{`) {
		w.Fatalf("the hello is answered %q", frame)
	}
	return s
}

// The client takes a longer silence for a broken connection.
func TestAPollUnderASwitchboardEndsInTime(t *testing.T) {
	for _, way := range []string{"xhr", "jsonp"} {
		inBoard(t, sockjs.Options{}, func(w *world) {
			w.greeted("/000/one", way)
			began := time.Now()
			w.receive("/000/one", way).gives("h", "")
			w.same("it waits", time.Since(began), 20*time.Second)
		})
	}
}

// A stream ends before the platform cuts it, and tells that the next hello is due.
func TestAStreamUnderASwitchboardEndsInTime(t *testing.T) {
	for way, v := range receivings {
		if v.prelude == "" {
			continue
		}
		inBoard(t, sockjs.Options{}, func(w *world) {
			began := time.Now()
			s := w.greeted("/000/one", way)
			for {
				frame, err := s.next()
				w.must(err)
				if frame != `a["p"]` {
					w.same("the last frame", frame, `a[""]`)
					break
				}
			}
			s.gives("")
			if age := time.Since(began); age > 295*time.Second || age < 265*time.Second {
				t.Errorf("by %s it ended after %v", way, age)
			}
			w.send("/000/one", bodyOf(`K`+key+`,,1`+"\n"+`C1,a.b|1`))
			w.receive("/000/one", way).gives(`a["a1,1"]`) // it goes on
		})
	}
}

// What a client says in one message stands quoted in the body.
func TestTheLargestMessageUnderASwitchboardFits(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		w.greeted("/000/one", "xhr")
		lines := "K" + key + ",,1"
		for i := range 400 {
			lines += fmt.Sprintf("\nC%d,a.b|%q", i+1, strings.Repeat(`"`, 800)) // two bytes each there, four in the body
		}
		w.send("/000/one", bodyOf(lines))
		if got := w.poll("/000/one"); !strings.HasPrefix(got, `a["a400,`) {
			t.Errorf("it is answered %.100q", got)
		}
	})
}

func TestAWebSocketUnderASwitchboardSaysNoHeartbeatOfItsOwn(t *testing.T) {
	inBoard(t, sockjs.Options{}, func(w *world) {
		dialer := websocket.Dialer{NetDialContext: w.instances[0].transport.DialContext}
		c, _, err := dialer.Dial("ws://kit/rt/sockjs/000/one/websocket", nil)
		w.must(err)
		defer c.Close()
		(&socket{w, c}).gives("o", `a["p"]`)
	})
}
