package transports_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sojourn-go/sojourn/transports"
)

// FuzzOrigin: a page is heard only if its origin is the text http:// or https:// and the request's own host, but for letter case and a
// default port.
func FuzzOrigin(f *testing.F) {
	for _, c := range [][2]string{
		{"http://a.example", "a.example"}, {"https://A.example:443", "a.example"}, {"http://a.example:80", "A.EXAMPLE"}, {"http://a.example:443", "a.example"},
		{"http://evil@a.example", "a.example"}, {"http://a.example#", "a.example"}, {"http://a.example?", "a.example"}, {"null", "null"}, {"http://[::1]:8080", "[::1]:8080"},
		{"http://a.example/", "a.example"}, {"http:a.example", "a.example"}, {"http://%61.example", "a.example"}, {"http://\u212Ait", "kit"}, {"http://", ""}, {"//a.example", "a.example"},
	} {
		f.Add(c[0], c[1])
	}
	h, err := transports.Handler(&script{}, transports.Options{}, endpoints{"kit", map[string]http.Handler{"a": reached("a")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, origin, host string) {
		r := httptest.NewRequest(http.MethodPost, "/rt/a", nil)
		r.Host = host
		r.Header["Origin"] = []string{origin}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if heard := w.Header().Get("Reached") == "a"; heard && !plainlyOwn(origin, host) {
			t.Errorf("the origin %q is heard by %q", origin, host)
		}
		checkLines(t, w.Body.Bytes())
	})
}

func plainlyOwn(origin, host string) bool {
	origin, host = lower(origin), lower(host)
	for scheme, port := range map[string]string{"http://": ":80", "https://": ":443"} {
		for _, o := range []string{origin, origin + port} {
			for _, h := range []string{host, host + port} {
				if o == scheme+h {
					return true
				}
			}
		}
	}
	return false
}

// lower turns the capitals of ASCII, and no others, into small letters.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
