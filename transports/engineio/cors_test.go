package engineio_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/transports/engineio"
)

// directly asks a server that nothing stands before, and nothing checks origins for.
func directly(t *testing.T, s *engineio.Server, method, query, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://own.example/engine.io/"+query, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func serves(t *testing.T, cors *engineio.CORS) *engineio.Server {
	s := &engineio.Server{CORS: cors}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
)

func TestSection1_11_CORS(t *testing.T) {
	const app, other, own = "https://app.example", "https://other.example", "http://own.example"
	for _, c := range []struct {
		name                 string
		cors                 *engineio.CORS
		origin, allowed, may string // may: credentials
	}{
		{"None", nil, other, "", ""},
		{"Own", &engineio.CORS{Origins: []string{app}}, own, "", ""},
		{"NoOrigin", &engineio.CORS{Any: true}, "", "", ""},
		{"Listed", &engineio.CORS{Origins: []string{app}}, app, app, ""},
		{"ListedWithCookies", &engineio.CORS{Origins: []string{app}, Credentials: true}, app, app, "true"},
		{"NotListed", &engineio.CORS{Origins: []string{app}, Credentials: true}, other, "", ""},
		{"Any", &engineio.CORS{Any: true}, other, "*", ""},
		{"AnyWithCookies", &engineio.CORS{Any: true, Credentials: true}, other, other, "true"},
		{"Null", &engineio.CORS{Any: true, Credentials: true}, "null", "null", "true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serves(t, c.cors)
			for _, query := range []string{polling, polling + "&sid=abc", ""} { // on errors, too
				var header []string
				if c.origin != "" {
					header = []string{"Origin", c.origin}
				}
				h := directly(t, s, "GET", query, "", header...).Header()
				if h.Get(allowOrigin) != c.allowed || h.Get(allowCredentials) != c.may {
					t.Errorf("%q is answered with %v", query, h)
				}
				if vary := h.Get("Vary"); (vary == "Origin") != (c.cors != nil) {
					t.Errorf("%q: Vary is %q", query, vary)
				}
			}
		})
	}
}

func TestSection1_11_Preflight(t *testing.T) {
	s := serves(t, &engineio.CORS{Origins: []string{"https://app.example"}, Credentials: true})
	got := directly(t, s, "OPTIONS", polling, "", "Origin", "https://app.example", "Access-Control-Request-Headers", "x-token, content-type")
	if got.Code != 204 || got.Body.Len() > 0 {
		t.Errorf("it is answered %d %q", got.Code, got.Body)
	}
	for name, want := range map[string]string{
		allowOrigin: "https://app.example", allowCredentials: "true",
		"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "x-token, content-type",
	} {
		if value := got.Header().Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	got = directly(t, s, "OPTIONS", polling, "", "Origin", "https://other.example")
	if got.Code != 400 || got.Header().Get(allowOrigin) != "" {
		t.Errorf("of another page it is answered %d %v", got.Code, got.Header())
	}
}

// The browser does not hold websockets back.
func TestSection1_2_ForeignWebSocketsAreForbidden(t *testing.T) {
	for _, cors := range []*engineio.CORS{nil, {Origins: []string{"https://app.example"}}} {
		s := serves(t, cors)
		for _, origin := range []string{"https://other.example", "null", "http://own.example.other", "https://own.example:8443", "ftp://own.example"} {
			got := directly(t, s, "GET", sockets, "", "Origin", origin, "Connection", "Upgrade", "Upgrade", "websocket")
			if got.Code != http.StatusForbidden || got.Body.String() != `{"code":4,"message":"Forbidden"}` {
				t.Errorf("of %s a websocket is answered %d %s", origin, got.Code, got.Body)
			}
		}
		got := directly(t, s, "GET", sockets, "", "Origin", "http://own.example", "Connection", "Upgrade", "Upgrade", "websocket", "X-Forwarded-Proto", "https")
		if got.Code != http.StatusForbidden {
			t.Errorf("of a page without TLS a websocket with it is answered %d", got.Code)
		}
	}
}

func TestSection1_10_JSONP(t *testing.T) {
	s := serves(t, &engineio.CORS{Any: true})
	s.OnMessage = func(x *engineio.Socket, m engineio.Message) { x.Send(m) }
	got := directly(t, s, "GET", polling+"&j=7x", "")
	text, ok := strings.CutPrefix(got.Body.String(), `___eio[7]("0{\"sid\":\"`)
	if !ok || !strings.HasSuffix(text, `}");`) {
		t.Fatalf("the handshake is %s", got.Body)
	}
	if kind, sniff := got.Header().Get("Content-Type"), got.Header().Get("X-Content-Type-Options"); kind != "text/javascript; charset=UTF-8" || sniff != "nosniff" {
		t.Errorf("it is %q, %q", kind, sniff)
	}
	query := polling + "&j=8&sid=" + text[:26]
	form := url.Values{"d": {"4one\\ntwo\x1e4three\\\\nfour \u2028</script>"}}.Encode()
	got = directly(t, s, "POST", query, form, "Content-Type", "application/x-www-form-urlencoded")
	if got.Code != 200 || got.Body.String() != "ok" {
		t.Errorf("a POST is answered %d %s", got.Code, got.Body)
	}
	got = directly(t, s, "GET", query, "")
	if want := `___eio[8]("4one\ntwo\u001e4three\\nfour \u2028\u003c/script\u003e");`; got.Body.String() != want {
		t.Errorf("a poll is answered %s, want %s", got.Body, want)
	}
	for _, body := range []string{"", "d=", "x=4hello", "%zz"} {
		if got = directly(t, s, "POST", polling+"&j=8&sid=abc", body); got.Code != 400 {
			t.Errorf("%q is answered %d", body, got.Code)
		}
	}
}

// A script's answer can be read by every page, whatever its origin.
func TestSection1_10_NoJSONPUnlessAnyPageMayRead(t *testing.T) {
	for _, cors := range []*engineio.CORS{nil, {Origins: []string{"https://app.example"}, Credentials: true}} {
		got := directly(t, serves(t, cors), "GET", polling+"&j=0", "")
		if got.Code != http.StatusForbidden || got.Body.String() != `{"code":4,"message":"Forbidden"}` {
			t.Errorf("it is answered %d %s", got.Code, got.Body)
		}
	}
}
