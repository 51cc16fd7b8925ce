package sockjs_test

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

func (w *world) notCached(a answer) {
	w.Helper()
	w.same("Cache-Control", a.Values("Cache-Control"), []string{"no-store, no-cache, no-transform, must-revalidate, max-age=0"})
	w.same("Expires", a.Get("Expires"), "")
	w.same("Last-Modified", a.Get("Last-Modified"), "")
}

// foreign checks that a page of an origin may read the response, if it has one.
func (w *world) foreign(a answer, origin string) {
	w.Helper()
	credentials := "true"
	if origin == "" {
		origin, credentials = "*", ""
	}
	w.same("the origin allowed", a.Values("Access-Control-Allow-Origin"), []string{origin})
	w.same("credentials", a.Get("Access-Control-Allow-Credentials"), credentials)
	w.same("Vary", a.Values("Vary"), []string{"Origin"})
}

// options checks what a browser is told that asks before it asks.
func (w *world) options(path, methods string) {
	w.Helper()
	for _, origin := range []string{"test", "null"} {
		a := w.do("OPTIONS", path, "", "Origin", origin, "Access-Control-Request-Method", "POST")
		w.is(a, http.StatusNoContent, "")
		w.foreign(a, origin)
		w.same("Cache-Control", a.Get("Cache-Control"), "public, max-age=31536000")
		w.same("Access-Control-Max-Age", a.Get("Access-Control-Max-Age"), "31536000")
		w.same("the methods", a.Get("Access-Control-Allow-Methods"), methods)
		if expires, err := http.ParseTime(a.Get("Expires")); err != nil || time.Until(expires) < 300*24*time.Hour {
			w.Errorf("it expires %q", a.Get("Expires"))
		}
	}
	for _, asked := range []string{"a, b, c", ""} {
		a := w.do("OPTIONS", path, "", "Origin", "test", "Access-Control-Request-Headers", asked)
		w.same("the headers allowed", a.Get("Access-Control-Allow-Headers"), asked)
	}
	w.same("the headers allowed", w.do("OPTIONS", path, "").Values("Access-Control-Allow-Headers"), []string(nil))
}

// sessionPaths are those of requests of a session, with their methods, and what may be posted there.
var sessionPaths = []struct{ method, path, body string }{
	{"POST", "/xhr", ""},
	{"POST", "/xhr_streaming", ""},
	{"GET", "/eventsource", ""},
	{"GET", "/htmlfile?c=callback", ""},
	{"GET", "/jsonp?c=callback", ""},
	{"POST", "/xhr_send", `["x"]`},
	{"POST", "/jsonp_send", `["x"]`},
}

// first asks in each way for a new session's first frame, or sends to one that is there, and checks the headers.
func (w *world) first(check func(path string, a answer), headers ...string) {
	w.Helper()
	for _, of := range sessionPaths {
		session := "/000/" + rand.Text()
		if of.body != "" {
			w.poll(session)
		}
		response, err := w.request(w.Context(), of.method, session+of.path, of.body, headers...)
		w.must(err)
		check(of.path, answer{response.StatusCode, response.Header, ""})
		response.Body.Close()
	}
}

func TestSection2_5_NeverCached(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.first(func(path string, a answer) { w.notCached(a) })
		w.notCached(w.do("GET", "/info", ""))
	})
}

func TestSection2_5_PagesOfAnyOrigin(t *testing.T) {
	for _, origin := range []string{"http://page", "null", "test", ""} {
		inWorld(t, sockjs.Options{}, func(w *world) {
			check := func(path string, a answer) {
				switch path {
				case "/xhr", "/xhr_streaming", "/eventsource", "/xhr_send":
					w.foreign(a, origin)
				}
			}
			if origin == "" {
				w.first(check)
			} else {
				w.first(check, "Origin", origin)
			}
		})
	}
}

func TestSection2_5_Options(t *testing.T) {
	inWorld(t, sockjs.Options{JSessionID: true}, func(w *world) {
		for _, way := range []string{"xhr", "xhr_streaming", "xhr_send"} {
			w.options("/abc/abc/"+way, "OPTIONS, POST")
		}
		w.same("sessions opened", len(w.noted(&w.opened)), 0)
	})
}

func TestSection2_5_JSessionID(t *testing.T) {
	inWorld(t, sockjs.Options{JSessionID: true}, func(w *world) {
		w.first(func(path string, a answer) {
			w.same(path, a.Values("Set-Cookie"), []string{"JSESSIONID=dummy; Path=/"})
		})
	})
	inWorld(t, sockjs.Options{JSessionID: true}, func(w *world) {
		w.first(func(path string, a answer) {
			w.same(path, a.Values("Set-Cookie"), []string{"JSESSIONID=abcdef; Path=/"})
		}, "Cookie", "a=b; JSESSIONID=abcdef")
	})
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.first(func(path string, a answer) { w.same(path, a.Values("Set-Cookie"), []string(nil)) }, "Cookie", "JSESSIONID=abcdef")
	})
}
