package framework_test

import (
	"bufio"
	"iter"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

func TestSessionsAreSharedWithPlainHandlers(t *testing.T) {
	onEachStore(t, func(w *world) {
		carts := &framework.State[[]string]{Name: "carts", Subscribe: framework.OwnSession}
		w.run(2, framework.Service{Name: "shop", Topics: []framework.Stream{carts}, Methods: framework.Methods{
			"put": framework.Call(func(t *framework.Turn, thing string) (string, error) {
				return t.SessionID(), carts.Update(t, t.SessionID(), func(c *[]string) error { *c = append(*c, thing); return nil })
			}),
		}})
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		page, err := browser.Get(w.url + "/client.js")
		if err != nil {
			t.Fatal(err)
		}
		page.Body.Close()
		cookie := page.Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Name != framework.SessionCookie {
			t.Errorf("the cookie is %v", cookie)
		}
		one := w.dial(&client.Options{HTTPClient: browser})
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.AddCookie(cookie)
		mine := w.any().rt.Session(httptest.NewRecorder(), request)
		if session := call[string](w, one, "shop.put", "tea"); session != mine || session == cookie.Value {
			t.Errorf("a tab's session is %q, a plain handler's %q, the cookie %q", session, mine, cookie.Value)
		}
		if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { // as an HTTP handler with that cookie
			got, err := carts.Get(t, mine)
			if len(got) != 1 || got[0] != "tea" {
				w.Errorf("the session's data is %v, %v", got, err)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if _, err := one.Subscribe(w.wait(), "carts/somebodyelse", func(client.Entry) {}); codeOf(err) != "denied" {
			t.Errorf("another's session: %v", err)
		}
		if a, b := call[string](w, w.dial(nil), "shop.put", "x"), call[string](w, w.dial(nil), "shop.put", "x"); a == b {
			t.Error("two clients without cookies share a session")
		}
	})
}

func TestSessionCookie(t *testing.T) {
	rt, err := framework.New(framework.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	seen := map[string]bool{}
	for proto, secure := range map[string]bool{"": false, "http": false, "https": true, "HTTPS, http": true, "http, https": false} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-Proto", proto)
		rw := httptest.NewRecorder()
		id := rt.Session(rw, r)
		c := rw.Result().Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" {
			t.Errorf("by %q, the cookie is %+v", proto, c)
		}
		if strings.Contains(id, c.Value) || strings.Contains(c.Value, id) || seen[c.Value] || len(c.Value) != 22 {
			t.Errorf("session %q has cookie %q", id, c.Value)
		}
		seen[c.Value] = true
		r.AddCookie(c)
		if again := rt.Session(httptest.NewRecorder(), r); again != id {
			t.Errorf("the session is %q, then %q", id, again)
		}
		for _, wrong := range []string{"", "x", strings.Repeat("A", 21), strings.Repeat("A", 23)} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: framework.SessionCookie, Value: wrong})
			if rw := httptest.NewRecorder(); rt.Session(rw, r) == id || len(rw.Result().Cookies()) != 1 {
				t.Errorf("cookie %q is taken for a session's", wrong)
			}
		}
	}
}

// A socket that was opened with a session's cookie is that session's: its key alone, or with another cookie, is worth nothing.
func TestSocketIsBoundToItsSession(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		const mine, other = "AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBA"
		for n, row := range []struct{ opened, with, path string }{
			{mine, other, "/lp"}, {mine, "", "/lp"}, {mine, other, "/up"}, {mine, "", "/up"}, {mine, mine, "/lp"}, {mine, mine, "/up"},
			{mine, other, "/ws"}, {mine, "", "/ws"}, {mine, other, "/sse"}, {mine, "", "/sse"}, {mine, mine, "/ws"}, {mine, mine, "/sse"},
			{"", mine, "/lp"}, {"", "", "/lp"}, {"", mine, "/up"}, {"", "", "/up"}, {"", mine, "/ws"}, {"", "", "/ws"}, {"", mine, "/sse"}, {"", "", "/sse"},
		} {
			key := strings.Replace(rawKey, "A", string(rune('C'+n)), 1)
			first(w.frames(row.opened, "/lp", `H{"v":1,"key":"`+key+`","c":1}`))
			body := `H{"v":1,"key":"` + key + `","c":2,"cur":"0.","now":true}`
			if row.path == "/up" {
				body = "K" + key + ",,0\nC1,ledger.push|1"
			}
			text := first(w.frames(row.with, row.path, body))
			refused := strings.HasPrefix(text, "z4012,0,another session")
			if want := row.opened == mine && row.with != mine; refused != want || text == "" {
				t.Errorf("%+v: %q", row, text)
			}
		}
	})
}

// frames sends a request with a session's cookie, as any client would, and returns the frames that it is answered until that ends.
func (w *world) frames(session, path, body string) iter.Seq[string] {
	header := http.Header{}
	if session != "" {
		header.Set("Cookie", framework.SessionCookie+"="+session)
	}
	if path == "/ws" {
		return w.messages(header, body)
	}
	return func(yield func(string) bool) {
		r, err := http.NewRequestWithContext(w.wait(), http.MethodPost, w.url+path, strings.NewReader(body))
		if err != nil {
			w.Fatal(err)
		}
		r.Header = header
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			w.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			frame, event := strings.CutPrefix(lines.Text(), "data: ")
			if event != (path == "/sse" && resp.StatusCode == http.StatusOK) { // a comment, or what ends an event
				continue
			}
			if !yield(frame) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			w.Error(err)
		}
	}
}

// messages does so over a WebSocket.
func (w *world) messages(header http.Header, body string) iter.Seq[string] {
	return func(yield func(string) bool) {
		c, _, err := websocket.DefaultDialer.DialContext(w.wait(), "ws"+strings.TrimPrefix(w.url, "http")+"/ws", header)
		if err != nil {
			w.Fatal(err)
		}
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if err := c.WriteMessage(websocket.TextMessage, []byte(body)); err != nil {
			w.Fatal(err)
		}
		for {
			_, text, err := c.ReadMessage()
			if err != nil {
				return
			}
			for frame := range strings.Lines(string(text)) {
				if !yield(strings.TrimSuffix(frame, "\n")) {
					return
				}
			}
		}
	}
}

// first returns the first of some frames, "" if there is none.
func first(frames iter.Seq[string]) string {
	for frame := range frames {
		return frame
	}
	return ""
}

func TestCloseSession(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		var rec = httptest.NewRecorder()
		session := w.first().rt.Session(rec, httptest.NewRequestWithContext(w.Context(), http.MethodGet, "/", nil))
		mine := http.Header{"Cookie": {rec.Result().Cookies()[0].String()}}
		a, b, other := w.account(&client.Options{Header: mine}), w.account(&client.Options{Header: mine}), w.account(nil)
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return t.CloseSession(session, "logged out") })
		if err != nil {
			w.Fatal(err)
		}
		<-a.Done()
		<-b.Done()
		call[int](w, other.Client, "ledger.add", 1)
	})
}

// A method may end the socket that calls it. Its client is told that the call took effect, and then that the conversation is over.
func TestLogOutByMethod(t *testing.T) {
	everywhere(t, func(w *world) {
		logOut := framework.Service{Name: "session", Methods: framework.Methods{
			"end": framework.Call(func(t *framework.Turn, _ struct{}) (string, error) {
				return "bye", t.CloseSession(t.SessionID(), "logged out")
			}),
		}}
		w.run(2, logOut)
		c := w.dial(nil)
		err := c.Call(w.wait(), "session.end", nil, nil)
		if code := client.CodeOf(err); err != nil && code != "gone" {
			t.Errorf("the call that took effect: %v", err)
		}
		<-c.Done()
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), "logged out") {
			t.Errorf("the client ended with %v", err)
		}
	})
}
