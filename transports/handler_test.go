package transports_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func reached(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Reached", name) })
}

func handler(t *testing.T, o transports.Options) http.Handler {
	t.Helper()
	h, err := transports.Handler(&script{}, o, endpoints{"kit", map[string]http.Handler{"a": reached("a"), "b": reached("b")}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHandlerRoutesByTheLastElement(t *testing.T) {
	h := handler(t, transports.Options{})
	for path, want := range map[string]string{
		"/a": "a", "/rt/a": "a", "/x/y/rt/b": "b", "/a/b": "b",
		"/": "", "/rt/": "", "/rt/a/": "", "/rt/c": "", "/rta": "", "/b/A": "",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
		if got := w.Header().Get("Reached"); got != want {
			t.Errorf("%s reached %q, want %q", path, got, want)
		}
		if want == "" && (w.Code != http.StatusNotFound || !strings.HasPrefix(w.Body.String(), "z4001,")) {
			t.Errorf("%s was answered %d %q, want 404 and a z frame", path, w.Code, w.Body)
		}
	}
}

func TestHandlerRoutesSubtrees(t *testing.T) {
	seen := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Reached", name+" "+r.URL.EscapedPath()+" "+r.URL.Path+"?"+r.URL.RawQuery)
		})
	}
	h, err := transports.Handler(&script{}, transports.Options{}, endpoints{"kit", map[string]http.Handler{
		"up": seen("up"), "in.io/": seen("in.io"), "jock/": seen("jock"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/in.io/?sid=1": "in.io /in.io/ /in.io/?sid=1", "/in.io?a": "in.io /in.io /in.io?a", "/rt/in.io/": "in.io /in.io/ /in.io/?",
		"/rt/jock/000/a%2Fb/xhr": "jock /jock/000/a%2Fb/xhr /jock/000/a/b/xhr?", "/rt/jock//x": "jock /jock//x /jock//x?",
		"/%C3%A9/jock/%C3%A9": "jock /jock/%C3%A9 /jock/é?",
		"/jock/rt/in.io/":     "in.io /in.io/ /in.io/?", "/in.io/jock/x": "jock /jock/x /jock/x?", // mounted below what is called so
		"/jock/rt/jock/x": "jock /jock/x /jock/x?",
		"/jock/rt/up":     "up /jock/rt/up /jock/rt/up?",
		"/rtjock/x":       "", "/rt/jock.html": "", "/rt/x": "", "/rt/Jock/": "", "/a%2Fjock/x": "",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
		if got := w.Header().Get("Reached"); got != want {
			t.Errorf("%s reached %q, want %q", path, got, want)
		}
		if want == "" && w.Code != http.StatusNotFound {
			t.Errorf("%s was answered %d, want 404", path, w.Code)
		}
	}
}

func TestOrigins(t *testing.T) {
	const refused, own, listed = "refused", "own", "listed"
	some := transports.Options{Origins: []string{"https://app.example", "https://alt.example:8443", "capacitor://localhost", "HTTPS://Upper.example:443"}}
	for _, c := range []struct {
		name    string
		options transports.Options
		origin  []string // header values
		host    string
		tls     bool
		proto   string
		want    string
	}{
		{name: "no browser", host: "a.example", want: own},
		{name: "same", origin: []string{"http://a.example"}, host: "a.example", want: own},
		{name: "same, with port", origin: []string{"http://a.example:8080"}, host: "a.example:8080", want: own},
		{name: "same, letter case", origin: []string{"http://a.example"}, host: "A.Example", want: own},
		{name: "same, https behind a proxy", origin: []string{"https://a.example"}, host: "a.example", want: own},
		{name: "same, https said by the proxy", origin: []string{"https://a.example"}, host: "a.example", proto: "https", want: own},
		{name: "same, https", origin: []string{"https://a.example"}, host: "a.example", tls: true, want: own},
		{name: "same, default port", origin: []string{"https://a.example"}, host: "a.example:443", want: own},
		{name: "same, IPv6", origin: []string{"http://[::1]:8080"}, host: "[::1]:8080", want: own},
		{name: "http page, TLS", origin: []string{"http://a.example"}, host: "a.example", tls: true, want: refused},
		{name: "http page, TLS at the proxy", origin: []string{"http://a.example"}, host: "a.example", proto: "https", want: refused},
		{name: "http page, TLS at the first proxy", origin: []string{"http://a.example"}, host: "a.example", proto: "HTTPS, http", want: refused},
		{name: "http page, TLS after the first proxy", origin: []string{"http://a.example"}, host: "a.example", proto: "http, https", want: own},
		{name: "other port", origin: []string{"http://a.example:81"}, host: "a.example", want: refused},
		{name: "https port of http", origin: []string{"http://a.example"}, host: "a.example:443", want: refused},
		{name: "other host", origin: []string{"http://b.example"}, host: "a.example", want: refused},
		{name: "subdomain", origin: []string{"http://x.a.example"}, host: "a.example", want: refused},
		{name: "suffix", origin: []string{"http://a.example.evil"}, host: "a.example", want: refused},
		{name: "prefix", origin: []string{"http://evil-a.example"}, host: "a.example", want: refused},
		{name: "user", origin: []string{"http://a.example@evil"}, host: "a.example", want: refused},
		{name: "user, other way", origin: []string{"http://evil@a.example"}, host: "a.example", want: refused},
		{name: "path", origin: []string{"http://a.example/"}, host: "a.example", want: refused},
		{name: "empty fragment", origin: []string{"http://a.example#"}, host: "a.example", want: refused},
		{name: "Kelvin's k", origin: []string{"http://\u212Ait.example"}, host: "kit.example", want: refused},
		{name: "a host with Kelvin's k", origin: []string{"http://kit.example"}, host: "\u212Ait.example", want: refused},
		{name: "escaped", origin: []string{"http://%61.example"}, host: "a.example", want: refused},
		{name: "null", origin: []string{"null"}, host: "null", want: refused},
		{name: "empty", origin: []string{""}, host: "", want: refused},
		{name: "empty host", origin: []string{"http://"}, host: "", want: refused},
		{name: "no scheme", origin: []string{"a.example"}, host: "a.example", want: refused},
		{name: "other scheme", origin: []string{"file://a.example"}, host: "a.example", want: refused},
		{name: "star", origin: []string{"*"}, host: "a.example", want: refused},
		{name: "two", origin: []string{"http://a.example", "http://a.example"}, host: "a.example", want: refused},

		{name: "listed", options: some, origin: []string{"https://app.example"}, host: "a.example", want: listed},
		{name: "listed, port", options: some, origin: []string{"https://alt.example:8443"}, host: "a.example", want: listed},
		{name: "listed, scheme", options: some, origin: []string{"capacitor://localhost"}, host: "a.example", want: listed},
		{name: "listed in capitals", options: some, origin: []string{"https://upper.example"}, host: "a.example", want: listed},
		{name: "not listed: scheme", options: some, origin: []string{"http://app.example"}, host: "a.example", want: refused},
		{name: "not listed: port", options: some, origin: []string{"https://app.example:444"}, host: "a.example", want: refused},
		{name: "not listed: null", options: some, origin: []string{"null"}, host: "a.example", want: refused},
		{name: "own beside listed", options: some, origin: []string{"http://a.example"}, host: "a.example", want: own},

		{name: "any", options: transports.Options{InsecureAnyOrigin: true}, origin: []string{"http://evil"}, host: "a.example", want: listed},
		{name: "any: null", options: transports.Options{InsecureAnyOrigin: true}, origin: []string{"null"}, host: "a.example", want: listed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := handler(t, c.options)
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				r := httptest.NewRequest(method, "/rt/a", nil)
				r.Host = c.host
				if c.tls {
					r.TLS = &tls.ConnectionState{}
				}
				if c.proto != "" {
					r.Header.Set("X-Forwarded-Proto", c.proto)
				}
				if c.origin != nil {
					r.Header["Origin"] = c.origin
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				checkOrigin(t, r, w, c.want)
			}
		})
	}
}

func checkOrigin(t *testing.T, r *http.Request, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	got, allowed := w.Header(), ""
	if want == "listed" {
		allowed = r.Header.Get("Origin")
	}
	if got.Get("Vary") != "Origin" {
		t.Errorf("%s: Vary is %q", r.Method, got.Get("Vary"))
	}
	if got.Get("Access-Control-Allow-Origin") != allowed || (got.Get("Access-Control-Allow-Credentials") == "true") != (allowed != "") {
		t.Errorf("%s: allowed is %q", r.Method, got.Get("Access-Control-Allow-Origin"))
	}
	switch {
	case want == "refused":
		if w.Code != http.StatusForbidden || got.Get("Reached") != "" || !strings.HasPrefix(w.Body.String(), "z4002,") {
			t.Errorf("%s was answered %d %q, want 403 and a z frame", r.Method, w.Code, w.Body)
		}
	case r.Method == "OPTIONS":
		if w.Code != http.StatusNoContent || got.Get("Reached") != "" || (got.Get("Access-Control-Allow-Methods") == "GET, POST") != (allowed != "") {
			t.Errorf("preflight was answered %d %v", w.Code, got)
		}
	case got.Get("Reached") != "a":
		t.Errorf("%s did not reach the endpoint: %d %q", r.Method, w.Code, w.Body)
	}
}

func TestHandlerIsRefusedAtConstruction(t *testing.T) {
	one := endpoints{"one", map[string]http.Handler{"a": reached("a")}}
	for name, c := range map[string]struct {
		transports []transports.Transport
		origins    []string
		want       string
	}{
		"none":       {nil, nil, "no transport"},
		"same name":  {[]transports.Transport{ws.Transport{}, ws.Transport{}}, nil, `named "ws"`},
		"same end":   {[]transports.Transport{one, endpoints{"two", map[string]http.Handler{"a": reached("b")}}}, nil, `endpoint "a"`},
		"limits":     {[]transports.Transport{sse.Transport{}, longpoll.Transport{Limits: transports.Limits{Frame: 1}}}, nil, `endpoint "up"`},
		"star":       {[]transports.Transport{one}, []string{"*"}, `"*"`},
		"star host":  {[]transports.Transport{one}, []string{"https://*.example"}, `"https://*.example"`},
		"host alone": {[]transports.Transport{one}, []string{"app.example"}, `"app.example"`},
		"path":       {[]transports.Transport{one}, []string{"https://app.example/"}, `"https://app.example/"`},
		"null":       {[]transports.Transport{one}, []string{"null"}, `"null"`},
		"empty":      {[]transports.Transport{one}, []string{""}, `""`},
	} {
		_, err := transports.Handler(&script{}, transports.Options{Origins: c.origins}, c.transports...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %s", name, err, c.want)
		}
	}
}

// A page that is left says goodbye by a request that outlives it, whatever its transport.
func TestHandlerAlwaysHasUp(t *testing.T) {
	h, err := transports.Handler(&script{post: func(_ *http.Request, f [][]byte) ([][]byte, error) { return f, nil }}, transports.Options{}, ws.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/rt/up", strings.NewReader("K\nB1")))
	if w.Code != http.StatusOK || w.Body.String() != "K\nB1\n" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}

func TestTransportsShareUp(t *testing.T) {
	h, err := transports.Handler(&script{post: func(_ *http.Request, f [][]byte) ([][]byte, error) { return f, nil }}, transports.Options{},
		ws.Transport{}, sse.Transport{}, longpoll.Transport{Limits: transports.Limits{Frames: 256}}) // the default, said
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/rt/up", strings.NewReader("K\nC1")))
	if w.Code != http.StatusOK || w.Body.String() != "K\nC1\n" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}
