package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/r3labs/sse/v2"
)

// Half a frame may parse as a frame: what comes before a stream's sudden end is not taken for an event.
func TestHalfAnEventIsDropped(t *testing.T) {
	var streams atomic.Int32
	answered := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sse", func(w http.ResponseWriter, r *http.Request) {
		n := streams.Add(1)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, ":\n\ndata: h"+plainHello+"\n\n")
		http.NewResponseController(w).Flush()
		if n == 1 {
			<-answered
			io.WriteString(w, "data: r1.aaaaa,1|1")
			return
		}
		io.WriteString(w, "data: r1.aaaaa,1|12\r\n\r\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("POST /up", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a1,1\n")
		if streams.Load() == 1 {
			close(answered)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c := dial(t, server.URL, Options{Transports: []string{"sse"}})
	defer c.Abandon()
	var out int
	if err := c.Call(testContext(t), "a.b", nil, &out); err != nil || out != 12 {
		t.Errorf("answer %d, %v, want 12", out, err)
	}
}

func TestCutMarker(t *testing.T) {
	for _, test := range []struct {
		stream string
		events int // complete ones
	}{
		{"", 0},
		{"data: 1\n\n", 1},
		{"data: 1\n\ndata: 2\n\n", 2},
		{"data: 1\n\ndata: 2\n", 1},
		{"data: 1\n\ndata: 2", 1},
		{"data: " + strings.Repeat("x", 1<<20) + "\n\ndata", 1},
	} {
		for name, r := range map[string]io.Reader{
			"whole":      strings.NewReader(test.stream),
			"with error": io.MultiReader(strings.NewReader(test.stream), iotest.ErrReader(errBroken)),
			"bytewise":   iotest.OneByteReader(strings.NewReader(test.stream)),
			"error with": iotest.DataErrReader(strings.NewReader(test.stream)),
		} {
			if name == "bytewise" && len(test.stream) > 1000 {
				continue
			}
			events := sse.NewEventStreamReader(&cutMarker{r: r}, maxLine)
			n := 0
			for {
				event, err := events.ReadEvent()
				if err != nil {
					t.Errorf("%.20q %s: %v before the mark", test.stream, name, err)
					break
				}
				if strings.IndexByte(string(event), cutMark) >= 0 {
					break
				}
				n++
			}
			if n != test.events {
				t.Errorf("%.20q %s: %d events, want %d", test.stream, name, n, test.events)
			}
			if _, err := events.ReadEvent(); err == nil {
				t.Errorf("%.20q %s: something after the mark", test.stream, name)
			}
		}
	}
}

func TestEventData(t *testing.T) {
	for event, want := range map[string]string{
		"data: a1,0":               "a1,0\n",
		"data:a1,0":                "a1,0\n",
		"data:  a":                 " a\n",
		"id: 7\ndata: a\nevent: x": "a\n",
		"data: a\r\ndata: b":       "a\nb\n",
		":":                        "",
		": data: a":                "",
	} {
		if got := string(eventData([]byte(event))); got != want {
			t.Errorf("data of %q is %q, want %q", event, got, want)
		}
	}
}

// A page that a network puts before everything is not an instance.
func TestForeignResponses(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a page":            func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>\n<p>sign in") },
		"an empty response": func(http.ResponseWriter, *http.Request) {},
		"no such path":      http.NotFound,
		"not found by a sibling": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			fmt.Fprint(w, "z4001,,no such endpoint\n")
		},
		"a proxy's error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) },
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serveLocal(t, echo)
			var seen atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/lp" || r.URL.Path == "/up" {
					http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
					return
				}
				seen.Add(1)
				handler(w, r)
			}))
			defer server.Close()
			c := dial(t, server.URL, Options{})
			defer c.Abandon()
			if err := c.Call(testContext(t), "test.echo", 1, nil); err != nil || c.Transport() != "longpoll" {
				t.Errorf("a call by %q: %v", c.Transport(), err)
			}
			if seen.Load() != 2 {
				t.Errorf("%d attempts before, want ws and sse once", seen.Load())
			}
		})
	}
}

func TestRefused(t *testing.T) {
	var e *retryError
	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"7"}}}
	if err := refusedHTTP(resp, []byte("z4006,,\n")); !errors.As(err, &e) || e.after.Seconds() != 7 {
		t.Errorf("503 with Retry-After: %v", err)
	}
}
