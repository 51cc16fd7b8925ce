package sockjs_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/transports/sockjs"
)

func TestSection2_7_ContentTypes(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		want := map[string]string{
			"/xhr": "application/javascript; charset=UTF-8", "/xhr_streaming": "application/javascript; charset=UTF-8", "/eventsource": "text/event-stream",
			"/htmlfile?c=callback": "text/html; charset=UTF-8", "/jsonp?c=callback": "application/javascript; charset=UTF-8",
			"/xhr_send": "text/plain; charset=UTF-8", "/jsonp_send": "text/plain; charset=UTF-8",
		}
		w.first(func(path string, a answer) {
			w.same(path, a.Get("Content-Type"), want[path])
			if strings.HasPrefix(path, "/jsonp?") {
				w.same("nosniff", a.Get("X-Content-Type-Options"), "nosniff")
			}
		})
	})
}

// A stream says so to proxies that would hold it back.
func TestSection2_12_StreamsAreNotHeldBack(t *testing.T) {
	for way, v := range receivings {
		if v.prelude == "" {
			continue
		}
		inWorld(t, sockjs.Options{}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			w.same("X-Accel-Buffering of "+way, s.Header.Get("X-Accel-Buffering"), "no")
		})
	}
}

// Each way as it goes over the wire: what stands before, and each frame, is one write, and leaves at once.
func TestSection2_7_EachFrameIsOneWrite(t *testing.T) {
	want := map[string][]string{
		"xhr_streaming": {receivings["xhr_streaming"].prelude, "o\n", "a[\"%\",\"\\n\"]\n", "c[3000,\"Go away!\"]\n"},
		"eventsource":   {"\r\n", "data: o\r\n\r\n", "data: a[\"%25\",\"\\n\"]\r\n\r\n", "data: c[3000,\"Go away!\"]\r\n\r\n"},
		"htmlfile": {
			receivings["htmlfile"].prelude, "<script>\np(\"o\");\n</script>\r\n", "<script>\np(\"a[\\\"%\\\",\\\"\\\\n\\\"]\");\n</script>\r\n",
			"<script>\np(\"c[3000,\\\"Go away!\\\"]\");\n</script>\r\n",
		},
		"xhr":   {"o\n", "a[\"%\",\"\\n\"]\n", "c[3000,\"Go away!\"]\n"},
		"jsonp": {"/**/callback(\"o\");\r\n", "/**/callback(\"a[\\\"%\\\",\\\"\\\\n\\\"]\");\r\n", "/**/callback(\"c[3000,\\\"Go away!\\\"]\");\r\n"},
	}
	for way, v := range receivings {
		inWorld(t, sockjs.Options{}, func(w *world) {
			out := newPieces()
			receive := func() {
				go w.instances[0].ServeHTTP(out, httptest.NewRequestWithContext(w.Context(), v.method, "/echo/000/one"+v.path, nil))
				synctest.Wait()
			}
			receive()
			for i, body := range []string{`["%","\n"]`, `["close"]`} {
				if v.prelude == "" && i > 0 {
					receive()
				}
				w.send("/000/one", body)
				synctest.Wait()
				if v.prelude == "" && i == 0 {
					receive()
				}
			}
			out.mu.Lock()
			defer out.mu.Unlock()
			if !slices.Equal(out.all, want[way]) || !out.whole {
				t.Errorf("%s writes %q, all flushed %v, want %q", way, out.all, out.whole, want[way])
			}
		})
	}
}

func TestSection2_7_PagesAreFilledUp(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		s := w.receive("/000/one", "htmlfile")
		s.gives("o")
		if n := len(receivings["htmlfile"].prelude); n < 1024 {
			t.Errorf("it begins with %d bytes", n)
		}
	})
}

func TestSection2_7_Callbacks(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for _, way := range []string{"htmlfile", "jsonp"} {
			for _, query := range []string{"", "?c=", "?x=y"} {
				w.is(w.do("GET", "/a/a/"+way+query, ""), 500, `"callback" parameter required`)
			}
			for _, name := range []string{"%20", "*", "abc(", "abc%28", "a%0A", "é", "<script>"} {
				w.is(w.do("GET", "/a/a/"+way+"?c="+name, ""), 500, `invalid "callback" parameter`)
			}
		}
		w.is(w.do("GET", "/a/a/jsonp?c="+strings.Repeat("x", 33), ""), 500, `invalid "callback" parameter`)
		w.same("sessions", len(w.noted(&w.opened)), 0)
		w.same("a long one of htmlfile", w.do("GET", "/closing/long/htmlfile?c="+strings.Repeat("x", 33), "").status, 200)
		for i, query := range []string{"c=%63all-b_a.ck", "callback=call-b_a.ck", "c=call-b_a.ck&callback=x"} {
			w.is(w.do("GET", fmt.Sprint("/a/", i, "/jsonp?", query), ""), 200, "/**/call-b_a.ck(\"o\");\r\n")
		}
	})
}

func TestSection2_7_APollEndsAfterOneFrame(t *testing.T) {
	for _, way := range []string{"xhr", "jsonp"} {
		inWorld(t, sockjs.Options{}, func(w *world) {
			first := w.receive("/closing/one", way)
			first.gives("o", "") // though there is more
			if first.ContentLength <= 0 {
				t.Error("a poll that breaks off does not show")
			}
			w.receive("/000/two", way).gives("o", "")
			for i := range 3 {
				w.send("/000/two", fmt.Sprintf(`["%d","x"]`, i))
			}
			w.receive("/000/two", way).gives(`a["0","x","1","x","2","x"]`, "") // all of it
		})
	}
}

// A stream ends after the frame that reaches the limit. What stands before does not count; the open frame does.
func TestSection2_7_ResponseLimit(t *testing.T) {
	inWorld(t, sockjs.Options{ResponseLimit: 4096}, func(w *world) {
		message := bodyOf(strings.Repeat("x", 128))
		s := w.receive("/000/one", "xhr_streaming")
		s.gives("o")
		for range 31 {
			w.send("/000/one", message)
			s.gives("a" + message)
		}
		s.gives("")
		w.send("/000/one", message)
		w.receive("/000/one", "xhr_streaming").gives("a" + message) // it has come again
	})
	for way, v := range receivings {
		if v.prelude == "" {
			continue
		}
		open := len(receivings[way].frames("o"))
		frame := len(receivings[way].frames(`a["x"]`))
		inWorld(t, sockjs.Options{ResponseLimit: open + 2*frame}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			for range 2 {
				w.send("/000/one", `["x"]`)
				s.gives(`a["x"]`)
			}
			s.gives("")
		})
		inWorld(t, sockjs.Options{ResponseLimit: open + 2*frame + 1}, func(w *world) {
			s := w.receive("/000/one", way)
			s.gives("o")
			for range 3 {
				w.send("/000/one", `["x"]`)
				s.gives(`a["x"]`)
			}
			s.gives("")
		})
	}
}

// frames is a frame as it goes over the wire.
func (v receiving) frames(frame string) string {
	return map[string]string{
		"/xhr_streaming":       frame + "\n",
		"/eventsource":         "data: " + frame + "\r\n\r\n",
		"/htmlfile?c=callback": "<script>\np(\"" + strings.ReplaceAll(frame, `"`, `\"`) + "\");\n</script>\r\n",
	}[v.path]
}

// HTTP/1.0 knows no chunks: a stream ends with its connection.
func TestSection2_7_HTTP10(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		r := w.raw("POST /echo/closing/one/xhr_streaming HTTP/1.0\r\nHost: test\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n")
		all, err := io.ReadAll(r)
		w.must(err)
		head, body, _ := strings.Cut(string(all), "\r\n\r\n")
		if strings.Contains(head, "Transfer-Encoding") || strings.Contains(head, "Content-Length") {
			t.Errorf("the head is %q", head)
		}
		w.same("the body", body, receivings["xhr_streaming"].prelude+"o\nc[3000,\"Go away!\"]\n")
	})
}

// HTTP/1.1 does, and has its connection go on to the next request.
func TestSection2_7_HTTP11(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		r := w.raw("POST /echo/closing/one/xhr_streaming HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\nGET /echo/ HTTP/1.1\r\nHost: test\r\n\r\n")
		var got []string
		for !slices.Contains(got, "0\r\n") {
			line, err := r.ReadString('\n')
			w.must(err)
			got = append(got, line)
		}
		body := got[slices.Index(got, "\r\n")+1:]
		want := []string{"801\r\n", receivings["xhr_streaming"].prelude, "\r\n", "2\r\n", "o\n", "\r\n", "13\r\n", "c[3000,\"Go away!\"]\n", "\r\n", "0\r\n"}
		if !slices.Equal(body, want) {
			t.Errorf("the body is %q, want %q", body, want)
		}
		var next [2]string
		for i := range next {
			next[i], _ = r.ReadString('\n')
		}
		w.same("what follows", next, [2]string{"\r\n", "HTTP/1.1 200 OK\r\n"})
	})
}

func TestSection2_8_Sends(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		for _, kind := range []string{"text/plain", "T", "application/json", "application/xml", "", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/xml"} {
			a := w.do("POST", "/000/one/xhr_send", `["a"]`, "Content-Type", kind)
			w.is(a, 204, "")
			w.same("the type", a.Get("Content-Type"), "text/plain; charset=UTF-8")
		}
		w.same("a poll", w.poll("/000/one"), "a["+strings.TrimSuffix(strings.Repeat(`"a",`, 8), ",")+"]\n")
		w.send("/000/one", ` [ ] `)
		w.send("/000/one", `["b"]`)
		w.same("a poll", w.poll("/000/one"), "a[\"b\"]\n")
	})
}

func TestSection2_8_FormSends(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		const form = "application/x-www-form-urlencoded"
		w.poll("/000/one")
		for body, kind := range map[string]string{"d=%5B%22x%22%5D": form, "a=b&d=[%22x%22]": form + "; charset=UTF-8", `[ "x"]`: "text/plain", `["x"]`: ""} {
			a := w.do("POST", "/000/one/jsonp_send", body, "Content-Type", kind)
			w.is(a, 200, "ok")
			w.same("the type", a.Get("Content-Type"), "text/plain; charset=UTF-8")
		}
		w.is(w.do("POST", "/000/one/jsonp_send", `["%61"]`, "Content-Type", "text/plain"), 200, "ok")
		w.is(w.do("POST", "/000/one/jsonp_send", "d=[]", "Content-Type", form), 200, "ok")
		w.same("a poll", w.poll("/000/one"), `a["x","x","x","x","%61"]`+"\n")
		for _, body := range []string{"", "d=", "p=p", "d=%20", "d=%zz", "d=1"} {
			w.is(w.do("POST", "/000/one/jsonp_send", body, "Content-Type", form), 500, "Payload expected.")
		}
		w.is(w.do("POST", "/000/one/jsonp_send", "d=%5B%22x", "Content-Type", form), 500, "Broken JSON encoding.")
	})
}

// The session goes on.
func TestSection2_8_WhatIsNotUnderstood(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		for _, send := range []string{"/xhr_send", "/jsonp_send"} {
			for _, body := range []string{"", " ", "null", "1", `"a"`, "{}", ` {"a":["b"]}`} {
				w.is(w.do("POST", "/000/one"+send, body), 500, "Payload expected.")
			}
			for _, body := range []string{"[", `["a"`, `["a]`, `["a"]x`, `["a",1]`, `["a",null]`, `[["a"]]`, "[\"\xff\"]", "x", `{`} {
				w.is(w.do("POST", "/000/one"+send, body), 500, "Broken JSON encoding.")
			}
		}
		w.same("heard", len(w.noted(&w.heard)), 0)
		w.send("/000/one", `["a"]`)
		w.same("a poll", w.poll("/000/one"), "a[\"a\"]\n")
	})
}

func TestSection2_8_UnknownSessions(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		for _, send := range []string{"/xhr_send", "/jsonp_send"} {
			w.same(send, w.do("POST", "/000/nobody"+send, `["a"]`).status, 404)
			w.same(send, w.do("POST", "/000/nobody"+send, `[]`).status, 404)
			w.same("what is checked first", w.do("POST", "/000/nobody"+send, `x`).status, 500)
		}
	})
}

func TestMoreThanMayBeSentIsRefused(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		fits := bodyOf(strings.Repeat("x", 1<<20-4))
		w.send("/000/one", fits)
		for _, path := range []string{"/xhr_send", "/jsonp_send", "/xhr", "/xhr_streaming"} {
			w.same("a byte more by "+path, w.do("POST", "/000/one"+path, " "+fits).status, 413)
		}
	})
}

// A body that does not come is not waited for.
func TestABodyThatStopsComingIsNotWaitedFor(t *testing.T) {
	inWorld(t, sockjs.Options{}, func(w *world) {
		w.poll("/000/one")
		began := time.Now()
		r := w.raw("POST /echo/000/one/xhr_send HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n[")
		line, err := r.ReadString('\n')
		w.must(err)
		w.same("the answer", line, "HTTP/1.1 400 Bad Request\r\n")
		w.same("waited", time.Since(began), 30*time.Second)
	})
}

// Messages of one request are dealt with no faster than a client may send, but the answer does not take for ever.
func TestMessagesOfOneRequestArePaced(t *testing.T) {
	for n, want := range map[int]time.Duration{2000: 0, 7000: 5 * time.Second, 100_000: 10 * time.Second} {
		inWorld(t, sockjs.Options{}, func(w *world) {
			w.receive("/000/one", "xhr_streaming").gives("o")
			began := time.Now()
			w.send("/000/one", "["+strings.TrimSuffix(strings.Repeat(`"hush",`, n), ",")+"]")
			w.same("waited", time.Since(began), want)
			w.same("heard", len(w.noted(&w.heard)), n)

			ws := w.websocket("/000/two/websocket")
			ws.gives("o")
			began = time.Now()
			ws.say("[" + strings.Repeat(`"hush",`, n-1) + `"x"]`)
			ws.gives(`a["x"]`)
			w.same("waited over a websocket", time.Since(began).Round(time.Second), want)
		})
	}
}
