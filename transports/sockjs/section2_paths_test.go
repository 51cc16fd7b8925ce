package sockjs_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

func TestSection2_1_Defaults(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		began := time.Now()
		s := w.receive("/000/one", "xhr_streaming")
		s.gives("o", "h")
		w.same("the heartbeat delay", time.Since(began), 25*time.Second)
		left := 128<<10 - len("o\nh\n")
		for left > 0 {
			n := min(left-1, 64<<10) // before the last byte the stream goes on
			if left == 1 {
				n = 1
			}
			message := bodyOf(strings.Repeat("x", max(0, n-len("a[\"\"]\n"))))
			w.send("/000/one", message)
			s.gives("a" + message)
			left -= len("a" + message + "\n")
		}
		s.gives("")
		w.same("goodbyes", len(w.noted(&w.closed)), 0)
		w.pass(5*time.Second - time.Millisecond)
		w.same("goodbyes before the disconnect delay", len(w.noted(&w.closed)), 0)
		w.pass(2 * time.Millisecond)
		w.same("goodbyes after it", w.noted(&w.closed), []string{"1002 nobody receives"})
		w.websocket("/websocket").say("raw") // is there
	})
}

func TestSection2_2_Greeting(t *testing.T) {
	inWorld(t, sockjs.Options{JSessionID: true}, func(w *world) {
		for _, path := range []string{"", "/"} {
			a := w.do("GET", path, "")
			w.is(a, 200, "Welcome to SockJS!\n")
			w.same("the type", a.Get("Content-Type"), "text/plain; charset=UTF-8")
			w.same("the length", a.Get("Content-Length"), "19")
			w.same("the cookie", a.Get("Set-Cookie"), "")
		}
	})
}

// Nothing is cleaned, nothing redirected.
func TestSection2_2_WhatIsNoPathIsNotFound(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for _, path := range []string{"//", "///", "/a", "/a.html", "/a/a", "/a/a/", "/a/", "/a/a/a", "/a/a/xhr/", "/a/a/b/xhr", "/info/", "/a/a/XHR", "x", "/%2Finfo"} {
			w.same("GET "+path, w.do("GET", path, "").status, 404)
		}
		for _, parts := range []string{"//", "/a./a", "/a/a.", "/./.", "/", "///", "/a//", "//a", "/a/%2e", "/a/b%2Fc", "x/a/b"} {
			w.same("GET "+parts, w.do("GET", parts+"/xhr", "").status, 404)
			w.same("POST "+parts, w.do("POST", parts+"/xhr", "").status, 404)
		}
	})
}

func TestSection2_2_AnyNamesAreTaken(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for _, path := range []string{"/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20", "/%C3%A9/%C3%A9"} {
			w.same("a poll of "+path, w.poll(path), "o\n")
		}
		w.send("/a/abcdefg_i-j%20", `["x"]`) // a name is what it says, not how
		w.same("a poll", w.poll("/a/%61bcdefg_i-j%20"), "a[\"x\"]\n")
	})
}

func TestSection2_2_TheServerPartIsIgnored(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.same("a poll", w.poll("/000/one"), "o\n")
		w.send("/111/one", `["a"]`)
		w.same("a poll", w.poll("/999/one"), "a[\"a\"]\n")
	})
}

func TestSection2_2_WrongMethods(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for path, allow := range map[string]string{
			"": "GET", "/info": "OPTIONS, GET", "/iframe.html": "GET", "/a/a/xhr": "OPTIONS, POST", "/a/a/xhr_streaming": "OPTIONS, POST", "/a/a/eventsource": "OPTIONS, GET",
			"/a/a/htmlfile": "GET", "/a/a/jsonp": "GET", "/a/a/xhr_send": "OPTIONS, POST", "/a/a/jsonp_send": "POST", "/a/a/websocket": "GET", "/websocket": "GET",
		} {
			a := w.do("PUT", path, "x")
			w.is(a, 405, "")
			w.same("what is allowed at "+path, a.Get("Allow"), allow)
			w.same("the type", a.Values("Content-Type"), []string(nil))
		}
	})
}

const iframe = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="URL"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`

func TestSection2_3_Iframe(t *testing.T) {
	inWorld(t, sockjs.Options{JSessionID: true}, func(w *world) {
		want := strings.Replace(iframe, "URL", sockjs.DefaultSockJSURL, 1)
		for _, name := range []string{"", "-a", "-", "-0.1.2", "-0.1.2abc-dirty.2144"} {
			for _, query := range []string{"", "?t=1234"} {
				a := w.do("GET", "/iframe"+name+".html"+query, "")
				w.is(a, 200, want)
				w.same("the type", a.Get("Content-Type"), "text/html; charset=UTF-8")
				w.same("the cookie", a.Get("Set-Cookie"), "")
			}
		}
		for _, path := range []string{"/iframe", "/iframe.htm", "/iframe.HTML", "/IFRAME.HTML", "/IFRAME", "/iframe.xml", "/iframe-/.html", "/iframeX.html"} {
			w.same(path, w.do("GET", path, "").status, 404)
		}
	})
}

func TestSection2_3_IframeIsKept(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		a, b := w.do("GET", "/iframe.html", ""), w.do("GET", "/iframe-1.html", "")
		tag := a.Get("ETag")
		w.same("the other's tag", b.Get("ETag"), tag)
		if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
			t.Errorf("the tag is %q", tag)
		}
		w.same("how long", a.Get("Cache-Control"), "public, max-age=31536000")
		if expires, err := http.ParseTime(a.Get("Expires")); err != nil || time.Until(expires) < 300*24*time.Hour {
			t.Errorf("it expires %q", a.Get("Expires"))
		}
		w.same("when it was modified", a.Get("Last-Modified"), "")
		again := w.do("GET", "/iframe.html", "", "If-None-Match", tag)
		w.is(again, 304, "")
		w.same("the type", again.Values("Content-Type"), []string(nil))
		w.same("its tag", again.Get("ETag"), tag)
	})
}

func TestSection2_3_TheLibrarysAddressIsAnOption(t *testing.T) {
	inWorld(t, sockjs.Options{SockJSURL: `/static/sockjs.js?a=1&b="`}, func(w *world) {
		w.is(w.do("GET", "/iframe.html", ""), 200, strings.Replace(iframe, "URL", "/static/sockjs.js?a=1&amp;b=&#34;", 1))
	})
}

type info struct {
	WebSocket    *bool    `json:"websocket"`
	Origins      []string `json:"origins"`
	CookieNeeded *bool    `json:"cookie_needed"`
	Entropy      *float64 `json:"entropy"`
}

func (w *world) info() info {
	w.Helper()
	a := w.do("GET", "/info", "", "Origin", "http://page")
	w.same("the status", a.status, 200)
	w.same("the type", a.Get("Content-Type"), "application/json; charset=UTF-8")
	w.same("the cookie", a.Get("Set-Cookie"), "")
	w.notCached(a)
	w.foreign(a, "http://page")
	var i info
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	w.must(d.Decode(&i))
	if i.WebSocket == nil || i.CookieNeeded == nil || i.Entropy == nil {
		w.Fatalf("info is %s", a.body)
	}
	return i
}

func TestSection2_4_Info(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		i, j := w.info(), w.info()
		w.same("websocket", *i.WebSocket, true)
		w.same("cookie_needed", *i.CookieNeeded, false)
		w.same("origins", i.Origins, []string{"*:*"})
		if *i.Entropy == *j.Entropy || *i.Entropy < 0 || *i.Entropy >= 1<<32 || *i.Entropy != float64(uint32(*i.Entropy)) {
			t.Errorf("entropies are %v, %v", *i.Entropy, *j.Entropy)
		}
	})
	inWorld(t, sockjs.Options{NoWebSocket: true, JSessionID: true}, func(w *world) {
		var all uint32
		for range 64 {
			all |= uint32(*w.info().Entropy)
		}
		w.same("the bits that vary", all, uint32(1<<32-1))
		i := w.info()
		w.same("websocket", *i.WebSocket, false)
		w.same("cookie_needed", *i.CookieNeeded, true)
	})
}

func TestSection2_4_InfoOptions(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) { w.options("/info", "OPTIONS, GET") })
}
