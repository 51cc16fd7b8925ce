package e2e

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// libraries serves a page that has the libraries below /guests/, before what else there is.
func libraries(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/guests/", http.StripPrefix("/guests/", http.FileServer(http.Dir("../examples/chat/page/lib"))))
	mux.HandleFunc("/guests/page", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/guests.html") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/guests/") {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// The libraries talk to three instances in all the ways that they have in a browser, from the server's own origin and from another one.
func TestGuestsInABrowser(t *testing.T) {
	t.Parallel()
	c := startEchoes(t, 3, redistest.Start(t), libraries, "-sockjs-url", "/guests/sockjs.js",
		"-max-payload", "2000000", "-ping-interval", "1s", "-ping-timeout", "30s", "-disconnect-delay", "30s")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for origin, url := range map[string]string{"the same origin": c.URL, "another origin": c.serve(ln, libraries(http.NotFoundHandler()))} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			p := visit(t, "page", url+"/guests/page")
			until(t, func() string {
				if there, err := evaluate[bool](p, `window.ready === true`); err != nil || !there {
					return fmt.Sprintf("the page is not ready: %v", err)
				}
				return ""
			})
			for _, way := range [][2]string{
				{"engineio", "polling"}, {"engineio", "websocket"}, {"engineio", "polling,websocket"},
				{"sockjs", "websocket"}, {"sockjs", "xhr-streaming"}, {"sockjs", "eventsource"}, {"sockjs", "xhr-polling"}, {"sockjs", "jsonp-polling"},
				{"sockjs", "iframe-eventsource"}, {"sockjs", "iframe-htmlfile"}, {"sockjs", "iframe-xhr-polling"},
			} {
				got, err := evaluate[struct {
					Transport string
					Right     []bool
				}](p, fmt.Sprintf(`%s(%q, %q)`, way[0], c.URL, way[1]))
				last := way[1][strings.LastIndexByte(way[1], ',')+1:]
				if err != nil || got.Transport != last || len(got.Right) == 0 || slices.Contains(got.Right, false) {
					t.Errorf("%s: %+v, %v", way, got, err)
				}
			}
		})
	}
}
