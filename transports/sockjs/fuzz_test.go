package sockjs

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// Whatever a message is, its frame is JSON that says the same, without what must not be in it.
func FuzzFrame(f *testing.F) {
	for _, text := range []string{"", "a", `"\`, "\x00\x1f\n\u2028\uffff😀", "\xff", "</script>", `c[3000,"Go away!"]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		frame := messageFrame([]session.Message{{Data: []byte(text)}, {}})
		var got []string
		if err := json.Unmarshal(frame[1:], &got); err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); len(got) != 2 || utf8.ValidString(text) && got[0] != want || got[1] != "" {
			t.Errorf("%q comes as %q", text, got)
		}
		for _, r := range string(frame) {
			if r < 0x20 || r >= 0x2028 && r <= 0x202f || r >= 0xfff0 && r <= 0xffff {
				t.Errorf("%q has %U", frame, r)
			}
		}
		for name, v := range ways {
			wire := string(v.frame(nil, frame, "callback"))
			if strings.Count(wire, "\n") > 4 || name == "htmlfile" && strings.Count(wire, "<") != 2 {
				t.Errorf("by %s it is %q", name, wire)
			}
		}
	})
}

// Whatever a client sends is an array of strings, as JSON has it, or refused.
func FuzzMessages(f *testing.F) {
	for _, body := range []string{"", "[]", `["a"]`, `["a","\ud83d"]`, `"a"`, "null", `[null]`, `["a",1]`, `["a"`, " [ ] ", "[\"\xff\"]", "{}", `[["a"]]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ms, err := parseMessages(body)
		var want []string
		valid := json.Unmarshal(body, &want) == nil && want != nil && utf8.Valid(body) && !hasNull(body)
		if valid != (err == nil) {
			t.Fatalf("%q: %v", body, err)
		}
		if err != nil && err != errNoPayload && err != errBrokenJSON {
			t.Errorf("%q: %v", body, err)
		}
		for i, m := range ms {
			if string(m.Data) != want[i] {
				t.Errorf("%q is %q, want %q", body, m.Data, want[i])
			}
		}
		if one, err := parseOne(body); err == nil && len(one) > 0 && len(one) != len(ms) && body[0] != '"' {
			t.Errorf("over a WebSocket %q is %v", body, one)
		}
	})
}

func hasNull(body []byte) bool {
	var all []any
	if json.Unmarshal(body, &all) != nil {
		return false
	}
	for _, one := range all {
		if one == nil {
			return true
		}
	}
	return false
}

// Whatever is asked for is answered, with a status of the protocol's.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"", "/", "//", "/info", "/iframe-1.html", "/a/b/xhr", "/a/%2e/xhr", "/a/b/jsonp?c=x", "/a/b/htmlfile?callback=%0a", "/a/b/xhr_send", "/a/b/websocket", "/websocket", "/a/b/eventsource/"} {
		f.Add(path, true)
	}
	f.Fuzz(func(t *testing.T, path string, post bool) {
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		r, err := http.NewRequest(method, "http://test/echo", strings.NewReader(`["x"]`))
		if err != nil {
			t.Fatal(err)
		}
		path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		if r.URL, err = r.URL.Parse("/echo" + path); err != nil {
			return
		}
		s := &Server{Prefix: "/echo", Options: Options{ResponseLimit: 1}}
		defer s.Shutdown(t.Context())
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case 200, 204, 400, 404, 405, 500:
		default:
			t.Errorf("%s %q is answered %d", method, path, w.Code)
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %q: nothing is allowed", method, path)
		}
	})
}
