package transports_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

func up(t *testing.T, l transports.Limits, method, body string, post func([][]byte) ([][]byte, error)) *httptest.ResponseRecorder {
	t.Helper()
	h := transports.Up(&script{post: func(_ *http.Request, f [][]byte) ([][]byte, error) {
		if post == nil {
			t.Errorf("%d frames reached the switchboard", len(f))
			return nil, nil
		}
		return post(f)
	}}, l)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/rt/up", strings.NewReader(body)))
	if n := w.Header().Get("Content-Length"); n != strconv.Itoa(w.Body.Len()) {
		t.Errorf("Content-Length is %s, the body has %d bytes", n, w.Body.Len())
	}
	if cache := w.Header().Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control is %q", cache)
	}
	return w
}

func TestUpHandsFramesOver(t *testing.T) {
	w := up(t, transports.Limits{}, "POST", "Kkey,,0\nC1,a.b|\"é\"\r\n\nW2,a.c\n", func(f [][]byte) ([][]byte, error) {
		if got := fmt.Sprintf("%q", f); got != `["Kkey,,0" "C1,a.b|\"é\"" "W2,a.c"]` {
			t.Errorf("the switchboard was given %s", got)
		}
		return [][]byte{[]byte("v2"), []byte("a1,7")}, nil
	})
	if w.Code != http.StatusOK || w.Body.String() != "v2\na1,7\n" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}

func TestUpStatus(t *testing.T) {
	n := uint64(3)
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{io.EOF, 200, "v2\n"},
		{&protocol.Close{Code: protocol.CodeGone, In: &n, Why: "away, too long"}, 200, "v2\nz4004,3,away  too long\n"},
		{&protocol.Close{Code: protocol.CodeDenied}, 403, "v2\nz4002,,\n"},
		{fmt.Errorf("x: %w", &protocol.Close{Code: protocol.CodeTooBig}), 413, "v2\nz4007,,\n"},
		{errors.New("the password is hunter2"), 503, "v2\nz4006,,\n"},
	} {
		w := up(t, transports.Limits{}, "POST", "K\nW2", func([][]byte) ([][]byte, error) { return [][]byte{[]byte("v2")}, c.err })
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v was answered %d %q, want %d %q", c.err, w.Code, w.Body, c.status, c.body)
		}
		if got := w.Header().Get("Retry-After"); (got != "") != (c.status == 503) {
			t.Errorf("%v was answered with Retry-After %q", c.err, got)
		}
	}
}

func TestUpLimits(t *testing.T) {
	l := transports.Limits{Frame: 10, Body: 50, Frames: 3}
	for _, c := range []struct {
		limits transports.Limits
		body   string
		status int
	}{
		{l, "K\nC1\nC2\nC3", 200},
		{l, "K\nC1\nC2\nC3\nC4", 413},
		{l, "K\n" + strings.Repeat("x", 10), 200},
		{l, "K\n" + strings.Repeat("x", 11), 413},
		{l, "K" + strings.Repeat("\n", 49), 200},
		{l, "K" + strings.Repeat("\n", 50), 413},
		{l, "", 400},
		{l, "\r\n\n", 400},
		{l, "K\nC\xff", 400},
		{transports.Limits{}, "K\n" + strings.Repeat("C1\n", 256), 200},
		{transports.Limits{}, "K\n" + strings.Repeat("C1\n", 257), 413},
		{transports.Limits{}, "K\n" + strings.Repeat("x", 65<<10), 200},
		{transports.Limits{}, "K\n" + strings.Repeat("x", 65<<10+1), 413},
		{transports.Limits{}, "K" + strings.Repeat("\n", 1<<20-1), 200},
		{transports.Limits{}, "K" + strings.Repeat("\n", 1<<20), 413},
	} {
		var post func([][]byte) ([][]byte, error)
		if c.status == 200 {
			post = func([][]byte) ([][]byte, error) { return nil, nil }
		}
		w := up(t, c.limits, "POST", c.body, post)
		if w.Code != c.status || (w.Body.Len() > 0) != (c.status != 200) {
			t.Errorf("%.20q of %d bytes was answered %d %q, want %d", c.body, len(c.body), w.Code, w.Body, c.status)
		}
	}
}

func TestUpIsPosted(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
		w := up(t, transports.Limits{}, method, "K\nC1", nil)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || !strings.HasPrefix(w.Body.String(), "z4001,") {
			t.Errorf("%s was answered %d %q", method, w.Code, w.Body)
		}
	}
}
