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
	"testing/synctest"
	"time"

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
		{&protocol.Close{Code: protocol.CodeCrowded}, 429, "v2\nz4015,,\n"},
		{errors.New("the password is hunter2"), 503, "v2\nz4006,,\n"},
	} {
		w := up(t, transports.Limits{}, "POST", "K\nW2", func([][]byte) ([][]byte, error) { return [][]byte{[]byte("v2")}, c.err })
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v was answered %d %q, want %d %q", c.err, w.Code, w.Body, c.status, c.body)
		}
		if got := w.Header().Get("Retry-After"); (got != "") != (c.status == 503 || c.status == 429) {
			t.Errorf("%v was answered with Retry-After %q", c.err, got)
		}
	}
}

// Each limit lets through what it says, and no more; a negative one lets through what the default would not.
func TestUpLimits(t *testing.T) {
	l := transports.Limits{Frame: 10, Body: 40, Frames: 3}
	none := transports.Limits{Frame: -1, Body: -1, Frames: -1, Wait: -1, Write: -1, Rate: -1, Burst: -1}
	line := strings.Repeat("x", 60<<10-1) + "\n"
	large := "K\n" + strings.Repeat(line, 17) // with 1 KiB more it is 1 MiB, with 4 KiB more too much
	for name, c := range map[string]struct {
		limits transports.Limits
		body   string
		status int
	}{
		"frames":               {l, "K\nC1\nC2\nC3", 200},
		"a frame too many":     {l, "K\nC1\nC2\nC3\nC4", 413},
		"an empty line counts": {l, "K\nC1\n\nC2\nC3", 413},
		"not its last break":   {l, "K\nC1\nC2\r\nC3\r\n", 200},
		"frame":                {l, "K\n" + strings.Repeat("x", 10), 200},
		"frame, a byte more":   {l, "K\n" + strings.Repeat("x", 11), 413},
		"body":                 {l, "Kkkkkk" + strings.Repeat("\nCxxxxxxxx9", 3) + "\n", 200},
		"body, a byte more":    {l, "Kkkkkkk" + strings.Repeat("\nCxxxxxxxx9", 3) + "\n", 413},
		"nothing":              {l, "", 400},
		"no frame":             {l, "\r\n\n", 400},
		"not UTF-8":            {l, "K\nC\xff", 400},

		"256 frames":                {transports.Limits{}, "K\n" + strings.Repeat("C1\n", 256), 200},
		"257 frames":                {transports.Limits{}, "K\n" + strings.Repeat("C1\n", 257), 413},
		"a frame of 65 KiB":         {transports.Limits{}, "K\n" + strings.Repeat("x", 65<<10), 200},
		"a frame of a byte more":    {transports.Limits{}, "K\n" + strings.Repeat("x", 65<<10+1), 413},
		"a body of 1 MiB":           {transports.Limits{}, large + strings.Repeat("x", 1<<20-len(large)), 200},
		"a body of a byte more":     {transports.Limits{}, large + strings.Repeat("x", 1<<20-len(large)+1), 413},
		"a body of half a million":  {transports.Limits{}, strings.Repeat("p\n", 1<<19), 413},
		"a body of a million":       {transports.Limits{}, strings.Repeat("\n", 1<<20), 413},
		"257 frames, no limit":      {none, "K\n" + strings.Repeat("C1\n", 257), 200},
		"a frame of more, no limit": {none, "K\n" + strings.Repeat("x", 65<<10+1), 200},
		"a body of more, no limit":  {none, large + strings.Repeat("x", 1<<20-len(large)+1), 200},
	} {
		var post func([][]byte) ([][]byte, error)
		if c.status == 200 {
			post = func([][]byte) ([][]byte, error) { return nil, nil }
		}
		synctest.Test(t, func(t *testing.T) { // in which answers are not waited for
			w := up(t, c.limits, "POST", c.body, post)
			if w.Code != c.status || (w.Body.Len() > 0) != (c.status != 200) {
				t.Errorf("%s: answered %d %q, want %d", name, w.Code, w.Body, c.status)
			}
		})
	}
}

// The answer comes when the last message would have come at the rate, or later.
func TestUpPacesByItsAnswers(t *testing.T) {
	for _, c := range []struct {
		limits        transports.Limits
		messages      int
		takes, answer time.Duration
	}{
		{transports.Limits{}, 1, 0, 0},
		{transports.Limits{}, 256, 0, 255 * time.Millisecond},
		{transports.Limits{}, 256, 254 * time.Millisecond, 255 * time.Millisecond},
		{transports.Limits{}, 256, time.Second, time.Second},
		{transports.Limits{Rate: 4}, 5, 0, time.Second},
		{transports.Limits{Rate: 4}, 41, 0, 10 * time.Second},
		{transports.Limits{Rate: 4}, 42, 0, 10 * time.Second},
		{transports.Limits{Rate: -1}, 256, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			w := up(t, c.limits, "POST", "K\n"+strings.Repeat("C1\n", c.messages), func([][]byte) ([][]byte, error) {
				<-time.After(c.takes)
				return nil, nil
			})
			if d := time.Since(start); w.Code != 200 || d != c.answer {
				t.Errorf("%d messages at %d a second were answered %d after %v, want %v", c.messages, c.limits.Rate, w.Code, d, c.answer)
			}
		})
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
